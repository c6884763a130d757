"""Actions' settings of a repository as stored, with GitHub's defaults."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.store import Document, Transaction

SETTINGS = "github/actions_settings"
_DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("enabled", True),
    ("allowed_actions", "all"),
    ("sha_pinning_required", False),
    ("github_owned_allowed", True),
    ("verified_allowed", False),
    ("patterns_allowed", []),
    ("default_workflow_permissions", "read"),
    ("can_approve_pull_request_reviews", False),
)


def read(tx: Transaction, repository: Document) -> Document:
    """Return all settings."""
    kept = tx.get(SETTINGS, f"{repository['id']}/settings") or {}
    return {**dict(_DEFAULTS), **kept}


def change(tx: Transaction, repository: Document, values: Document) -> None:
    """Change some settings."""
    tx.put(SETTINGS, f"{repository['id']}/settings", {**read(tx, repository), **values})


def actions_enabled(tx: Transaction, repository: Document) -> bool:
    """Tell whether workflows of a repository run at all."""
    return bool(read(tx, repository)["enabled"])

"""The ``sub`` claim: default forms, the immutable form, and templates of a repository or organisation.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from provisioner.sandbox.github.identifiers import moment_of
from provisioner.sandbox.store import Document, Transaction

SETTINGS = "github/oidc_subjects"
IMMUTABLE_SINCE = datetime(2026, 7, 15, tzinfo=UTC)


def repository_key(repository: Document) -> str:
    """Return the store key of a repository's customisation."""
    return f"repository/{repository['id']}"


def organization_key(org_id: int) -> str:
    """Return the store key of an organisation's customisation."""
    return f"organization/{org_id}"


def is_immutable(tx: Transaction, repository: Document) -> bool:
    """Tell whether subjects carry numbers: as the repository says, else the organisation, else by its age."""
    for key in (repository_key(repository), organization_key(repository["owner_id"])):
        chosen = (tx.get(SETTINGS, key) or {}).get("use_immutable_subject")
        if chosen is not None:
            return bool(chosen)
    return moment_of(repository["created_at"]) >= IMMUTABLE_SINCE


def prefix(tx: Transaction, repository: Document, owner: str) -> str:
    """Return what subjects of a repository start with: ``repo:…``, without what follows."""
    if is_immutable(tx, repository):
        return f"repo:{owner}@{repository['owner_id']}/{repository['name']}@{repository['id']}"
    return f"repo:{owner}/{repository['name']}"


def subject(tx: Transaction, repository: Document, owner: str, claims: Mapping[str, str]) -> str:
    """Return the subject for a job's other claims."""
    start, context = prefix(tx, repository, owner), context_of(claims)
    keys = template(tx, repository)
    if keys is None:
        return f"{start}:{context}"
    special = {"repo": start, "context": context}
    return ":".join(special.get(key) or f"{key}:{escaped(claims.get(key, ''))}" for key in keys)


def template(tx: Transaction, repository: Document) -> list[str] | None:
    """Return the claim keys that make up the subject, None for the default form.

    A repository uses its organisation's template only if it opted out of the default without keys of its own.
    """
    own = tx.get(SETTINGS, repository_key(repository))
    if own is None or own.get("use_default", True):
        return None
    keys = own.get("include_claim_keys")
    if not keys:
        keys = (tx.get(SETTINGS, organization_key(repository["owner_id"])) or {}).get("include_claim_keys")
    return list(keys) if keys else None


def context_of(claims: Mapping[str, str]) -> str:
    """Return the last part of the default form: environment, pull request, or ref, in that order."""
    if "environment" in claims:
        return f"environment:{escaped(claims['environment'])}"
    return "pull_request" if claims["event_name"] == "pull_request" else f"ref:{claims['ref']}"


def escaped(value: str) -> str:
    """Hide the colons of a value, which would otherwise read as the next part."""
    return value.replace(":", "%3A")

"""The repository itself: how it presents itself, where work begins, how we know it for ours."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.repository import names
from provisioner.repository.setting import Setting, Target

_KEPT_TIDY = {"delete_branch_on_merge": True}


def basic_settings(target: Target, found: dict[str, Any]) -> list[Setting]:
    """Compare visibility, description and topics; a text or topic that only the team has stays."""
    request = target.team.request
    description = request.repository.description or request.description
    expected: dict[str, Any] = {"visibility": request.repository.visibility, **_KEPT_TIDY}
    if description:
        expected["description"] = " ".join(description.split())
    topics = found.get("topics") or []
    missing = [topic for topic in wanted_topics(target) if topic not in topics]
    return [
        Setting("repository", expected, found, partial(target.api.write, "PATCH", target.path, expected)),
        Setting(
            "topics",
            sorted({*topics, *missing}),
            sorted(topics),
            partial(target.api.write, "PUT", f"{target.path}/topics", {"names": sorted({*topics, *missing})}),
        ),
    ]


def default_branch_settings(target: Target, found: dict[str, Any]) -> list[Setting]:
    """Compare the default branch; it can only be set once it exists."""
    branch = names.default_branch(target.team)
    write = partial(target.api.write, "PATCH", target.path, {"default_branch": branch})
    return [Setting("default branch", branch, found["default_branch"], write)]


def wanted_topics(target: Target) -> list[str]:
    """Return the topics of the request and the one that marks our repositories."""
    return sorted({names.MARKER_TOPIC, *target.team.request.repository.topics})


def creation(target: Target) -> dict[str, Any]:
    """Return the body that creates the repository, empty."""
    request = target.team.request
    visibility = request.repository.visibility
    return {
        "name": target.team.repository_name,
        "description": " ".join((request.repository.description or request.description or "").split()),
        "visibility": visibility,
        "private": visibility != "public",
        "auto_init": False,
        "has_wiki": False,
        "has_projects": False,
        **_KEPT_TIDY,
    }

"""Whose a repository is: what its marker says, or the template's answers that a team has merged."""

from __future__ import annotations

import base64
import re

from provisioner.errors import ProvisionError
from provisioner.repository import names
from provisioner.repository.setting import Target
from provisioner.repository.template import ANSWERS_FILE

_TEAM = re.compile(r"^  team: '?([a-z][a-z0-9-]*)'?$", re.MULTILINE)


def marker(target: Target) -> str | None:
    """Return the team that the repository was made for, None when it was not made by us."""
    variable = target.api.find(f"{target.path}/actions/variables/{names.MARKER_VARIABLE}")
    return str(variable["value"]) if variable else None


def claimed_by(target: Target) -> str | None:
    """Return the team of the marker, else of the answers on the default branch: merging those is an agreement."""
    return marker(target) or answers_team(target)


def answers_team(target: Target) -> str | None:
    """Return the team that the answers on the default branch name; None without answers."""
    found = target.api.find(f"{target.path}/contents/{ANSWERS_FILE}")
    if not isinstance(found, dict) or found.get("encoding") != "base64":
        return None
    text = base64.b64decode(found["content"]).decode(errors="replace")
    named = _TEAM.search(text)
    return named[1] if named else None


def require_ours_or_free(target: Target, owner_team: str | None) -> None:
    """Refuse a repository of another team."""
    if owner_team is not None and owner_team != target.team.slug:
        raise ProvisionError(
            f"the repository {target.team.repository_full_name} belongs to the team '{owner_team}'",
            where="repository.name",
            fix="choose another repository.name; two teams never share one",
        )

"""Who may do what in the repository: teams of the organisation and single people.

Only what the request names is compared: access that others gave in other ways is theirs.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.repository.api import gather, part
from provisioner.repository.setting import Setting, Target

_ROLE_OF = {"pull": "read", "push": "write"}  # the same permission has two names in the API


def access_settings(target: Target) -> list[Setting]:
    """Compare team and collaborator access. A pending invitation with the right permission counts."""
    asked = target.team.request.repository
    if not asked.teams and not asked.collaborators:
        return []
    teams, people, invited = gather(
        [
            lambda: target.api.pages(f"{target.path}/teams") if asked.teams else [],
            lambda: _people(target) if asked.collaborators else {},
            lambda: _invited(target) if asked.collaborators else {},
        ]
    )
    roles = {row["slug"]: _role(row["permission"]) for row in teams}
    have = {**dict(invited), **dict(people)}
    return [
        *(
            Setting(
                f"access of team {wanted.slug}",
                _role(wanted.permission),
                roles.get(wanted.slug),
                partial(_give_team, target, wanted.slug, wanted.permission),
            )
            for wanted in asked.teams
        ),
        *(
            Setting(
                f"access of {someone.user}",
                _role(someone.permission),
                have.get(someone.user.lower()),
                partial(_give_person, target, someone.user, someone.permission),
            )
            for someone in asked.collaborators
        ),
    ]


def _people(target: Target) -> dict[str, Any]:
    rows = target.api.pages(f"{target.path}/collaborators?affiliation=direct")
    return {row["login"].lower(): row["role_name"] for row in rows}


def _invited(target: Target) -> dict[str, Any]:
    rows = target.api.pages(f"{target.path}/invitations")
    return {row["invitee"]["login"].lower(): _role(row["permissions"]) for row in rows if row.get("invitee")}


def _give_team(target: Target, slug: str, permission: str) -> None:
    path = f"/orgs/{part(target.owner)}/teams/{part(slug)}{target.path}"
    target.api.write("PUT", path, {"permission": permission})


def _give_person(target: Target, user: str, permission: str) -> None:
    target.api.write("PUT", f"{target.path}/collaborators/{part(user)}", {"permission": permission})


def _role(permission: str) -> str:
    return _ROLE_OF.get(permission, permission)

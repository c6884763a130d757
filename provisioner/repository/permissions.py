"""Who may do what in the repository: teams of the organisation and single people.

Only what the request names is compared: access that others gave in other ways is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from provisioner.repository.api import gather, part
from provisioner.repository.reviewers import github_reviewers
from provisioner.repository.setting import Setting, Target

_READ = "pull"
_ROLE_OF = {"pull": "read", "push": "write"}  # the same permission has two names in the API
_RANKS = ("read", "triage", "write", "maintain", "admin")


def access_settings(target: Target) -> list[Setting]:
    """Compare team and collaborator access. A pending invitation with the right permission counts.

    Of a person GitHub tells the role that counts in the end, so one who has more through a team has enough.

    Reviewers get to read the repository where the request gives them nothing: GitHub takes nobody as a reviewer who
    cannot. Whatever access they have already is enough.
    """
    teams, people = _wanted(target)
    if not teams and not people:
        return []
    found_teams, found_people, invited = gather(
        [
            lambda: target.api.pages(f"{target.path}/teams") if teams else [],
            lambda: _people(target) if people else {},
            lambda: _invited(target) if people else {},
        ]
    )
    roles = {row["slug"]: _role(row["permission"]) for row in found_teams}
    have = {**dict(invited), **dict(found_people)}
    return [
        *(
            _setting(f"access of team {slug}", asked, roles.get(slug), partial(_give_team, target, slug))
            for slug, asked in teams.items()
        ),
        *(
            _person_setting(user, asked, have.get(user.lower()), partial(_give_person, target, user))
            for user, asked in people.items()
        ),
    ]


def named_teams(target: Target) -> set[str]:
    """Return the teams that the request gives access to."""
    return set(_wanted(target)[0])


def named_people(target: Target) -> set[str]:
    """Return the people that the request gives access to, in lower case."""
    return {user.lower() for user in _wanted(target)[1]}


def _wanted(target: Target) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the permission asked for by team and by person; None for a reviewer who only has to be able to read."""
    asked = target.team.request.repository
    reviewers = [each for spec in target.team.environments for each in github_reviewers(target.team, spec)]
    teams: dict[str, str | None] = dict.fromkeys(each.team for each in reviewers if each.team)
    people: dict[str, str | None] = dict.fromkeys(each.user for each in reviewers if each.user)
    teams.update({part.slug: part.permission for part in asked.teams})
    people.update({part.user: part.permission for part in asked.collaborators})
    return teams, people


def _setting(where: str, asked: str | None, found: str | None, give: Callable[[str], None]) -> Setting:
    enough = found if asked is None and found is not None else _role(asked or _READ)
    return Setting(where, enough, found, partial(give, asked or _READ))


def _person_setting(user: str, asked: str | None, found: str | None, give: Callable[[str], None]) -> Setting:
    setting = _setting(f"access of {user}", asked, found, give)
    return replace(setting, expected=found) if _rank(found) >= _rank(setting.expected) else setting


def _rank(role: str | None) -> int:
    return _RANKS.index(role) if role in _RANKS else -1


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

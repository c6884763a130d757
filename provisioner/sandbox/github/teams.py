"""Teams of an organisation as stored: members, and access to repositories."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.github.access import PERMISSION_OF_ROLE, TEAM_ACCESS, TEAM_MEMBERS
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.errors import invalid, not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.repository_views import permissions_of
from provisioner.sandbox.github.urls import Urls
from provisioner.sandbox.store import Document, Transaction

_TEAMS = "github/teams"


def slug_of(name: str) -> str:
    """Return the slug GitHub derives from a team's name."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")


def create(tx: Transaction, org: Document, name: str, stamp: str, **more: object) -> Document:
    """Make a team. Raises GithubError (422) when there is one of that name."""
    slug = slug_of(name)
    if find(tx, org["id"], slug):
        raise invalid("Team", "name", "custom", "Name must be unique for this org")
    team = {
        "id": next_id(tx, "team"),
        "org_id": org["id"],
        "name": name,
        "slug": slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "created_at": stamp,
        "updated_at": stamp,
        **more,
    }
    put(tx, team)
    return team


def put(tx: Transaction, team: Document) -> None:
    """Write a team back."""
    tx.put(_TEAMS, f"{team['org_id']}/{team['slug']}", team)


def find(tx: Transaction, org_id: int, slug: str) -> Document | None:
    """Look a team up by its slug."""
    return tx.get(_TEAMS, f"{org_id}/{slug.lower()}")


def get(tx: Transaction, org_id: int, slug: str) -> Document:
    """Return a team by slug. Raises GithubError (404)."""
    team = find(tx, org_id, slug)
    if team is None:
        raise not_found()
    return team


def of_organization(tx: Transaction, org_id: int) -> list[Document]:
    """Return the teams of an organisation by slug."""
    return [team for _, team in tx.scan(_TEAMS, f"{org_id}/")]


def by_number(tx: Transaction, org_id: int, number: int) -> Document:
    """Return a team of an organisation by its number. Raises GithubError (404)."""
    for team in of_organization(tx, org_id):
        if team["id"] == number:
            return team
    raise not_found()


def delete(tx: Transaction, team: Document) -> None:
    """Remove a team, its members' membership and its access."""
    for key, _ in list(tx.scan(TEAM_MEMBERS, f"{team['id']}/")):
        tx.delete(TEAM_MEMBERS, key)
    for repo_id, _ in accesses(tx, team):
        revoke(tx, team, repo_id)
    tx.delete(_TEAMS, f"{team['org_id']}/{team['slug']}")


def add_member(tx: Transaction, team: Document, user_id: int, role: str = "member") -> None:
    """Put somebody into a team, as ``member`` or ``maintainer``."""
    tx.put(TEAM_MEMBERS, f"{team['id']}/{user_id}", {"role": role})


def remove_member(tx: Transaction, team: Document, user_id: int) -> bool:
    """Take somebody out of a team; tell whether they were in it."""
    return tx.delete(TEAM_MEMBERS, f"{team['id']}/{user_id}")


def member_role(tx: Transaction, team: Document, user_id: int) -> str:
    """Return somebody's role in a team, or nothing."""
    entry = tx.get(TEAM_MEMBERS, f"{team['id']}/{user_id}")
    return str(entry["role"]) if entry else ""


def members(tx: Transaction, team: Document) -> list[Document]:
    """Return the people in a team."""
    rows = list(tx.scan(TEAM_MEMBERS, f"{team['id']}/"))
    return [account_by_id(tx, int(key.partition("/")[2])) for key, _ in rows]


def grant(tx: Transaction, team: Document, repo_id: int, role: str) -> None:
    """Give a team a role in a repository."""
    tx.put(TEAM_ACCESS, f"{repo_id}/{team['id']}", {"role": role, "org_id": team["org_id"]})


def revoke(tx: Transaction, team: Document, repo_id: int) -> bool:
    """Take a team's access to a repository away; tell whether it had any."""
    return tx.delete(TEAM_ACCESS, f"{repo_id}/{team['id']}")


def role_in(tx: Transaction, team: Document, repo_id: int) -> str:
    """Return a team's role in a repository, or nothing."""
    entry = tx.get(TEAM_ACCESS, f"{repo_id}/{team['id']}")
    return str(entry["role"]) if entry else ""


def accesses(tx: Transaction, team: Document) -> list[tuple[int, str]]:
    """Return (repository number, role) for all a team reaches."""
    rows = [(key.partition("/"), entry["role"]) for key, entry in tx.scan(TEAM_ACCESS)]
    return [(int(key[0]), role) for key, role in rows if int(key[2]) == team["id"]]


def with_access(tx: Transaction, org_id: int, repo_id: int) -> list[tuple[Document, str]]:
    """Return the teams that reach a repository, with their role."""
    rows = [(team, role_in(tx, team, repo_id)) for team in of_organization(tx, org_id)]
    return [(team, role) for team, role in rows if role]


def show(tx: Transaction, urls: Urls, team: Document, role: str = "") -> dict[str, Any]:
    """Show a team the short way; with a role, as a team of a repository."""
    org = account_by_id(tx, team["org_id"])
    own = urls.api("organizations", org["id"], "team", team["id"])
    names = ("id", "name", "slug", "description", "privacy", "notification_setting")
    granted = {"permissions": permissions_of(role)} if role else {}
    return {
        **{name: team[name] for name in names},
        "node_id": node_id("T", team["id"]),
        "permission": PERMISSION_OF_ROLE.get(role, "pull"),
        **granted,
        "url": own,
        "html_url": urls.web("orgs", org["login"], "teams", team["slug"]),
        "members_url": f"{own}/members{{/member}}",
        "repositories_url": f"{own}/repos",
        "type": "organization",
        "organization_id": org["id"],
        "parent": None,
    }

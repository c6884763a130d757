"""Teams over REST: the teams themselves, their members, their access to repositories."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import repositories, teams
from provisioner.sandbox.github.access import ROLE_OF_PERMISSION, caller_role
from provisioner.sandbox.github.account_routes import get_organization
from provisioner.sandbox.github.accounts import membership, simple, user
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import NotImplementedHere, invalid, not_found, unprocessable
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import org_read, org_write, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXTS, text
from provisioner.sandbox.store import Document

_MEMBER = {
    "description": text(nullable=True),
    "privacy": text(enum=("secret", "closed")),
    "notification_setting": text(enum=("notifications_enabled", "notifications_disabled")),
    "permission": text(enum=("pull", "push")),
}
_CREATE = {**_MEMBER, "name": text(required=True), "maintainers": TEXTS, "repo_names": TEXTS}
_CHANGE = {**_MEMBER, "name": text()}


def _team(call: Call) -> Document:
    return teams.get(call.tx, call.organization["id"], call.parameters["team_slug"])


def list_teams(call: Call) -> Listing:
    """List the teams of an organisation."""
    rows = teams.of_organization(call.tx, call.organization["id"])
    return Listing(rows, partial(teams.show, call.tx, call.urls))


def get_team(call: Call) -> Answer:
    """Show a team."""
    return Answer(_full(call, _team(call)))


def _full(call: Call, team: Document) -> dict[str, Any]:
    return {
        **teams.show(call.tx, call.urls, team),
        "members_count": len(teams.members(call.tx, team)),
        "repos_count": len(teams.accesses(call.tx, team)),
        "created_at": team["created_at"],
        "updated_at": team["updated_at"],
        "organization": get_organization(call).document,
    }


def create_team(call: Call) -> Answer:
    """Make a team; ``maintainers`` are put into it."""
    wanted = call.body(_CREATE)
    if wanted.pop("repo_names", None):
        raise NotImplementedHere("repo_names when a team is created")
    logins = wanted.pop("maintainers", [])
    wanted.pop("permission", None)
    team = teams.create(call.tx, call.organization, wanted.pop("name"), call.stamp, **wanted)
    for login in logins:
        teams.add_member(call.tx, team, user(call.tx, login)["id"], "maintainer")
    return Answer(_full(call, team), 201)


def change_team(call: Call) -> Answer:
    """Change a team's description, privacy or notifications."""
    wanted, team = call.body(_CHANGE), _team(call)
    if teams.slug_of(str(wanted.get("name", team["name"]))) != team["slug"]:
        raise NotImplementedHere("renaming a team")
    wanted.pop("permission", None)
    team |= {**wanted, "updated_at": call.stamp}
    teams.put(call.tx, team)
    return Answer(_full(call, team))


def delete_team(call: Call) -> Answer:
    """Remove a team."""
    teams.delete(call.tx, _team(call))
    return NO_CONTENT


def list_team_members(call: Call) -> Listing:
    """List the people in a team."""
    return Listing(teams.members(call.tx, _team(call)), partial(simple, call.urls))


def get_team_membership(call: Call) -> Answer:
    """Show somebody's place in a team."""
    team, account = _team(call), user(call.tx, call.parameters["username"])
    role = teams.member_role(call.tx, team, account["id"])
    if not role:
        raise not_found()
    return Answer(_membership(call, team, account, role))


def _membership(call: Call, team: Document, account: Document, role: str) -> dict[str, str]:
    place = call.urls.api("organizations", team["org_id"], "team", team["id"], "memberships", account["login"])
    return {"url": place, "role": role, "state": "active"}


def put_team_membership(call: Call) -> Answer:
    """Put a member of the organisation into a team."""
    role = call.body({"role": text(enum=("member", "maintainer"))}).get("role", "member")
    team, account = _team(call), user(call.tx, call.parameters["username"])
    if not membership(call.tx, call.organization["id"], account["id"]):
        raise NotImplementedHere("invitations into an organization")
    teams.add_member(call.tx, team, account["id"], role)
    return Answer(_membership(call, team, account, role))


def delete_team_membership(call: Call) -> Answer:
    """Take somebody out of a team."""
    if not teams.remove_member(call.tx, _team(call), user(call.tx, call.parameters["username"])["id"]):
        raise not_found()
    return NO_CONTENT


def list_team_repositories(call: Call) -> Listing:
    """List the repositories a team reaches and the caller sees."""
    rows = [(repositories.by_id(call.tx, number), role) for number, role in teams.accesses(call.tx, _team(call))]
    seen = [(repo, role) for repo, role in rows if repo and caller_role(call.tx, call.caller, repo)]
    return Listing(seen, partial(_team_repository, call))


def _team_repository(call: Call, pair: tuple[Document, str]) -> dict[str, Any]:
    return {**show(call, pair[0], pair[1]), "role_name": pair[1]}


def get_team_repository(call: Call) -> Answer:
    """Tell whether a team reaches a repository: 204, or the repository for the v3.repository media type."""
    role = teams.role_in(call.tx, _team(call), call.repository["id"])
    if not role:
        raise not_found()
    if "repository+json" in call.request.headers.get("accept", ""):
        return Answer(_team_repository(call, (call.repository, role)))
    return NO_CONTENT


def put_team_repository(call: Call) -> Answer:
    """Give a team a role in a repository of its organisation."""
    asked = call.body({"permission": text()}).get("permission", "push")
    if asked not in ROLE_OF_PERMISSION:
        raise invalid("TeamMember", "permission", "invalid")
    if call.repository["owner_id"] != call.organization["id"]:
        raise unprocessable("Validation Failed")
    teams.grant(call.tx, _team(call), call.repository["id"], ROLE_OF_PERMISSION[asked])
    return NO_CONTENT


def delete_team_repository(call: Call) -> Answer:
    """Take a team's access to a repository away."""
    teams.revoke(call.tx, _team(call), call.repository["id"])
    return NO_CONTENT


def list_repository_teams(call: Call) -> Listing:
    """List the teams that reach a repository."""
    rows = teams.with_access(call.tx, call.repository["owner_id"], call.repository["id"])
    return Listing(rows, lambda pair: teams.show(call.tx, call.urls, *pair))


_TEAMS = "/orgs/{org}/teams"
_TEAM = f"{_TEAMS}/{{team_slug}}"
_MEMBERSHIP = f"{_TEAM}/memberships/{{username}}"
_TEAM_REPO = f"{_TEAM}/repos/{{owner}}/{{repo}}"
_ADMIN = repo_write("administration", "admin")
ROUTES = (
    route("GET", _TEAMS, org_read(), list_teams, "teams/teams#list-teams"),
    route("POST", _TEAMS, org_write("members"), create_team, "teams/teams#create-a-team"),
    route("GET", _TEAM, org_read(), get_team, "teams/teams#get-a-team-by-name"),
    route("PATCH", _TEAM, org_write("members"), change_team, "teams/teams#update-a-team"),
    route("DELETE", _TEAM, org_write("members"), delete_team, "teams/teams#delete-a-team"),
    route("GET", f"{_TEAM}/members", org_read(), list_team_members, "teams/members#list-team-members"),
    route("GET", _MEMBERSHIP, org_read(), get_team_membership, "teams/members"),
    route("PUT", _MEMBERSHIP, org_write("members"), put_team_membership, "teams/members"),
    route("DELETE", _MEMBERSHIP, org_write("members"), delete_team_membership, "teams/members"),
    route("GET", f"{_TEAM}/repos", org_read(), list_team_repositories, "teams/teams#list-team-repositories"),
    route("GET", _TEAM_REPO, repo_read(), get_team_repository, "teams/teams"),
    route("PUT", _TEAM_REPO, _ADMIN, put_team_repository, "teams/teams"),
    route("DELETE", _TEAM_REPO, _ADMIN, delete_team_repository, "teams/teams"),
    route(
        *("GET", "/repos/{owner}/{repo}/teams", repo_read("administration", "admin"), list_repository_teams),
        docs="repos/repos#list-repository-teams",
    ),
)

from __future__ import annotations

import github
import pytest

from provisioner.errors import InvalidInput
from provisioner.sandbox.github import accounts, callers, lay_foundations, seed_github
from provisioner.sandbox.github.table import ROUTES
from tests.sandbox.github.description import Description
from tests.sandbox.github.hub import Hub


def _person(hub: Hub, login: str) -> str:
    def make(tx: object) -> str:
        account = accounts.find_account(tx, login) or accounts.create_account(tx, login, "User", "2026-01-01T00:00:00Z")  # type: ignore[arg-type]
        return callers.issue_classic_token(tx, account["id"], ("repo", "read:org"))  # type: ignore[arg-type]

    return str(hub.write(make))


def test_pygithub_reads_the_organization_and_its_teams(hub: Hub) -> None:
    org = hub.client().get_organization("acme")
    assert (org.login, org.plan.name) == ("acme", "enterprise")
    assert sorted(team.slug for team in org.get_teams()) == ["fraud", "platform"]
    fraud = org.get_team_by_slug("fraud")
    assert [member.login for member in fraud.get_members()] == ["ann"]
    assert org.has_in_members(hub.client().get_user("cy"))
    assert {member.login for member in org.get_members(role="admin")} == {"platform-operator"}
    with pytest.raises(github.UnknownObjectException):
        org.get_team_by_slug("gone")
    assert hub.client().get_user("ann").type == "User"


def test_a_teams_role_in_a_repository(hub: Hub) -> None:
    path = hub.repository()
    ann = _person(hub, "ann")
    assert hub.call("GET", path, token=ann).json()["permissions"]["push"] is False
    place = f"/orgs/acme/teams/fraud{path}"
    assert hub.call("GET", place).status_code == 404
    assert hub.call("PUT", place, {"permission": "maintain"}).status_code == 204
    assert hub.call("GET", place).status_code == 204
    shown = hub.call("GET", place, accept="application/vnd.github.v3.repository+json").json()
    assert shown["role_name"] == "maintain"
    assert hub.call("GET", path, token=ann).json()["permissions"]["maintain"] is True
    assert [(row["slug"], row["permission"]) for row in hub.call("GET", f"{path}/teams").json()] == [
        ("fraud", "maintain")
    ]
    assert hub.call("PUT", place, {"permission": "boss"}).status_code == 422
    hub.call("DELETE", place)
    assert hub.call("GET", path, token=ann).json()["permissions"]["push"] is False


def test_teams_are_made_by_owners_only(hub: Hub) -> None:
    body = {"name": "Risk Models", "privacy": "closed"}
    assert hub.call("POST", "/orgs/acme/teams", body).status_code == 403
    owner = hub.client(hub.tokens["user"]).get_organization("acme")
    team = owner.create_team("Risk Models", privacy="closed")
    assert team.slug == "risk-models"
    team.add_membership(hub.client().get_user("cy"), role="maintainer")
    assert [member.login for member in team.get_members()] == ["cy"]
    team.delete()
    with pytest.raises(github.UnknownObjectException):
        owner.get_team_by_slug("risk-models")


def test_members_collaborate_at_once_and_strangers_are_invited(hub: Hub) -> None:
    path = hub.repository()
    eve = _person(hub, "eve")
    repo = hub.client().get_repo("acme/model")
    assert repo.add_to_collaborators("ann", permission="push") is None
    assert repo.get_collaborator_permission("ann") == "write"
    invitation = repo.add_to_collaborators("eve", permission="triage")
    assert invitation is not None
    assert hub.call("GET", path, token=eve).status_code == 404
    assert [(row.invitee.login, row.permissions) for row in repo.get_pending_invitations()] == [("eve", "triage")]
    stranger = _person(hub, "mallory")
    place = f"/user/repository_invitations/{invitation.id}"
    assert hub.call("PATCH", place, token=stranger).status_code == 403
    assert hub.call("PATCH", place, token=eve).status_code == 204
    role = hub.call("GET", f"{path}/collaborators/eve/permission").json()
    assert (role["permission"], role["role_name"]) == ("read", "triage")
    assert {row["login"] for row in hub.call("GET", f"{path}/collaborators?affiliation=direct").json()} == {
        "ann",
        "eve",
    }
    repo.remove_from_collaborators("eve")
    assert hub.call("GET", path, token=eve).status_code == 404
    assert not repo.has_in_collaborators("eve")


def test_actions_permissions_and_workflow_permissions(hub: Hub) -> None:
    path = f"{hub.repository()}/actions/permissions"
    assert hub.call("GET", path).json()["allowed_actions"] == "all"
    assert hub.call("GET", f"{path}/selected-actions").status_code == 409
    hub.call("PUT", path, {"enabled": True, "allowed_actions": "selected"})
    hub.call("PUT", f"{path}/selected-actions", {"patterns_allowed": ["google-github-actions/*"]})
    assert hub.call("GET", f"{path}/selected-actions").json()["patterns_allowed"] == ["google-github-actions/*"]
    assert hub.call("GET", f"{path}/workflow").json()["default_workflow_permissions"] == "read"
    hub.call("PUT", f"{path}/workflow", {"default_workflow_permissions": "write"})
    assert hub.call("GET", f"{path}/workflow").json()["default_workflow_permissions"] == "write"


def test_seeding_again_makes_nothing_and_a_plan_can_change(hub: Hub) -> None:
    plan = {"githubOwner": "acme", "githubPlan": "team", "users": ["ann"], "teams": [{"slug": "fraud", "members": []}]}
    assert hub.write(lambda tx: lay_foundations(hub.world, tx, plan)) == []
    assert hub.client().get_organization("acme").plan.name == "team"
    made = hub.write(lambda tx: lay_foundations(hub.world, tx, {"githubOwner": "other", "users": ["zoe"]}))
    assert made == ["GitHub organization other", "GitHub user zoe"]
    hub.client().get_organization("other").create_repo("x", private=True)
    with pytest.raises(InvalidInput, match="is a GitHub user already"):
        hub.write(lambda tx: seed_github(hub.world, tx, owner="zoe"))
    with pytest.raises(InvalidInput, match="no GitHub login"):
        hub.write(lambda tx: seed_github(hub.world, tx, owner="-bad-"))


def test_an_organization_is_closed_to_strangers_and_other_owners_tokens(hub: Hub) -> None:
    stranger = _person(hub, "mallory")
    assert hub.call("GET", "/orgs/acme/teams", token=stranger).status_code == 404
    assert "plan" not in hub.call("GET", "/orgs/acme", token=stranger).json()
    member = hub.write(lambda tx: callers.issue_classic_token(tx, accounts.user(tx, "ann")["id"], ("repo",)))
    refused = hub.call("POST", "/orgs/acme/teams", {"name": "x"}, token=member)
    assert refused.status_code == 404
    wide = hub.write(lambda tx: callers.issue_classic_token(tx, accounts.user(tx, "ann")["id"], ("admin:org",)))
    refused = hub.call("POST", "/orgs/acme/teams", {"name": "x"}, token=wide)
    assert (refused.status_code, refused.json()["message"]) == (403, "Must have admin rights to Organization.")
    ann = hub.write(lambda tx: accounts.user(tx, "ann"))["id"]
    elsewhere = hub.write(lambda tx: callers.issue_fine_grained_token(tx, ann, ann, {"members": "read"}))
    assert hub.call("GET", "/orgs/acme/teams", token=elsewhere).status_code == 403
    assert hub.call("GET", "/orgs/gone/teams").status_code == 404
    assert hub.call("GET", "/orgs/ann/teams").status_code == 404


def test_memberships_installations_and_the_app_are_shown(hub: Hub) -> None:
    user = hub.tokens["user"]
    assert hub.call("GET", "/orgs/acme/memberships/ann", token=user).json()["role"] == "member"
    assert hub.call("GET", "/orgs/acme/memberships/platform-operator", token=user).json()["role"] == "admin"
    _person(hub, "mallory")
    assert hub.call("GET", "/orgs/acme/memberships/mallory", token=user).status_code == 404
    assert hub.call("GET", "/orgs/acme/members/mallory", token=user).status_code == 404
    held = hub.call("GET", "/orgs/acme/installations", token=user).json()["installations"]
    assert [(row["app_slug"], row["permissions"]["administration"]) for row in held] == [("provision-env", "write")]
    assert hub.call("GET", "/orgs/acme/installations").status_code == 403
    assert hub.call("GET", "/apps/provision-env").json()["id"] == held[0]["app_id"]
    assert hub.call("GET", "/apps/other").status_code == 404
    assert hub.call("GET", "/users/nobody").status_code == 404
    assert hub.call("GET", "/user").json()["message"] == "Resource not accessible by integration"
    assert hub.call("GET", "/user", token=user).json()["login"] == "platform-operator"
    assert hub.call("GET", "/installation/repositories", token=user).status_code == 403
    before = hub.call("GET", "/rate_limit").json()["rate"]["used"]
    assert hub.call("GET", "/rate_limit").json()["rate"]["used"] == before
    assert "current_user_url" in hub.call("GET", "/").json()


def test_a_team_is_changed_and_its_members_come_and_go(hub: Hub) -> None:
    user, place = hub.tokens["user"], "/orgs/acme/teams/fraud"
    shown = hub.call("PATCH", place, {"description": "finds fraud"}, token=user).json()
    assert (shown["description"], shown["members_count"]) == ("finds fraud", 1)
    assert hub.call("PATCH", place, {"name": "other"}, token=user).status_code == 501
    assert hub.call("POST", "/orgs/acme/teams", {"name": "Fraud"}, token=user).status_code == 422
    member = f"{place}/memberships/cy"
    assert hub.call("GET", member, token=user).status_code == 404
    assert hub.call("DELETE", member, token=user).status_code == 404
    assert hub.call("PUT", member, {}, token=user).json()["role"] == "member"
    assert hub.call("GET", member, token=user).json()["state"] == "active"
    assert hub.call("DELETE", member, token=user).status_code == 204
    _person(hub, "mallory")
    assert hub.call("PUT", f"{place}/memberships/mallory", {}, token=user).status_code == 501


def test_invitations_are_withdrawn_and_owners_are_no_collaborators(hub: Hub) -> None:
    path = hub.repository()
    _person(hub, "eve")
    people = f"{path}/collaborators"
    for permission in ("pull", "push"):
        invited = hub.call("PUT", f"{people}/eve", {"permission": permission})
    assert invited.json()["permissions"] == "write"
    place = f"{path}/invitations/{invited.json()['id']}"
    assert hub.call("DELETE", place).status_code == 204
    assert hub.call("DELETE", place).status_code == 404
    hub.call("PUT", f"{people}/eve", {})
    hub.call("DELETE", f"{people}/eve")
    assert hub.call("GET", f"{path}/invitations").json() == []
    assert hub.call("PUT", f"{people}/eve", {"permission": "boss"}).status_code == 422
    assert hub.call("GET", f"{people}/ann").status_code == 204
    assert hub.call("GET", f"{people}/eve").status_code == 404
    everybody = {row["login"] for row in hub.call("GET", people).json()}
    assert everybody == {"platform-operator", "ann", "bea", "cy"}
    nobody = hub.call("PATCH", "/user/repository_invitations/1", token=hub.tokens["user"])
    assert nobody.status_code == 404


def test_a_person_has_repositories_of_their_own(hub: Hub) -> None:
    eve = _person(hub, "eve")
    assert hub.call("POST", "/user/repos", {"name": "notes"}).status_code == 403
    made = hub.call("POST", "/user/repos", {"name": "notes", "private": True}, token=eve)
    assert (made.status_code, made.json()["owner"]["type"]) == (201, "User")
    assert [row["name"] for row in hub.call("GET", "/user/repos", token=eve).json()] == ["notes"]
    assert hub.call("GET", "/user/repos").status_code == 403
    assert hub.call("GET", "/repos/eve/notes").status_code == 404
    assert hub.call("PUT", "/repos/eve/notes/collaborators/eve", {}, token=eve).status_code == 422


def test_every_route_is_one_that_github_documents(description: Description | None) -> None:
    if description is None:
        pytest.skip("GitHub's description is not to be had here (npm)")
    paths = description.document["paths"]
    documented = {(method.upper(), _plain(path)) for path, methods in paths.items() for method in methods}
    # GitHub answers for the top folder without the path that the description asks for.
    documented.add(("GET", _plain("/repos/{owner}/{repo}/contents")))
    # GraphQL is no route of REST, and the audit log is in the description of Enterprise Cloud, another file.
    documented |= {("POST", "/graphql"), ("GET", _plain("/orgs/{org}/audit-log"))}
    assert [r for r in ROUTES if (r.method, _plain(r.openapi_template)) not in documented] == []


def _plain(template: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in template.split("/"))

from __future__ import annotations

from typing import Any

import github
import pytest
from github.EnvironmentDeploymentBranchPolicy import EnvironmentDeploymentBranchPolicyParams
from github.EnvironmentProtectionRuleReviewer import ReviewerParams
from hypothesis import given
from hypothesis import strategies as st

from provisioner.sandbox.github import environments, teams
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.patterns import matches
from tests.sandbox.github.hub import Hub

_CUSTOM = EnvironmentDeploymentBranchPolicyParams(custom_branch_policies=True)


def _ids(hub: Hub) -> tuple[int, int]:
    person = hub.write(lambda tx: find_account(tx, "ann"))
    team = hub.write(lambda tx: teams.find(tx, find_account(tx, "acme")["id"], "fraud"))  # type: ignore[index]
    return person["id"], team["id"]


def test_pygithub_protects_an_environment(hub: Hub) -> None:
    hub.repository()
    ann, fraud = _ids(hub)
    repo = hub.client().get_repo("acme/model")
    hub.client().get_organization("acme").get_team_by_slug("fraud").update_team_repository(repo, "push")
    reviewers = [ReviewerParams(type_="User", id_=ann), ReviewerParams(type_="Team", id_=fraud)]
    made = repo.create_environment("prod", 5, reviewers, prevent_self_review=True, deployment_branch_policy=_CUSTOM)
    rules = {rule.type: rule for rule in made.protection_rules}
    assert set(rules) == {"wait_timer", "required_reviewers", "branch_policy"}
    assert [who.reviewer.id for who in rules["required_reviewers"].reviewers] == [ann, fraud]
    assert rules["required_reviewers"].prevent_self_review is True
    assert made.deployment_branch_policy.custom_branch_policies is True
    again = repo.create_environment("prod", 0, [], deployment_branch_policy=_CUSTOM)
    assert [rule.type for rule in again.protection_rules] == ["branch_policy"]
    assert again.id == made.id
    repo.delete_environment("prod")
    with pytest.raises(github.UnknownObjectException):
        repo.get_environment("prod")


def test_branch_patterns_are_made_once_and_go_with_the_policy(hub: Hub) -> None:
    path = hub.repository()
    environment = f"{path}/environments/prod"
    policies = f"{environment}/deployment-branch-policies"
    hub.call("PUT", environment, {"deployment_branch_policy": None})
    assert hub.call("POST", policies, {"name": "main"}).status_code == 404
    custom = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    hub.call("PUT", environment, custom)
    made = hub.call("POST", policies, {"name": "main"}).json()
    assert hub.call("POST", policies, {"name": "main"}).status_code == 303
    assert hub.call("POST", policies, {"name": "main", "type": "tag"}).status_code == 200
    assert hub.call("PUT", f"{policies}/{made['id']}", {"name": "release/*"}).json()["name"] == "release/*"
    hub.call("PUT", environment, custom)
    assert hub.call("GET", policies).json()["total_count"] == 2
    assert hub.call("DELETE", f"{policies}/{made['id']}").status_code == 204
    hub.call("PUT", environment, {})
    assert hub.call("GET", policies).json() == {"total_count": 0, "branch_policies": []}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"reviewers": [{"type": "User", "id": 1}]}, "does not exist or has no read access"),
        ({"reviewers": [{"type": "Robot", "id": 1}]}, "is not a member of"),
        (
            {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}},
            "cannot have the same value",
        ),
        ({"deployment_branch_policy": {"protected_branches": True}}, '"custom_branch_policies" wasn\'t supplied.'),
        ({"wait_timer": 43201}, "between 0 and 43,200"),
        ({"wait_timer": "5"}, "is not an integer"),
        ({"can_admins_bypass": False}, "is not a permitted key"),
    ],
)
def test_bad_protection_is_refused(hub: Hub, body: dict[str, Any], said: str) -> None:
    path = hub.repository()
    refused = hub.call("PUT", f"{path}/environments/prod", body)
    assert refused.status_code == 422
    assert said in refused.text.replace('\\"', '"')
    assert hub.call("GET", f"{path}/environments").json()["total_count"] == 0


def test_a_team_without_access_cannot_be_a_reviewer(hub: Hub) -> None:
    path = hub.repository()
    body = {"reviewers": [{"type": "Team", "id": _ids(hub)[1]}]}
    assert hub.call("PUT", f"{path}/environments/prod", body).status_code == 422
    hub.call("PUT", f"/orgs/acme/teams/fraud{path}", {"permission": "pull"})
    assert hub.call("PUT", f"{path}/environments/prod", body).status_code == 200


def test_names_ignore_case_and_some_are_refused(hub: Hub) -> None:
    path = hub.repository()
    first = hub.call("PUT", f"{path}/environments/Prod", {}).json()
    assert hub.call("PUT", f"{path}/environments/prod", {}).json()["id"] == first["id"]
    assert hub.call("PUT", f"{path}/environments/a%2Fb", {}).json()["name"] == "a/b"
    assert hub.call("GET", f"{path}/environments/a%2Fb").status_code == 200
    assert hub.call("PUT", f"{path}/environments/a%22b", {}).status_code == 422


@pytest.mark.parametrize(
    ("plan", "body", "status", "said"),
    [
        ("team", {"wait_timer": 5}, 422, "supports the wait timer protection rule."),
        ("team", {"reviewers": []}, 200, ""),
        ("free", {}, 403, "Upgrade to GitHub Pro or make this repository public"),
    ],
)
def test_what_the_plan_does_not_include(hub: Hub, plan: str, body: dict[str, Any], status: int, said: str) -> None:
    path = hub.repository()
    _set_plan(hub, plan)
    answer = hub.call("PUT", f"{path}/environments/prod", body)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_required_reviewers_of_a_private_repository_need_enterprise(hub: Hub) -> None:
    path = hub.repository()
    body = {"reviewers": [{"type": "User", "id": _ids(hub)[0]}]}
    _set_plan(hub, "team")
    refused = hub.call("PUT", f"{path}/environments/prod", body)
    assert refused.json()["message"] == (
        "Failed to create the environment protection rule. "
        "Please ensure the billing plan supports the required reviewers protection rule."
    )
    hub.call("PATCH", path, {"visibility": "public"})
    assert hub.call("PUT", f"{path}/environments/prod", body).status_code == 200


def test_without_a_plan_of_its_own_an_owner_has_the_sandboxs(hub: Hub) -> None:
    path = hub.repository()
    _set_plan(hub, "")
    hub.world.settings.change({"github_plan": "free"})
    assert hub.call("PUT", f"{path}/environments/prod", {}).status_code == 403
    hub.world.settings.change({"github_plan": "team"})
    assert hub.call("PUT", f"{path}/environments/prod", {}).status_code == 200


def _set_plan(hub: Hub, plan: str) -> None:
    with hub.world.store.transaction() as tx:
        account = find_account(tx, "acme")
        assert account is not None
        tx.put("github/accounts", str(account["id"]), account | {"plan": plan})


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("main", "main", True),
        ("main", "maintenance", False),
        ("release/*", "release/1", True),
        ("release/*", "release/1/2", False),
        ("release/**", "release/1/2", True),
        ("release/**/*", "release/1/2", True),
        ("*", "a/b", False),
        ("v[0-9].?", "v1.2", True),
        ("v[!0-9]", "v1", False),
        ("a\\*", "a*", True),
        ("a\\*", "ab", False),
        ("[ab", "[ab", True),
    ],
)
def test_patterns_over_names(pattern: str, name: str, fits: bool) -> None:  # noqa: FBT001 - the expected value
    assert matches(pattern, name) is fits


@given(st.text(alphabet="abc/.-+()[]^$|\\", min_size=1))
def test_a_quoted_name_fits_itself_and_nothing_longer(name: str) -> None:
    quoted = "".join(f"\\{character}" for character in name)
    assert matches(quoted, name)
    assert not matches(quoted, name + "x")


@pytest.mark.parametrize(
    ("ref", "admitted"),
    [
        ("refs/heads/main", True),
        ("refs/tags/main", False),
        ("refs/heads/other", False),
        ("refs/tags/v1", True),
        ("refs/heads/v1", False),
        ("refs/pull/1/merge", False),
    ],
)
def test_a_policy_tells_branches_from_tags(ref: str, admitted: bool) -> None:  # noqa: FBT001 - the expected value
    patterns = [{"name": "main", "type": "branch"}, {"name": "v*", "type": "tag"}]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    assert environments.admits({"policy": policy, "patterns": patterns}, ref) is admitted

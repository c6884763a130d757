from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.github import apps, rulesets
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.callers import issue_classic_token
from provisioner.sandbox.github.push_rules import Change, Reviews, violations
from tests.sandbox.github.hub import Hub

BODY: dict[str, Any] = {
    "name": "main",
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [{"type": "deletion"}, {"type": "non_fast_forward"}],
}
CHECKS = {
    "type": "required_status_checks",
    "parameters": {"strict_required_status_checks_policy": True, "required_status_checks": [{"context": "ci"}]},
}


def test_rulesets_are_made_changed_listed_and_removed(hub: Hub) -> None:
    path = hub.repository()
    app = hub.write(lambda tx: apps.find_app(tx, "provision-env"))["id"]
    actors = [{"actor_id": app, "actor_type": "Integration", "bypass_mode": "always"}]
    made = hub.call("POST", f"{path}/rulesets", BODY | {"bypass_actors": actors})
    assert (made.status_code, made.json()["current_user_can_bypass"]) == (201, "always")
    place = f"{path}/rulesets/{made.json()['id']}"
    shown = hub.call("GET", place).json()
    assert {name: shown[name] for name in BODY} == BODY
    assert shown["bypass_actors"] == actors
    changed = hub.call("PUT", place, {"rules": [CHECKS]}).json()
    assert (changed["rules"], changed["name"], changed["bypass_actors"]) == ([CHECKS], "main", actors)
    assert hub.call("POST", f"{path}/rulesets", BODY).json()["errors"] == ["Name must be unique"]
    rules = hub.call("GET", f"{path}/rules/branches/main").json()
    assert [(rule["type"], rule["ruleset_id"]) for rule in rules] == [("required_status_checks", shown["id"])]
    assert hub.call("GET", f"{path}/rules/branches/topic/x").json() == []
    assert hub.call("DELETE", place).status_code == 204
    assert hub.call("GET", f"{path}/rulesets").json() == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"enforcement": "on"}, 422),
        ({"rules": [{"type": "deletion", "parameters": {"x": 1}}]}, 422),
        ({"rules": [{"type": "pull_request", "parameters": {"required_approving_review_count": 1}}]}, 422),
        ({"rules": [{"type": "merge_queue"}]}, 501),
        ({"bypass_actors": [{"actor_id": 5, "actor_type": "Integration"}]}, 422),
        ({"bypass_actors": [{"actor_type": "Team"}]}, 422),
        ({"conditions": {"ref_name": {"include": ["main"]}}}, 422),
        ({"colour": "blue"}, 422),
    ],
)
def test_bad_rulesets_are_refused(hub: Hub, change: dict[str, Any], status: int) -> None:
    path = hub.repository()
    assert hub.call("POST", f"{path}/rulesets", BODY | change).status_code == status
    assert hub.call("GET", f"{path}/rulesets").json() == []


def test_a_free_plan_has_none_on_private_repositories(hub: Hub) -> None:
    path = hub.repository()
    with hub.world.store.transaction() as tx:
        account = find_account(tx, "acme") or {}
        tx.put("github/accounts", str(account["id"]), account | {"plan": "free"})
    for method, body in (("POST", BODY), ("GET", None)):
        refused = hub.call(method, f"{path}/rulesets", body)
        said = "Upgrade to GitHub Pro or make this repository public to enable this feature."
        assert (refused.status_code, refused.json()["message"]) == (403, said)
    hub.call("PATCH", path, {"visibility": "public"})
    assert hub.call("POST", f"{path}/rulesets", BODY).status_code == 201


def test_an_organizations_ruleset_concerns_the_repositories_it_names(hub: Hub) -> None:
    path, other = hub.repository("model"), hub.repository("tools")
    conditions = {**BODY["conditions"], "repository_name": {"include": ["mod*"], "exclude": []}}
    body = BODY | {"conditions": conditions}
    assert hub.call("POST", "/orgs/acme/rulesets", body).status_code == 403
    made = hub.call("POST", "/orgs/acme/rulesets", body, token=hub.tokens["user"])
    assert made.json()["source_type"] == "Organization"
    assert len(hub.call("GET", f"{path}/rulesets").json()) == 1
    assert hub.call("GET", f"{path}/rulesets?includes_parents=false").json() == []
    assert hub.call("GET", f"{other}/rulesets").json() == []
    assert len(hub.call("GET", f"{path}/rules/branches/main").json()) == 2
    assert hub.call("DELETE", f"{path}/rulesets/{made.json()['id']}").status_code == 404


def test_who_passes_by_is_not_for_everybody_to_see(hub: Hub) -> None:
    path = hub.repository()
    place = f"{path}/rulesets/{hub.call('POST', f'{path}/rulesets', BODY).json()['id']}"
    reader = hub.call("GET", place, token=_ann(hub)).json()
    assert "bypass_actors" not in reader
    assert reader["current_user_can_bypass"] == "never"


def _ann(hub: Hub) -> str:
    account = hub.write(lambda tx: find_account(tx, "ann"))
    return str(hub.write(lambda tx: issue_classic_token(tx, account["id"], ("repo",))))


@pytest.mark.parametrize(
    ("kind", "number", "passes"),
    [
        ("User", "ann", True),
        ("User", "cy", False),
        ("Team", "fraud", True),
        ("Team", "platform", False),
        ("RepositoryRole", 4, True),
        ("RepositoryRole", 5, False),
        ("OrganizationAdmin", None, False),
        ("DeployKey", None, False),
    ],
)
def test_people_pass_by_through_who_they_are(hub: Hub, kind: str, number: str | int | None, passes: bool) -> None:  # noqa: FBT001 - the expected value
    path = hub.repository()
    hub.call("PUT", f"{path}/collaborators/ann", {"permission": "push"})
    looked_up = {
        "ann": hub.call("GET", "/users/ann").json()["id"],
        "cy": hub.call("GET", "/users/cy").json()["id"],
        "fraud": hub.call("GET", "/orgs/acme/teams/fraud").json()["id"],
        "platform": hub.call("GET", "/orgs/acme/teams/platform").json()["id"],
    }
    actor = {"actor_type": kind, "actor_id": looked_up.get(str(number), number)}
    made = hub.call("POST", f"{path}/rulesets", BODY | {"bypass_actors": [actor]})
    assert made.status_code == 201, made.text
    shown = hub.call("GET", f"{path}/rulesets/{made.json()['id']}", token=_ann(hub)).json()
    assert shown["current_user_can_bypass"] == ("always" if passes else "never")
    owner = hub.call("GET", f"{path}/rulesets/{made.json()['id']}", token=hub.tokens["user"]).json()
    assert (owner["current_user_can_bypass"] == "always") is (kind in {"OrganizationAdmin", "RepositoryRole"})


def test_a_ruleset_that_is_not_active_has_no_rules_in_force(hub: Hub) -> None:
    path = hub.repository()
    for enforcement in ("disabled", "evaluate"):
        hub.call("POST", f"{path}/rulesets", BODY | {"enforcement": enforcement, "name": enforcement})
    assert hub.call("GET", f"{path}/rules/branches/main").json() == []
    assert len(hub.call("GET", f"{path}/rulesets").json()) == 2


def test_an_organizations_ruleset_may_name_numbers_and_needs_a_plan(hub: Hub) -> None:
    path, other = hub.repository("model"), hub.repository("tools")
    number = hub.call("GET", path).json()["id"]
    body = BODY | {"conditions": {**BODY["conditions"], "repository_id": {"repository_ids": [number]}}}
    user = hub.tokens["user"]
    made = hub.call("POST", "/orgs/acme/rulesets", body, token=user).json()
    counted = [len(hub.call("GET", f"{place}/rules/branches/main").json()) for place in (path, other)]
    assert counted == [2, 0]
    assert (
        hub.call("PUT", f"/orgs/acme/rulesets/{made['id']}", {"enforcement": "disabled"}, token=user).status_code == 200
    )
    assert hub.call("GET", f"{path}/rules/branches/main").json() == []
    with hub.world.store.transaction() as tx:
        account = find_account(tx, "acme") or {}
        tx.put("github/accounts", str(account["id"]), account | {"plan": "free"})
    refused = hub.call("GET", "/orgs/acme/rulesets", token=user)
    assert refused.json()["message"] == "Upgrade to GitHub Team to enable this feature."


@pytest.mark.parametrize(
    ("include", "exclude", "ref", "concerned"),
    [
        (["~DEFAULT_BRANCH"], [], "refs/heads/main", True),
        (["~DEFAULT_BRANCH"], [], "refs/heads/maint", False),
        (["~ALL"], ["refs/heads/wip/**"], "refs/heads/wip/x", False),
        (["~ALL"], ["refs/heads/wip/**"], "refs/heads/x", True),
        (["refs/heads/release/*"], [], "refs/heads/release/1", True),
        (["~ALL"], [], "refs/tags/v1", False),
        ([], [], "refs/heads/main", False),
    ],
)
def test_which_refs_a_ruleset_concerns(include: list[str], exclude: list[str], ref: str, concerned: bool) -> None:  # noqa: FBT001 - the expected value
    ruleset = {"target": "branch", "conditions": {"ref_name": {"include": include, "exclude": exclude}}}
    assert rulesets.concerns(ruleset, {"default_branch": "main"}, ref) is concerned


_PULLS = {"type": "pull_request", "parameters": {"required_approving_review_count": 2}}
_LENIENT = {"type": "required_status_checks", "parameters": {**CHECKS["parameters"], "do_not_enforce_on_create": True}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("rule", "change", "said"),
    [
        ({"type": "deletion"}, {"deletes": True}, "Cannot delete this branch"),
        ({"type": "deletion"}, {}, ""),
        ({"type": "non_fast_forward"}, {"fast_forward": False}, "Cannot force-push to this branch"),
        ({"type": "non_fast_forward"}, {"fast_forward": False, "creates": True}, ""),
        ({"type": "creation"}, {"creates": True}, "Cannot create ref due to creations being restricted."),
        ({"type": "creation"}, {}, ""),
        ({"type": "update"}, {}, "Cannot update this protected ref."),
        ({"type": "update"}, {"creates": True}, ""),
        ({"type": "required_linear_history"}, {"merge_commits": True}, "This branch must not contain merge commits."),
        ({"type": "required_linear_history"}, {}, ""),
        (_PULLS, {}, "Changes must be made through a pull request."),
        (_PULLS, {"creates": True}, "Changes must be made through a pull request."),
        (_PULLS, {"through_pull_request": True, "reviews": Reviews(1)}, "At least 2 approving reviews"),
        (_PULLS, {"through_pull_request": True, "reviews": Reviews(2)}, ""),
        (CHECKS, {}, 'Required status check "ci" is expected.'),
        (CHECKS, {"checks": (("ci", 0, "success"),)}, ""),
        (CHECKS, {"creates": True}, 'Required status check "ci" is expected.'),
        (_LENIENT, {"creates": True}, ""),
    ],
)
def test_what_each_rule_forbids(rule: dict[str, Any], change: dict[str, Any], said: str) -> None:
    found = violations([rule], Change("refs/heads/main", **change))
    assert (len(found), said in "".join(found)) == (1 if said else 0, True)

from __future__ import annotations

from pathlib import Path
from typing import Any

import github
import pytest

from provisioner.sandbox.github.accounts import find_account
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.people import app, app_number, person

NOTHING: dict[str, Any] = {
    "required_status_checks": None,
    "enforce_admins": False,
    "required_pull_request_reviews": None,
    "restrictions": None,
}
PLACE = "/repos/acme/model/branches/main/protection"


@pytest.fixture
def copy(hub: Hub, tmp_path: Path) -> Path:
    hub.repository()
    folder = working_copy(tmp_path / "a", {"a.txt": "1\n"})
    push(folder, hub.git_url())
    hub.call("PUT", "/repos/acme/model/collaborators/ann", {"permission": "push"})
    return folder


def test_pygithub_protects_a_branch_and_reads_it_back(hub: Hub, copy: Path) -> None:
    branch = hub.client().get_repo("acme/model").get_branch("main")
    assert not branch.protected
    with pytest.raises(github.GithubException, match="Branch not protected"):
        branch.get_protection()
    branch.edit_protection(
        strict=True,
        contexts=["ci"],
        enforce_admins=True,
        required_approving_review_count=2,
        dismiss_stale_reviews=True,
        user_push_restrictions=["ann"],
        team_push_restrictions=["fraud"],
    )
    held = branch.get_protection()
    assert (held.enforce_admins, held.required_status_checks.contexts) == (True, ["ci"])
    assert held.required_pull_request_reviews.required_approving_review_count == 2
    assert [user.login for user in held.get_user_push_restrictions() or ()] == ["ann"]
    assert [team.slug for team in held.get_team_push_restrictions() or ()] == ["fraud"]
    branch.edit_required_status_checks(strict=False, contexts=["ci", "lint"])
    assert branch.get_required_status_checks().contexts == ["ci", "lint"]
    branch.remove_required_status_checks()
    with pytest.raises(github.GithubException, match="Required status checks not enabled"):
        branch.get_required_status_checks()
    branch.add_required_signatures()
    assert branch.get_required_signatures()
    assert hub.client().get_repo("acme/model").get_branch("main").protected
    branch.remove_protection()
    assert hub.call("GET", PLACE).status_code == 404


def test_lists_grow_and_shrink(hub: Hub, copy: Path) -> None:
    everybody = {"users": ["ann"], "teams": [], "apps": []}
    checks = {"strict": True, "contexts": ["ci"]}
    hub.call("PUT", PLACE, {**NOTHING, "restrictions": everybody, "required_status_checks": checks})
    users = f"{PLACE}/restrictions/users"
    grown = hub.call("POST", users, ["bea"]).json()
    assert [user["login"] for user in grown] == ["ann", "bea"]
    assert [user["login"] for user in hub.call("DELETE", users, {"users": ["ann"]}).json()] == ["bea"]
    contexts = f"{PLACE}/required_status_checks/contexts"
    assert hub.call("POST", contexts, {"contexts": ["lint"]}).json() == ["ci", "lint"]
    assert hub.call("PUT", contexts, ["only"]).json() == ["only"]
    assert hub.call("POST", users, ["mallory"]).status_code == 422
    assert hub.call("POST", users, {"users": "ann"}).status_code == 422


@pytest.mark.parametrize(
    ("protection", "said"),
    [
        ({"required_pull_request_reviews": {}}, "Changes must be made through a pull request."),
        ({"required_status_checks": {"strict": False, "contexts": ["ci"]}}, 'Required status check "ci" is expected.'),
        ({"restrictions": {"users": [], "teams": ["platform"]}}, "You're not authorized to push to this branch."),
        ({"lock_branch": True}, "Cannot change this locked branch"),
        ({"restrictions": {"users": ["ann"], "teams": []}}, ""),
        ({"restrictions": {"users": [], "teams": ["fraud"]}}, ""),
    ],
)
def test_a_protected_branch_refuses_a_push(hub: Hub, copy: Path, protection: dict[str, Any], said: str) -> None:
    made = hub.call("PUT", PLACE, {**NOTHING, **protection})
    assert made.status_code == 200, made.text
    url = hub.git_url(token=person(hub, "ann"))
    printed = push(commit(copy, {"a.txt": "2\n"}), url, check=not said)
    if said:
        assert "GH006: Protected branch update failed for refs/heads/main." in printed
        assert "protected branch hook declined" in printed
    assert said in printed


def test_force_pushes_deletions_and_merges_are_refused_and_can_be_allowed(hub: Hub, copy: Path) -> None:
    hub.call("PUT", "/repos/acme/model/collaborators/bea", {"permission": "admin"})
    hub.call("PUT", PLACE, {**NOTHING, "enforce_admins": True})
    url = hub.git_url(token=person(hub, "ann"))
    run_git(copy, "commit", "-q", "--amend", "-m", "other")
    assert "Cannot force-push to this branch" in push(copy, url, "+HEAD:main", check=False)
    hub.call("PUT", PLACE, {**NOTHING, "allow_force_pushes": True, "required_linear_history": True})
    push(copy, url, "+HEAD:main")
    run_git(copy, "checkout", "-q", "-b", "side", "HEAD")
    commit(copy, {"b.txt": "1"})
    run_git(copy, "checkout", "-q", "main")
    commit(copy, {"c.txt": "1"})
    run_git(copy, "merge", "-q", "--no-ff", "--no-edit", "side")
    assert "must not contain merge commits" in push(copy, url, "HEAD:main", check=False)


def test_admins_pass_by_unless_the_rule_is_for_them_too(hub: Hub, copy: Path) -> None:
    url = hub.git_url(token=hub.tokens["user"])
    hub.call("PUT", PLACE, {**NOTHING, "lock_branch": True})
    assert "Bypassed rule violations" in push(commit(copy, {"a.txt": "2\n"}), url)
    assert hub.call("POST", f"{PLACE}/enforce_admins").json()["enabled"] is True
    assert "Cannot change this locked branch" in push(commit(copy, {"a.txt": "3\n"}), url, check=False)
    assert hub.call("DELETE", f"{PLACE}/enforce_admins").status_code == 204


def _state(hub: Hub) -> str:
    return str(hub.call("GET", "/repos/acme/model/pulls/1").json()["mergeable_state"])


def test_a_merge_waits_for_checks_of_the_right_app_and_for_the_base(hub: Hub, copy: Path) -> None:
    writer = app(hub, checks="write", contents="write", pull_requests="write", administration="write")
    number = app_number(hub)
    checks = {"strict": True, "contexts": [], "checks": [{"context": "ci", "app_id": number}]}
    hub.call("PUT", PLACE, {**NOTHING, "required_status_checks": checks})
    push(commit(copy, {"b.txt": "1"}), hub.git_url(), "HEAD:topic")
    sha = run_git(copy, "rev-parse", "HEAD").stdout.strip()
    hub.call("POST", "/repos/acme/model/pulls", {"title": "t", "head": "topic", "base": "main"})
    hub.call(
        "POST", f"/repos/acme/model/statuses/{sha}", {"state": "success", "context": "ci"}, token=hub.tokens["user"]
    )
    assert _state(hub) == "blocked"
    run = hub.call("POST", "/repos/acme/model/check-runs", {"name": "ci", "head_sha": sha}, token=writer).json()
    refused = hub.call("PUT", "/repos/acme/model/pulls/1/merge", {})
    assert (refused.status_code, refused.json()["message"]) == (405, 'Required status check "ci" is in progress.')
    hub.call("PATCH", f"/repos/acme/model/check-runs/{run['id']}", {"conclusion": "failure"}, token=writer)
    assert "is failing" in hub.call("PUT", "/repos/acme/model/pulls/1/merge", {}).json()["message"]
    hub.call("PATCH", f"/repos/acme/model/check-runs/{run['id']}", {"conclusion": "success"}, token=writer)
    assert _state(hub) == "clean"
    run_git(copy, "checkout", "-q", "-b", "other", "HEAD~1")
    assert "Bypassed" in push(commit(copy, {"z.txt": "1"}), hub.git_url(token=hub.tokens["user"]), "HEAD:main")
    assert _state(hub) == "behind"
    assert hub.call("PUT", "/repos/acme/model/pulls/1/update-branch", {}).status_code == 202
    assert _state(hub) == "blocked"


def test_protected_branches_only_then_means_those_branches(hub: Hub, copy: Path) -> None:
    push(copy, hub.git_url(), "HEAD:wild")
    policy = {"protected_branches": True, "custom_branch_policies": False}
    hub.call("PUT", "/repos/acme/model/environments/prod", {"deployment_branch_policy": policy})
    context = {"repository": "acme/model", "environment": "prod", "ref": "refs/heads/wild"}
    assert hub.id_token(context)
    hub.call("PUT", PLACE, NOTHING)
    with pytest.raises(Exception, match='Branch "wild" is not allowed to deploy to prod'):
        hub.id_token(context)
    assert hub.id_token({**context, "ref": "refs/heads/main"})


def test_what_cannot_be_protected(hub: Hub, copy: Path) -> None:
    gone = hub.call("PUT", PLACE.replace("main", "gone"), NOTHING)
    assert (gone.status_code, gone.json()["message"]) == (404, "Branch not found")
    missing = hub.call("PUT", PLACE, {"enforce_admins": True})
    assert '"restrictions" wasn\'t supplied.' in missing.json()["message"]
    many = hub.call("PUT", PLACE, {**NOTHING, "required_pull_request_reviews": {"required_approving_review_count": 7}})
    assert many.status_code == 422
    assert hub.call("GET", PLACE, token=person(hub, "ann")).status_code == 403
    with hub.world.store.transaction() as tx:
        account = find_account(tx, "acme") or {}
        tx.put("github/accounts", str(account["id"]), account | {"plan": "free"})
    assert "Upgrade to GitHub Pro" in hub.call("PUT", PLACE, NOTHING).json()["message"]

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.github import accounts, apps, callers
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy

WORKFLOW = (
    "name: CI\non:\n  push:\n    branches: [main]\n  workflow_dispatch:\njobs:\n  test:\n    runs-on: ubuntu-latest\n"
)
PROTECT: dict[str, Any] = {
    "name": "main",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [{"type": "deletion"}, {"type": "non_fast_forward"}],
}
PULLS = {
    "type": "pull_request",
    "parameters": {
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": 1,
        "required_review_thread_resolution": False,
    },
}


def _token(hub: Hub, permissions: dict[str, str]) -> str:
    app = hub.write(lambda tx: apps.find_app(tx, "provision-env"))
    held = hub.write(lambda tx: apps.account_has_app(tx, app["id"], "acme"))
    return str(hub.write(lambda tx: callers.issue_installation_token(tx, held["id"], permissions)))


def _person(hub: Hub, login: str, *scopes: str) -> str:
    account = hub.write(lambda tx: accounts.find_account(tx, login))
    return str(hub.write(lambda tx: callers.issue_classic_token(tx, account["id"], scopes or ("repo",))))


def test_push_then_clone_gives_the_same_tree(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    before = hub.call("GET", path).json()["pushed_at"]
    copy = working_copy(tmp_path / "a", {"README.md": "hello\n", "src/x.py": "x = 1\n"})
    hub.world.clock.advance(60)
    push(copy, hub.git_url())
    assert hub.call("GET", path).json()["pushed_at"] > before
    run_git(tmp_path, "clone", "-q", hub.git_url(), "b")
    assert (tmp_path / "b/src/x.py").read_text() == "x = 1\n"
    assert run_git(tmp_path / "b", "rev-parse", "HEAD").stdout == run_git(copy, "rev-parse", "HEAD").stdout
    assert run_git(tmp_path / "b", "branch", "--show-current").stdout == "main\n"


def test_a_pack_larger_than_one_read_goes_both_ways(hub: Hub, tmp_path: Path) -> None:
    hub.repository()
    noise = run_git(tmp_path, "--version").stdout + "".join(f"{n * 7919 % 1000003}\n" for n in range(400_000))
    copy = working_copy(tmp_path / "a", {"noise.txt": noise})
    push(copy, hub.git_url())
    run_git(tmp_path, "clone", "-q", "--depth=1", hub.git_url(), "b")
    assert (tmp_path / "b/noise.txt").read_text() == noise


def test_the_first_branch_pushed_becomes_the_default(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"}, "trunk")
    push(copy, hub.git_url(), "trunk:trunk")
    assert hub.call("GET", path).json()["default_branch"] == "trunk"
    push(copy, hub.git_url(), "trunk:main")
    assert hub.call("GET", path).json()["default_branch"] == "trunk"
    refused = push(copy, hub.git_url(), ":trunk", check=False)
    assert "refusing to delete the current branch: refs/heads/trunk" in refused


def test_who_may_clone_and_push(hub: Hub, tmp_path: Path) -> None:
    hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"})
    push(copy, hub.git_url())
    assert "Repository not found" in push(copy, hub.git_url("acme/other"), check=False)
    assert "Invalid username or token" in push(copy, hub.git_url(token="ghs_wrong"), check=False)
    reading = _token(hub, {"contents": "read"})
    assert "Write access to repository not granted" in push(copy, hub.git_url(token=reading), check=False)
    run_git(tmp_path, "clone", "-q", hub.git_url(token=reading), "b")
    assert "Permission to acme/model.git denied to cy" in push(copy, hub.git_url(token=_person(hub, "cy")), check=False)
    blind = _token(hub, {"issues": "write"})
    assert run_git(tmp_path, "clone", hub.git_url(token=blind), "c", check=False).returncode == 128
    anonymous = hub.git_url().replace(f"x-access-token:{hub.tokens['installation']}@", "")
    assert "could not read Username" in run_git(tmp_path, "clone", anonymous, "d", check=False).stdout


def test_a_renamed_repository_is_found_by_git_and_an_archived_one_takes_nothing(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"})
    push(copy, hub.git_url())
    hub.call("PATCH", path, {"name": "renamed"})
    run_git(tmp_path, "clone", "-q", hub.git_url(), "b")
    hub.call("PATCH", "/repos/acme/renamed", {"archived": True})
    assert "archived so it is read-only" in push(copy, hub.git_url("acme/renamed"), "HEAD:x", check=False)
    run_git(tmp_path, "clone", "-q", hub.git_url("acme/renamed"), "c")


def test_workflow_files_need_a_permission_of_their_own(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {".github/workflows/ci.yaml": WORKFLOW})
    token = _token(hub, {"contents": "write"})
    said = "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yaml` without `workflows`"
    assert said in push(copy, hub.git_url(token=token), check=False)
    assert hub.call("GET", f"{path}/branches").json() == []
    push(copy, hub.git_url(token=hub.tokens["installation"]))
    harmless = commit(copy, {"README.md": "x"})
    push(harmless, hub.git_url(token=token))
    run_git(copy, "rm", "-q", ".github/workflows/ci.yaml")
    run_git(copy, "commit", "-q", "-m", "drop it")
    assert said in push(copy, hub.git_url(token=token), check=False)


def test_a_persons_classic_token_needs_the_workflow_scope(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    hub.call("PUT", f"{path}/collaborators/ann", {"permission": "push"})
    copy = working_copy(tmp_path / "a", {".github/workflows/ci.yaml": WORKFLOW})
    refused = push(copy, hub.git_url(token=_person(hub, "ann")), check=False)
    assert "refusing to allow a Personal Access Token to create or update workflow" in refused
    assert "without `workflow` scope" in refused
    push(copy, hub.git_url(token=_person(hub, "ann", "repo", "workflow")))


def test_a_push_records_runs_of_the_workflows_it_starts(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    other = WORKFLOW.replace("name: CI", "name: Docs").replace("branches: [main]", "paths: ['docs/**']")
    files = {".github/workflows/ci.yaml": WORKFLOW, ".github/workflows/docs.yml": other}
    copy = working_copy(tmp_path / "a", files)
    push(copy, hub.git_url())
    push(commit(copy, {"docs/a.md": "x"}), hub.git_url())
    push(copy, hub.git_url(), "HEAD:topic")
    runs = hub.call("GET", f"{path}/actions/runs").json()["workflow_runs"]
    seen = [(run["name"], run["head_branch"], run["run_number"]) for run in runs]
    assert seen == [("Docs", "topic", 2), ("Docs", "main", 1), ("CI", "main", 2), ("CI", "main", 1)]
    assert {(run["status"], run["conclusion"]) for run in runs} == {("completed", "skipped")}
    reason = "Not executed: running workflows on this machine is switched off (provision-env sandbox actions on)"
    assert {run["display_title"] for run in runs} == {reason}
    known = hub.call("GET", f"{path}/actions/workflows").json()["workflows"]
    assert [row["path"] for row in known] == sorted(files)


def test_dispatching_a_workflow(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    push(working_copy(tmp_path / "a", {".github/workflows/ci.yaml": WORKFLOW}), hub.git_url())
    workflow = hub.client().get_repo("acme/model").get_workflow("ci.yaml")
    assert workflow.create_dispatch("main")
    assert hub.call("GET", f"{path}/actions/runs?event=workflow_dispatch").json()["total_count"] == 1
    place = f"{path}/actions/workflows/{workflow.id}/dispatches"
    assert hub.call("POST", place, {"ref": "gone"}).json()["message"] == "No ref found for: gone"
    assert "Unexpected inputs" in hub.call("POST", place, {"ref": "main", "inputs": {"x": "1"}}).text
    details = hub.call("POST", place, {"ref": "main", "return_run_details": True}).json()
    assert hub.call("GET", f"{path}/actions/runs/{details['workflow_run_id']}").json()["event"] == "workflow_dispatch"


def test_rules_hold_against_a_push_and_our_app_passes_them_by(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"})
    push(copy, hub.git_url())
    app = hub.write(lambda tx: apps.find_app(tx, "provision-env"))
    actor = {"actor_id": app["id"], "actor_type": "Integration", "bypass_mode": "always"}
    made = hub.call("POST", f"{path}/rulesets", {**PROTECT, "rules": [*PROTECT["rules"], PULLS]})
    hub.call("PUT", f"{path}/collaborators/ann", {"permission": "push"})
    ann = hub.git_url(token=_person(hub, "ann"))
    refused = push(commit(copy, {"a": "2"}), ann, check=False)
    assert "GH013: Repository rule violations found for refs/heads/main." in refused
    assert "- Changes must be made through a pull request." in refused
    assert "push declined due to repository rule violations" in refused
    push(copy, ann, "HEAD:topic")
    assert "push declined" in push(copy, hub.git_url(), check=False)
    hub.call("PUT", f"{path}/rulesets/{made.json()['id']}", {"bypass_actors": [actor]})
    assert "Bypassed rule violations for refs/heads/main" in push(copy, hub.git_url())
    assert "push declined" in push(commit(copy, {"a": "3"}), ann, check=False)


def test_history_is_not_rewritten_where_a_rule_forbids_it(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = commit(working_copy(tmp_path / "a", {"a": "1"}), {"a": "2"})
    push(copy, hub.git_url())
    push(copy, hub.git_url(), "HEAD:old")
    hub.call("POST", f"{path}/rulesets", PROTECT)
    run_git(copy, "commit", "-q", "--amend", "-m", "other")
    assert "Cannot force-push to this branch" in push(copy, hub.git_url(), "+HEAD:main", check=False)
    push(copy, hub.git_url(), "+HEAD:old")
    push(copy, hub.git_url(), ":old")
    assert [row["name"] for row in hub.call("GET", f"{path}/branches").json()] == ["main"]


def test_one_refused_branch_refuses_the_whole_push(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"})
    push(copy, hub.git_url())
    hub.call("POST", f"{path}/rulesets", {**PROTECT, "rules": [{"type": "update"}]})
    refused = push(commit(copy, {"a": "2"}), hub.git_url(), "HEAD:main", "HEAD:topic", check=False)
    assert "topic (pre-receive hook declined)" in refused
    assert [row["name"] for row in hub.call("GET", f"{path}/branches").json()] == ["main"]


def test_hidden_references_are_not_for_pushing(hub: Hub, tmp_path: Path) -> None:
    hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"})
    assert "deny updating a hidden ref" in push(copy, hub.git_url(), "HEAD:refs/pull/1/head", check=False)


@pytest.mark.slow
def test_a_file_over_100_megabytes_is_refused(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"a": "1"})
    with (copy / "big.bin").open("wb") as big:
        big.truncate(100 * 1024 * 1024 + 1)
    run_git(copy, "add", "-A")
    run_git(copy, "commit", "-q", "-m", "big")
    refused = push(copy, hub.git_url(), check=False)
    assert "GH001: Large files detected." in refused
    assert "File big.bin is 100.00 MB; this exceeds GitHub's file size limit of 100.00 MB" in refused
    assert hub.call("GET", f"{path}/branches").json() == []


def test_a_broken_push_is_gits_to_refuse(hub: Hub) -> None:
    hub.repository()
    line = f"{'0' * 40} {'1' * 40} refs/heads/main\0report-status side-band-64k".encode()
    body = f"{len(line) + 4:04x}".encode() + line + b"0000PACKgarbage"
    answer = hub.http.post(
        f"{hub.git_url()}/git-receive-pack",
        content=body,
        headers={"Content-Type": "application/x-git-receive-pack-request"},
    )
    assert (answer.status_code, b"unpack ok" in answer.content) == (200, False)
    assert hub.call("GET", "/repos/acme/model/branches").json() == []

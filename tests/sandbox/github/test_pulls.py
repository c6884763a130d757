from __future__ import annotations

from pathlib import Path
from typing import Any

import github
import pytest

from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.callers import issue_classic_token
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.test_git import PROTECT, PULLS


def _branches(hub: Hub, tmp_path: Path, **files: str) -> Path:
    """Push main, and topic with one change more."""
    hub.repository()
    copy = working_copy(tmp_path / "a", {"a.txt": "1\n"})
    push(copy, hub.git_url())
    commit(copy, files or {"b.txt": "2\n"}, "topic")
    push(copy, hub.git_url(), "HEAD:topic")
    return copy


def _token(hub: Hub, login: str) -> str:
    account = hub.write(lambda tx: find_account(tx, login))
    return str(hub.write(lambda tx: issue_classic_token(tx, account["id"], ("repo",))))


def test_pygithub_opens_and_merges_a_pull_request(hub: Hub, tmp_path: Path) -> None:
    _branches(hub, tmp_path)
    repo = hub.client().get_repo("acme/model")
    pull = repo.create_pull(base="main", head="topic", title="Add b", body="why")
    assert (pull.number, pull.mergeable, pull.commits, pull.changed_files) == (1, True, 1, 1)
    assert [file.filename for file in pull.get_files()] == ["b.txt"]
    assert [step.commit.message for step in pull.get_commits()] == ["topic"]
    with pytest.raises(github.GithubException, match="A pull request already exists for acme:topic"):
        repo.create_pull(base="main", head="topic", title="Again")
    assert not pull.is_merged()
    repo.edit(delete_branch_on_merge=True)
    merged = pull.merge()
    assert (merged.merged, repo.get_branch("main").commit.sha) == (True, merged.sha)
    again = repo.get_pull(1)
    assert (again.state, again.is_merged(), again.merge_commit_sha) == ("closed", True, merged.sha)
    assert [branch.name for branch in repo.get_branches()] == ["main"]
    assert len(repo.get_commit(merged.sha).parents) == 2


def test_a_squash_makes_one_commit(hub: Hub, tmp_path: Path) -> None:
    _branches(hub, tmp_path)
    repo = hub.client().get_repo("acme/model")
    merged = repo.create_pull(base="main", head="topic", title="Add b").merge(merge_method="squash")
    made = repo.get_commit(merged.sha)
    assert (made.commit.message, len(made.parents)) == ("topic (#1)", 1)


def test_pull_requests_that_cannot_be(hub: Hub, tmp_path: Path) -> None:
    _branches(hub, tmp_path)
    pulls = "/repos/acme/model/pulls"
    empty = hub.call("POST", pulls, {"title": "x", "head": "main", "base": "main"})
    assert empty.json()["errors"][0]["message"] == "No commits between main and main"
    gone = hub.call("POST", pulls, {"title": "x", "head": "gone", "base": "main"})
    assert gone.json()["errors"] == [{"resource": "PullRequest", "code": "invalid", "field": "head"}]
    assert hub.call("POST", pulls, {"title": "x", "head": "mallory:topic", "base": "main"}).status_code == 422


def test_a_conflict_is_not_merged(hub: Hub, tmp_path: Path) -> None:
    copy = _branches(hub, tmp_path, **{"a.txt": "topic\n"})
    run_git(copy, "checkout", "-q", "-b", "other", "HEAD~1")
    push(commit(copy, {"a.txt": "main\n"}), hub.git_url())
    pull = hub.client().get_repo("acme/model").create_pull(base="main", head="topic", title="t")
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")
    with pytest.raises(github.GithubException, match="not mergeable") as refused:
        pull.merge()
    assert refused.value.status == 405


def test_a_rule_wants_an_approval_of_the_present_head(hub: Hub, tmp_path: Path) -> None:
    copy = _branches(hub, tmp_path)
    path = "/repos/acme/model"
    hub.call("POST", f"{path}/rulesets", {**PROTECT, "rules": [PULLS]})
    for login in ("ann", "bea"):
        hub.call("PUT", f"{path}/collaborators/{login}", {"permission": "push"})
    hub.call("POST", f"{path}/pulls", {"title": "t", "head": "topic", "base": "main"}, token=_token(hub, "ann"))
    reviews, merge = f"{path}/pulls/1/reviews", f"{path}/pulls/1/merge"
    own = hub.call("POST", reviews, {"event": "APPROVE"}, token=_token(hub, "ann"))
    assert own.json()["message"] == "Review Can not approve your own pull request"
    said = hub.call("PUT", merge, {}).json()["message"]
    assert "At least 1 approving review is required" in said
    hub.call("POST", reviews, {"event": "APPROVE"}, token=_token(hub, "cy"))
    assert hub.call("PUT", merge, {}).status_code == 405
    hub.call("POST", reviews, {"event": "APPROVE"}, token=_token(hub, "bea"))
    push(commit(copy, {"c.txt": "late"}), hub.git_url(), "HEAD:topic")
    assert hub.call("PUT", merge, {}).status_code == 405
    hub.call("POST", reviews, {"event": "APPROVE"}, token=_token(hub, "bea"))
    assert hub.call("PUT", merge, {}).json()["merged"] is True
    assert [row["state"] for row in hub.call("GET", reviews).json()] == ["DISMISSED", "DISMISSED", "APPROVED"]


def test_a_closed_pull_request_is_not_merged_and_opens_again(hub: Hub, tmp_path: Path) -> None:
    _branches(hub, tmp_path)
    repo = hub.client().get_repo("acme/model")
    pull = repo.create_pull(base="main", head="topic", title="t")
    pull.edit(state="closed", title="T")
    assert [found.title for found in repo.get_pulls(state="closed")] == ["T"]
    with pytest.raises(github.GithubException, match="not mergeable"):
        pull.merge()
    pull.edit(state="open")
    assert pull.merge().merged


def test_comments_on_a_pull_request(hub: Hub, tmp_path: Path) -> None:
    _branches(hub, tmp_path)
    pull = hub.client().get_repo("acme/model").create_pull(base="main", head="topic", title="t")
    made = pull.create_issue_comment("The plan")
    made.edit("The new plan")
    assert [(found.body, found.user.login) for found in pull.get_issue_comments()] == [
        ("The new plan", "provision-env[bot]")
    ]
    made.delete()
    assert pull.get_issue_comments().totalCount == 0


def test_issues_need_their_own_permission_and_share_the_numbers(hub: Hub, tmp_path: Path) -> None:
    _branches(hub, tmp_path)
    path = "/repos/acme/model"
    assert hub.call("POST", f"{path}/issues", {"title": "x"}).status_code == 403
    repo = hub.client(hub.tokens["user"]).get_repo("acme/model")
    issue = repo.create_issue("Drift", body="seen")
    assert repo.create_pull(base="main", head="topic", title="t").number == issue.number + 1
    issue.edit(state="closed", state_reason="completed")
    assert [found.number for found in repo.get_issues()] == [2]
    shown: dict[str, Any] = hub.call("GET", f"{path}/issues/1", token=hub.tokens["user"]).json()
    assert (shown["state"], shown["closed_at"] is not None) == ("closed", True)


def test_opening_a_pull_request_records_the_runs_it_starts(hub: Hub, tmp_path: Path) -> None:
    flow = "on:\n  pull_request:\n    branches: [main]\njobs: {t: {runs-on: x, steps: []}}\n"
    _branches(hub, tmp_path, **{".github/workflows/ci.yml": flow})
    hub.client().get_repo("acme/model").create_pull(base="main", head="topic", title="t")
    runs = hub.call("GET", "/repos/acme/model/actions/runs").json()["workflow_runs"]
    assert [(run["event"], run["head_branch"]) for run in runs] == [("pull_request", "topic")]

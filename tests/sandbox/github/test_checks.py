from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.github import checks, repositories
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.people import app, person

RUNS = "/repos/acme/model/check-runs"
DEPLOYMENTS = "/repos/acme/model/deployments"


@pytest.fixture
def sha(hub: Hub, tmp_path: Path) -> str:
    hub.repository()
    copy = working_copy(tmp_path / "a", {"a.txt": "1\n"})
    push(copy, hub.git_url())
    return run_git(copy, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture
def writer(hub: Hub) -> str:
    return app(hub, checks="write", contents="read", deployments="write", pull_requests="read")


def test_only_an_app_writes_checks_and_only_its_own(hub: Hub, sha: str, writer: str) -> None:
    wanted = {"name": "ci", "head_sha": sha}
    refused = hub.call("POST", RUNS, wanted, token=hub.tokens["user"])
    assert (refused.status_code, refused.json()["message"]) == (403, "You must authenticate via a GitHub App.")
    assert hub.call("POST", RUNS, wanted).status_code == 403  # its token lacks checks: write
    assert hub.call("POST", RUNS, {**wanted, "head_sha": "0" * 40}, token=writer).status_code == 422
    assert hub.call("POST", RUNS, {**wanted, "status": "completed"}, token=writer).status_code == 422
    stamp = "2026-01-01T00:00:00Z"
    repository = hub.write(lambda tx: repositories.by_name(tx, "acme", "model")[0])
    foreign = hub.write(lambda tx: checks.create(tx, repository, checks.actions_app(tx, stamp), wanted, stamp))
    other = hub.call("PATCH", f"{RUNS}/{foreign['id']}", {"conclusion": "success"}, token=writer)
    assert "can only be modified by the GitHub App that created it" in other.json()["message"]


def test_runs_make_a_suite_whose_conclusion_is_the_gravest(hub: Hub, sha: str, writer: str) -> None:
    place = f"/repos/acme/model/commits/{sha}"
    for name, conclusion in (("one", "success"), ("two", "neutral"), ("three", "failure")):
        made = hub.call("POST", RUNS, {"name": name, "head_sha": sha, "conclusion": conclusion}, token=writer)
        assert made.json()["status"] == "completed"
    (suite,) = hub.call("GET", f"{place}/check-suites", token=writer).json()["check_suites"]
    assert (suite["status"], suite["conclusion"], suite["latest_check_runs_count"]) == ("completed", "failure", 3)
    hub.call("POST", RUNS, {"name": "three", "head_sha": sha, "status": "in_progress"}, token=writer)
    shown = hub.call("GET", f"/repos/acme/model/check-suites/{suite['id']}", token=writer).json()
    assert (shown["status"], shown["conclusion"]) == ("in_progress", None)
    newest = hub.call("GET", f"{place}/check-runs?check_name=three", token=writer).json()
    assert [run["status"] for run in newest["check_runs"]] == ["in_progress"]
    every = hub.call("GET", f"{place}/check-runs?check_name=three&filter=all", token=writer).json()
    assert every["total_count"] == 2
    again = hub.call("POST", "/repos/acme/model/check-suites", {"head_sha": sha}, token=writer)
    assert (again.status_code, again.json()["id"]) == (200, suite["id"])


def test_annotations_are_kept_and_counted(hub: Hub, sha: str, writer: str) -> None:
    row = {"path": "a.txt", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "odd"}
    output = {"title": "t", "summary": "s", "annotations": [row]}
    run = hub.call("POST", RUNS, {"name": "ci", "head_sha": sha, "output": output}, token=writer).json()
    hub.call("PATCH", f"{RUNS}/{run['id']}", {"output": output}, token=writer)
    assert hub.call("GET", f"{RUNS}/{run['id']}", token=writer).json()["output"]["annotations_count"] == 2
    rows = hub.call("GET", f"{RUNS}/{run['id']}/annotations", token=writer).json()
    assert [(one["message"], one["start_column"]) for one in rows] == [("odd", None)] * 2
    many = {**output, "annotations": [row] * 51}
    assert hub.call("PATCH", f"{RUNS}/{run['id']}", {"output": many}, token=writer).status_code == 422


def test_a_job_has_one_check_run_however_often_it_is_told_of(hub: Hub, sha: str, writer: str) -> None:
    facts: Any = {"external_id": "job-1", "name": "test", "head_sha": sha, "details_url": "https://x"}
    times: Any = {"started_at": "2026-01-01T00:00:00Z", "completed_at": None}
    repository = hub.write(lambda tx: repositories.by_name(tx, "acme", "model")[0])
    said: Any = {"status": "in_progress", "conclusion": None}
    hub.write(lambda tx: checks.put_for_job(tx, repository, **facts, **times, **said))
    over: Any = {**times, "completed_at": "2026-01-01T00:01:00Z", "status": "completed", "conclusion": "success"}
    hub.write(lambda tx: checks.put_for_job(tx, repository, **facts, **over))
    found = hub.call("GET", f"/repos/acme/model/commits/{sha}/check-runs", token=writer).json()
    assert [(run["name"], run["conclusion"], run["app"]["slug"]) for run in found["check_runs"]] == [
        ("test", "success", "github-actions")
    ]


def test_a_deployment_goes_through_its_states(hub: Hub, sha: str, writer: str) -> None:
    wanted = {"ref": "main", "environment": "dev", "payload": {"x": 1}, "description": "new"}
    first = hub.call("POST", DEPLOYMENTS, wanted, token=writer).json()
    assert (first["sha"], first["payload"]) == (sha, {"x": 1})
    assert hub.call("GET", "/repos/acme/model/environments/dev").status_code == 200
    second = hub.call("POST", DEPLOYMENTS, wanted, token=writer).json()
    for number in (first["id"], second["id"]):
        for state in ("in_progress", "success"):
            made = hub.call("POST", f"{DEPLOYMENTS}/{number}/statuses", {"state": state}, token=writer)
            assert made.status_code == 201, made.text
    states = [row["state"] for row in hub.call("GET", f"{DEPLOYMENTS}/{first['id']}/statuses", token=writer).json()]
    assert states == ["inactive", "success", "in_progress"]
    assert hub.call("DELETE", f"{DEPLOYMENTS}/{second['id']}", token=writer).status_code == 422
    assert hub.call("DELETE", f"{DEPLOYMENTS}/{first['id']}", token=writer).status_code == 204
    rows = hub.call("GET", f"{DEPLOYMENTS}?environment=dev", token=writer).json()
    assert [row["id"] for row in rows] == [second["id"]]


def test_a_deployment_waits_for_checks_and_for_what_the_default_branch_has(
    hub: Hub, sha: str, writer: str, tmp_path: Path
) -> None:
    hub.call("POST", RUNS, {"name": "ci", "head_sha": sha, "conclusion": "failure"}, token=writer)
    refused = hub.call("POST", DEPLOYMENTS, {"ref": "main"}, token=writer)
    assert (refused.status_code, refused.json()["message"]) == (409, "Conflict: Commit status checks failed for main.")
    assert hub.call("POST", DEPLOYMENTS, {"ref": "main", "required_contexts": []}, token=writer).status_code == 201
    unknown = hub.call("POST", DEPLOYMENTS, {"ref": "main", "required_contexts": ["lint"]}, token=writer)
    assert unknown.json()["errors"][0]["contexts"] == [{"context": "lint", "state": "expected"}]
    assert hub.call("POST", DEPLOYMENTS, {"ref": "nowhere"}, token=writer).status_code == 422
    copy = tmp_path / "a"
    push(copy, hub.git_url(), "HEAD:old")
    push(commit(copy, {"b.txt": "1"}), hub.git_url())
    behind = hub.call("POST", DEPLOYMENTS, {"ref": "old", "required_contexts": []}, token=writer)
    assert (behind.status_code, behind.json()["message"]) == (409, "Conflict merging main into old.")
    reader = person(hub, "cy")
    assert hub.call("POST", DEPLOYMENTS, {"ref": "main"}, token=reader).status_code in {403, 404}

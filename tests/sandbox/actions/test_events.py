"""What starts a run: dispatches, schedules, other runs, pull requests; and what must not."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.github import bare, workflows
from provisioner.sandbox.github.callers import Caller
from tests.sandbox.actions.bench import Bench, needs_act

pytestmark = needs_act


def workflow(on: str, test: str = "1 = 1", extra: str = "") -> str:
    return f"name: w\non: {on}\n{extra}jobs:\n  a:\n    runs-on: x\n    steps: [{{run: 'test {test}'}}]\n"


def test_a_dispatch_has_typed_inputs(bench: Bench) -> None:
    inputs = "{workflow_dispatch: {inputs: {n: {type: number}, dry: {type: boolean, default: true}}}}"
    job = '"${{ inputs.n == 3 && inputs.dry == true && github.event.inputs.n == 3 }}" = true'
    bench.push({"w": workflow(inputs, job)})
    assert bench.runs() == []
    wrong = bench.call("POST", "workflows/w.yaml/dispatches", {"ref": "main", "inputs": {"n": "x"}})
    assert (wrong.status_code, "is not a number" in wrong.text) == (422, True)
    body = {"ref": "main", "inputs": {"n": "3"}, "return_run_details": True}
    made = bench.call("POST", "workflows/w.yaml/dispatches", body)
    assert made.json()["workflow_run_id"] == bench.run()["id"]
    bench.settle()
    assert (bench.run()["event"], bench.run()["conclusion"]) == ("workflow_dispatch", "success")


@pytest.mark.slow
def test_a_disabled_workflow_is_not_started(bench: Bench) -> None:
    bench.push({"w": workflow("{push: {}, workflow_dispatch: {}}")})
    assert bench.call("PUT", "workflows/w.yaml/disable").status_code == 204
    assert bench.call("GET", "workflows/w.yaml").json()["state"] == "disabled_manually"
    bench.push({"a/b": "1"})
    assert bench.call("POST", "workflows/w.yaml/dispatches", {"ref": "main"}).status_code == 422
    assert len(bench.runs()) == 1
    assert bench.call("PUT", "workflows/w.yaml/enable").status_code == 204
    bench.push({"a/b": "2"})
    assert len(bench.runs()) == 2


def test_schedules_follow_the_clock(bench: Bench) -> None:
    bench.push({"w": workflow("{schedule: [{cron: '17 5 * * 1'}]}", '"${{ github.event.schedule }}" = "17 5 * * 1"')})
    assert bench.runs() == []
    bench.hub.world.clock.advance(8 * 24 * 3600)
    bench.settle()
    assert [(run["event"], run["conclusion"]) for run in bench.runs()] == [("schedule", "success")]
    bench.hub.world.clock.advance(60)
    bench.settle()
    assert len(bench.runs()) == 1


@pytest.mark.slow
def test_the_end_of_a_run_and_a_repository_dispatch(bench: Bench) -> None:
    follow = workflow(
        "{workflow_run: {workflows: [w], types: [completed]}}", "${{ github.event.workflow_run.conclusion }} = success"
    )
    files = {"w": workflow("{repository_dispatch: {types: [retrain]}}", "${{ github.event.client_payload.n }} = 7")}
    bench.push({**files, "follow": follow.replace("name: w", "name: follow")})
    sent = {"event_type": "retrain", "client_payload": {"n": 7}}
    assert bench.hub.call("POST", f"{bench.path}/dispatches", sent).status_code == 204
    assert bench.hub.call("POST", f"{bench.path}/dispatches", {"event_type": "other"}).status_code == 204
    bench.settle()
    seen = [(run["name"], run["event"], run["conclusion"]) for run in bench.runs()]
    assert seen == [("w", "repository_dispatch", "success"), ("follow", "workflow_run", "success")]


@pytest.mark.slow
def test_commits_may_say_that_they_want_no_run(bench: Bench) -> None:
    bench.push({"w": workflow("push")})
    bench.push({"a/b": "1"}, message="Fix a word [skip ci]")
    assert len(bench.runs()) == 1


def pull(bench: Bench, on: str, test: str, extra: str = "") -> dict[str, Any]:
    bench.push({"w": workflow(on, test, extra)})
    bench.push({"src/a.py": "x = 1\n"}, "HEAD:refs/heads/topic", settle=False)
    body = {"title": "Change a", "head": "topic", "base": "main"}
    made: dict[str, Any] = bench.hub.call("POST", f"{bench.path}/pulls", body).json()
    bench.settle()
    return made


@pytest.mark.slow
def test_a_pull_request_is_tried_merged(bench: Bench) -> None:
    test = "${{ github.ref }}-${{ github.head_ref }}-${{ github.event.number }} = refs/pull/1/merge-topic-1"
    made = pull(bench, "{pull_request: {paths: [src/**]}}", test)
    run = bench.run()
    assert (run["event"], run["conclusion"], run["head_branch"]) == ("pull_request", "success", "topic")
    assert run["head_sha"] == made["head"]["sha"]
    assert [one["number"] for one in run["pull_requests"]] == [1]
    bench.push({"src/a.py": "x = 2\n"}, "HEAD:refs/heads/topic")
    assert [one["conclusion"] for one in bench.runs()] == ["success", "success"]


def test_a_run_from_a_fork_has_no_secrets_and_no_identity(bench: Bench) -> None:
    bench.secret("WORD", "between us")
    test = '"${{ secrets.WORD }}$ACTIONS_ID_TOKEN_REQUEST_TOKEN" = ""'
    extra = "permissions: {contents: write, id-token: write}\n"
    made = pull(bench, "{pull_request: {types: [reopened]}}", test, extra)
    repository, ann_id = bench.hub.call("GET", bench.path).json(), bench.number("ann")

    def from_fork(tx: Any) -> None:
        stored = tx.get("github/repositories", str(repository["id"])) or {**repository, "visibility": "private"}
        git = bare.opened(bench.hub.world.folder, repository["id"])
        ann = tx.get("github/accounts", str(ann_id))
        record = {
            "number": made["number"],
            "head": "topic",
            "base": "main",
            "base_sha": made["base"]["sha"],
            "head_sha": made["head"]["sha"],
            "head_repository_id": repository["id"] + 1,
            "action": "reopened",
            "stamp": "2026-11-21T08:00:00Z",
        }
        workflows.on_pull_request(tx, git, stored, Caller("classic", ann), record)

    bench.hub.write(from_fork)
    bench.settle()
    assert (bench.run()["event"], bench.conclusions()) == ("pull_request", {"a": "success"})

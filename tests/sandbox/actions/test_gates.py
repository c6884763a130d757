"""Environments hold jobs: reviewers, branch policies, a wait; and what REST tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.github.callers import issue_classic_token
from tests.sandbox.actions.bench import Bench, needs_act

pytestmark = needs_act
DEPLOY = """
on: {push: {}, workflow_dispatch: {}}
jobs:
  deploy:
    runs-on: x
    environment: {name: prod, url: "https://${{ steps.a.outputs.host }}/"}
    steps:
      - id: a
        run: echo "host=prod.example.com" >> "$GITHUB_OUTPUT"
      - run: test "${{ vars.PLACE }}" = "of prod" && test "${{ secrets.WORD }}" = "of prod too"
"""
PLAIN = DEPLOY[: DEPLOY.index("      - run: test")]
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}


@pytest.fixture
def prod(bench: Bench) -> dict[str, Any]:
    return bench.environment("prod", reviewers=[{"type": "User", "id": bench.number("ann")}], prevent_self_review=True)


def review(bench: Bench, who: str, state: str, environment: int) -> Any:
    run = bench.run()["id"]
    body = {"environment_ids": [environment], "state": state, "comment": "seen"}
    return bench.call("POST", f"runs/{run}/pending_deployments", body, token=bench.person(who))


def test_a_reviewer_lets_a_job_go_on(bench: Bench, prod: dict[str, Any]) -> None:
    place = f"{bench.path}/environments/prod"
    assert bench.hub.call("POST", f"{place}/variables", {"name": "PLACE", "value": "of prod"}).status_code == 201
    bench.secret("WORD", "of prod too", "prod")
    bench.push({"deploy": DEPLOY})
    run = bench.run()
    assert (run["status"], bench.conclusions()) == ("waiting", {"deploy": "waiting"})
    (pending,) = bench.call("GET", f"runs/{run['id']}/pending_deployments", token=bench.person("ann")).json()
    assert (pending["environment"]["name"], pending["current_user_can_approve"]) == ("prod", True)
    assert pending["reviewers"][0]["reviewer"]["login"] == "ann"
    assert review(bench, "cy", "approved", prod["id"]).status_code in {403, 404, 422}
    bench.settle()
    assert bench.conclusions() == {"deploy": "waiting"}
    assert review(bench, "ann", "approved", prod["id"]).status_code == 200
    assert review(bench, "ann", "approved", prod["id"]).status_code == 422
    bench.settle()
    assert (bench.run()["conclusion"], bench.conclusions()) == ("success", {"deploy": "success"})
    (entry,) = bench.call("GET", f"runs/{run['id']}/approvals").json()
    assert (entry["state"], entry["user"]["login"], entry["comment"]) == ("approved", "ann", "seen")
    (deployment,) = bench.hub.call("GET", f"{bench.path}/deployments", token=bench.person("bea")).json()
    states = bench.hub.call(
        "GET", f"{bench.path}/deployments/{deployment['id']}/statuses", token=bench.person("bea")
    ).json()
    assert [row["state"] for row in states] == ["success", "in_progress", "queued", "pending"]
    assert states[0]["environment_url"] == "https://prod.example.com/"


def test_whoever_triggered_it_does_not_approve_it(bench: Bench, prod: dict[str, Any]) -> None:
    bench.push({"deploy": DEPLOY})
    account = bench.number("ann")
    token = bench.hub.write(lambda tx: issue_classic_token(tx, account, ["repo"]))
    bench.hub.call("PUT", f"{bench.path}/collaborators/ann", {"permission": "push"})
    asked = bench.call("POST", "workflows/deploy.yaml/dispatches", {"ref": "main"}, token=token)
    assert asked.status_code == 204
    refused = review(bench, "ann", "approved", prod["id"])
    assert (refused.status_code, "cannot approve" in refused.text) == (422, True)


def test_a_rejection_fails_the_run(bench: Bench, prod: dict[str, Any]) -> None:
    bench.push({"deploy": DEPLOY})
    assert review(bench, "ann", "rejected", prod["id"]).status_code == 200
    bench.settle()
    assert (bench.run()["conclusion"], bench.conclusions()) == ("failure", {"deploy": "failure"})
    assert "rejected by ann" in bench.stored("deploy")["note"]


def test_the_branch_policy_refuses_at_once(bench: Bench) -> None:
    bench.environment("prod", deployment_branch_policy=CUSTOM)
    place = f"{bench.path}/environments/prod/deployment-branch-policies"
    assert bench.hub.call("POST", place, {"name": "release/*"}).status_code == 200
    bench.push({"deploy": DEPLOY})
    assert bench.conclusions() == {"deploy": "failure"}
    assert bench.stored("deploy")["note"].startswith('Branch "main" is not allowed to deploy to prod')


def test_a_wait_timer_runs_by_the_clock_of_the_sandbox(bench: Bench) -> None:
    bench.environment("prod", wait_timer=30)
    bench.push({"deploy": PLAIN})
    assert bench.conclusions() == {"deploy": "waiting"}
    bench.hub.world.clock.advance(29 * 60)
    bench.settle()
    assert bench.conclusions() == {"deploy": "waiting"}
    bench.hub.world.clock.advance(61)
    bench.settle()
    assert bench.conclusions() == {"deploy": "success"}


@pytest.mark.slow
def test_an_environment_that_is_only_named_is_made(bench: Bench) -> None:
    bench.push({"deploy": PLAIN})
    assert bench.conclusions() == {"deploy": "success"}
    assert bench.hub.call("GET", f"{bench.path}/environments/prod").json()["protection_rules"] == []

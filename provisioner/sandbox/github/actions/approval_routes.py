"""Deployments that wait for a reviewer, over REST.

https://docs.github.com/rest/actions/workflow-runs#review-pending-deployments-for-a-workflow-run
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import environments, repositories, teams
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.actions import records
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.actions.run_routes import board_of, run_of
from provisioner.sandbox.github.actions.runner import go_on
from provisioner.sandbox.github.call import Answer, Call
from provisioner.sandbox.github.environment_routes import brief_environment
from provisioner.sandbox.github.errors import unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import NUMBER, Field, text
from provisioner.sandbox.store import Document

_REVIEW = {
    "environment_ids": Field("array", required=True, items=NUMBER),
    "state": text(required=True, enum=("approved", "rejected")),
    "comment": text(required=True),
}


def pending(call: Call) -> Answer:
    """List the environments for which jobs of a run wait."""
    board = board_of(call)
    found = {environment["id"]: (environment, job) for environment, job in _waiting(board)}
    return Answer([_show(call, environment, job) for environment, job in found.values()])


def _waiting(board: Board) -> list[tuple[Document, Document]]:
    found = []
    for node in board.nodes.values():
        for job in board.jobs_of(node):
            environment = environments.find(board.tx, board.repository["id"], job["environment"])
            if job["status"] == "waiting" and environment:
                found.append((environment, job))
    return found


def _show(call: Call, environment: Document, job: Document) -> dict[str, Any]:
    may = call.caller.is_person and environments.may_review(
        call.tx, call.repository, environment, call.caller.account.get("id", 0)
    )
    return {
        "environment": brief_environment(call, environment),
        "wait_timer": environment["wait_timer"],
        "wait_timer_started_at": job.get("waiting_since"),
        "current_user_can_approve": bool(may),
        "reviewers": [{"type": who["type"], "reviewer": _reviewer(call, who)} for who in environment["reviewers"]],
    }


def _reviewer(call: Call, who: dict[str, Any]) -> dict[str, Any]:
    if who["type"] == "Team":
        return teams.show(call.tx, call.urls, teams.by_number(call.tx, call.repository["owner_id"], who["id"]))
    return simple(call.urls, account_by_id(call.tx, who["id"]))


def review(call: Call) -> Answer:
    """Approve or reject what waits for the caller."""
    wanted, board = call.body(_REVIEW), board_of(call)
    waiting = [(env, job) for env, job in _waiting(board) if env["id"] in wanted["environment_ids"]]
    missing = sorted(set(wanted["environment_ids"]) - {environment["id"] for environment, _ in waiting})
    if missing or not waiting:
        raise unprocessable(f"There are no pending deployment requests to approve or reject for environments {missing}")
    for environment, job in waiting:
        _check_reviewer(call, board, environment)
        _decide(call, board, job, wanted["state"])
    entry = {
        "state": wanted["state"],
        "comment": wanted["comment"],
        "user_id": call.caller.account["id"],
        "environment_ids": wanted["environment_ids"],
    }
    board.run["reviews"] = [*board.run.get("reviews", []), entry]
    go_on(board)
    return Answer([_deployment(call, board, environment, job) for environment, job in waiting])


def _check_reviewer(call: Call, board: Board, environment: Document) -> None:
    person = call.caller.account
    if not call.caller.is_person or not environments.may_review(call.tx, call.repository, environment, person["id"]):
        raise unprocessable(f"{call.caller.name} is not a required reviewer of {environment['name']}")
    trigger = board.run.get("triggering_actor_id") or board.run["actor_id"]
    if environment["prevent_self_review"] and person["id"] == trigger:
        raise unprocessable(f"{person['login']} triggered this run and cannot approve its deployment")


def _decide(call: Call, board: Board, job: Document, state: str) -> None:
    if state == "approved":
        job["approved_by"] = call.caller.account["id"]
        records.put_job(board.tx, board.repository["id"], job)
    else:
        who = call.caller.account["login"]
        records.end_job(board, job, "failure", f"The deployment to {job['environment']} was rejected by {who}.")


def _deployment(call: Call, board: Board, environment: Document, job: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    number = job.get("deployment_id", 0)
    own = call.urls.api("repos", name, "deployments", number)
    return {
        "id": number,
        "node_id": node_id("DE", number),
        "url": own,
        "sha": board.run["head_sha"],
        "ref": board.run["head_branch"],
        "task": "deploy",
        "payload": {},
        "original_environment": environment["name"],
        "environment": environment["name"],
        "description": None,
        "creator": simple(call.urls, account_by_id(call.tx, board.run["actor_id"])),
        "created_at": job["created_at"],
        "updated_at": call.stamp,
        "statuses_url": f"{own}/statuses",
        "repository_url": call.urls.api("repos", name),
        "transient_environment": False,
        "production_environment": False,
    }


def approvals(call: Call) -> Answer:
    """List the reviews of a run."""
    return Answer([_show_review(call, entry) for entry in run_of(call).get("reviews", [])])


def _show_review(call: Call, entry: Document) -> dict[str, Any]:
    known = environments.of_repository(call.tx, call.repository["id"])
    chosen = [env for env in known if env["id"] in entry["environment_ids"]]
    times = ("created_at", "updated_at")
    return {
        "environments": [{**brief_environment(call, env), **{name: env[name] for name in times}} for env in chosen],
        "state": entry["state"],
        "user": simple(call.urls, account_by_id(call.tx, entry["user_id"])),
        "comment": entry["comment"],
    }


_RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}"
_DOCS = "actions/workflow-runs"
ROUTES = (
    route("GET", f"{_RUN}/pending_deployments", repo_read("actions"), pending, _DOCS),
    route("POST", f"{_RUN}/pending_deployments", repo_write("deployments", "read"), review, _DOCS),
    route("GET", f"{_RUN}/approvals", repo_read("actions"), approvals, _DOCS),
)

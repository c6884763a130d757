"""From an event to a run: its record, its plan, and the first jobs that may start."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.github.actions import ending, graph
from provisioner.sandbox.github.actions.calls import nodes_of, scope_of
from provisioner.sandbox.github.actions.contexts import run_scope
from provisioner.sandbox.github.actions.definition import InvalidWorkflow, checked
from provisioner.sandbox.github.actions.evaluation import interpolate, to_text
from provisioner.sandbox.github.actions.expressions import ExpressionError
from provisioner.sandbox.github.actions.records import Board, plan_of, put_run
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.identifiers import moment_of, next_id
from provisioner.sandbox.github.triggers import Workflow
from provisioner.sandbox.store import Document, Transaction

WORKFLOWS = "github/workflows"
OFF = "Not executed: running workflows on this machine is switched off (provision-env sandbox actions on)"
NO_ACT = "Not executed: act is not installed on this machine (go install github.com/nektos/act@v0.2.89)"
DISABLED = "disabled_manually"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is a run.

    ``sha`` is the commit it works on, ``head_sha`` the one it is shown at (of a pull request: its head).
    """

    event: str
    ref: str
    sha: str
    stamp: str
    actor_id: int
    payload: dict[str, Any] = field(default_factory=dict)
    head_sha: str = ""
    head_branch: str = ""
    title: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


def start(tx: Transaction, git: Repository, repository: Document, workflow: Workflow, cause: Cause) -> Document | None:
    """Begin a run of a workflow, or only record it where nothing is executed; None for a disabled workflow."""
    known = registered(tx, repository, workflow, cause.stamp)
    if known.get("state") == DISABLED:
        return None
    known["runs"] = known.get("runs", 0) + 1
    tx.put(WORKFLOWS, f"{repository['id']}/{workflow.path}", known)
    run = _record(tx, workflow, cause, known)
    reason = why_not(tx)
    if reason:
        run |= {"status": "completed", "conclusion": "skipped", "title": reason}
        put_run(tx, repository["id"], run)
        return run
    _plan(Board(tx, git, repository, run, {"nodes": {}, "scopes": {}}, moment_of(cause.stamp)), workflow, cause)
    return run


def why_not(tx: Transaction) -> str:
    """Return why no job is executed here; empty when jobs are."""
    settings = tx.get("sandbox", "settings") or {}
    if settings.get("actions", "off") != "act":
        return OFF
    return "" if act_program() else NO_ACT


def act_program() -> str | None:
    """Return the path of act: on the PATH, or where ``go install`` puts it."""
    from pathlib import Path  # noqa: PLC0415 - only for the second look

    found = shutil.which("act")
    usual = Path("~/go/bin/act").expanduser()
    return found or (str(usual) if usual.is_file() else None)


def _record(tx: Transaction, workflow: Workflow, cause: Cause, known: Document) -> Document:
    branch = cause.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return {
        "id": next_id(tx, "run"),
        "workflow_id": known["id"],
        "name": workflow.name,
        "path": workflow.path,
        "run_number": known["runs"],
        "event": cause.event,
        "ref": cause.ref,
        "sha": cause.sha,
        "head_sha": cause.head_sha or cause.sha,
        "head_branch": cause.head_branch or branch,
        "actor_id": cause.actor_id,
        "triggering_actor_id": cause.actor_id,
        "created_at": cause.stamp,
        "updated_at": cause.stamp,
        "run_started_at": cause.stamp,
        "attempt": 1,
        "status": "queued",
        "conclusion": None,
        "title": cause.title or workflow.name,
        "payload": cause.payload,
        **cause.more,
    }


def _plan(board: Board, workflow: Workflow, cause: Cause) -> None:
    try:
        definition = checked(workflow.path, dict(workflow.document))
    except InvalidWorkflow as problem:
        ending.fail_to_start(board, problem.problems)
        board.save()
        return
    board.plan["concurrency"] = definition.section("concurrency")
    board.plan["scopes"][""] = scope_of(definition, cause.inputs)
    board.nodes.update(nodes_of(definition, ""))
    _name(board, definition.section("run-name"))
    graph.advance(board)


def _name(board: Board, given: object) -> None:
    if not given:
        return
    try:
        board.run["title"] = to_text(interpolate(given, run_scope(board.tx, board))) or board.run["title"]
    except ExpressionError as problem:
        ending.fail_to_start(board, [str(problem)])


def again(board: Board, actor_id: int, paths: set[str] | None) -> None:
    """Begin a new attempt: of all jobs, or of the nodes at ``paths`` and those that wait for them."""
    run, plan = board.run, board.plan
    keep = [] if paths is None else [path for path in board.nodes if path not in paths]
    for path, node in list(plan["nodes"].items()):
        if path in keep:
            continue
        if "/" in path and _caller_of(plan, path) not in keep:
            del plan["nodes"][path]  # the calling job puts it in again
            continue
        node |= {"state": "blocked", "result": "", "outputs": {}, "jobs": [], "children": []}
    run.update(
        {
            "attempt": run["attempt"] + 1,
            "status": "queued",
            "conclusion": None,
            "cancelled": False,
            "entered": False,
            "triggering_actor_id": actor_id,
            "run_started_at": board.stamp,
            "updated_at": board.stamp,
        }
    )
    graph.advance(board)


def _caller_of(plan: Document, path: str) -> str:
    scope = plan["scopes"][plan["nodes"][path]["scope"]]
    return str(scope["parent"] or "")


def registered(tx: Transaction, repository: Document, workflow: Workflow, stamp: str) -> Document:
    """Return the record of a workflow, making it when the file is seen for the first time."""
    key = f"{repository['id']}/{workflow.path}"
    known = tx.get(WORKFLOWS, key)
    if known is None:
        known = {"id": next_id(tx, "workflow"), "path": workflow.path, "created_at": stamp, "state": "active"}
    known |= {"name": workflow.name, "updated_at": stamp}
    tx.put(WORKFLOWS, key, known)
    return known


def board_of(tx: Transaction, git: Repository, repository: Document, run: Document, now: Any) -> Board:  # noqa: ANN401 - a datetime
    """Return a run with its plan, to go on with it."""
    return Board(tx, git, repository, run, plan_of(tx, repository["id"], run["id"]), now)

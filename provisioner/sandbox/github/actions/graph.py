"""Which job may start now: needs, conditions, matrices, called workflows, groups, environments. No job is run here."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github.actions import calls, ending, gates, groups, reporting
from provisioner.sandbox.github.actions.contexts import job_scope, run_scope
from provisioner.sandbox.github.actions.definition import environment_of
from provisioner.sandbox.github.actions.evaluation import Scope, condition, interpolate, to_text, truth
from provisioner.sandbox.github.actions.expressions import ExpressionError
from provisioner.sandbox.github.actions.matrix import Combination, combinations, label
from provisioner.sandbox.github.actions.records import Board, end_job, new_job, put_job
from provisioner.sandbox.store import Document


def advance(board: Board) -> None:
    """Take a run as far as it goes without a job being executed, and write it back."""
    if board.run["status"] == "completed":
        return
    if _enter_run(board):
        while sum(_step(board, path, node) for path, node in list(board.nodes.items())):
            pass
        ending.conclude(board)
    reporting.report(board)
    board.save()


def _enter_run(board: Board) -> bool:
    section = board.plan.get("concurrency")
    if section is None or board.run.get("cancelled"):
        return True
    if "group" not in board.run:
        try:
            wanted = groups.wanted_of(interpolate(section, run_scope(board.tx, board)), f"run/{board.run['id']}")
        except ExpressionError as problem:
            ending.fail_to_start(board, [str(problem)])
            return False
        board.run.update(
            {"group": wanted.group if wanted else "", "cancels": bool(wanted and wanted.cancel_in_progress)}
        )
    if not board.run["group"] or board.run.get("entered"):
        return True
    board.save()  # whoever has to go is found by what is stored
    place = groups.Wanted(board.run["group"], f"run/{board.run['id']}", board.run["cancels"])
    entered = groups.enter(board.tx, board.repository["id"], place, lambda member: ending.cancel_member(board, member))
    board.run.update({"entered": entered} | ({} if entered else {"status": "pending"}))
    return entered


def _step(board: Board, path: str, node: Document) -> bool:
    if node["state"] == "blocked":
        return _start_node(board, path, node)
    if node["state"] != "active":
        return False
    if node["call"]:
        return calls.finish(board, path, node)
    jobs = board.jobs_of(node)
    moved = [_admit(board, node, job, jobs) for job in jobs if job["status"] in {"queued", "waiting", "pending"}]
    return ending.finish_node(board, node) or any(moved)


def _start_node(board: Board, path: str, node: Document) -> bool:
    if any(board.nodes[needed]["state"] != "done" for needed in node["needs"]):
        return False
    definition, scope = node["definition"], job_scope(board, node)
    try:
        if not condition(definition.get("if"), scope):
            _skip(board, node)
            return True
        strategy = interpolate(definition.get("strategy") or {}, scope)
        rows = combinations(strategy.get("matrix") if isinstance(strategy, dict) else None)
        node |= {"state": "active", "fail_fast": truth(strategy.get("fail-fast", True))}
        node["max_parallel"] = int(strategy.get("max-parallel") or len(rows))
        if node["call"]:
            calls.expand(board, path, node, rows)
        else:
            for index, row in enumerate(rows):
                _create(board, node, row, (index, len(rows)))
    except (ExpressionError, calls.CallRefused, ValueError) as problem:
        job = new_job(board, _fields(node, node["id"], {}))
        end_job(board, job, "failure", str(problem))
        node |= {"jobs": [*node["jobs"], job["id"]], "state": "done", "result": "failure"}
    return True


def _skip(board: Board, node: Document) -> None:
    """Leave a job out: it is listed as skipped under the name it has before its matrix is known."""
    job = new_job(board, _fields(node, str(node["definition"].get("name") or node["id"]), {}))
    end_job(board, job, "skipped")
    node |= {"jobs": [job["id"]], "state": "done", "result": "skipped"}


def _create(board: Board, node: Document, row: Combination, place: tuple[int, int]) -> None:
    definition = node["definition"]
    strategy = {
        "fail-fast": node["fail_fast"],
        "job-index": place[0],
        "job-total": place[1],
        "max-parallel": node["max_parallel"],
    }
    scope = job_scope(board, node, matrix=row, strategy=strategy)
    fields = _fields(node, job_name(node, row, scope), row)
    fields["strategy"] = strategy
    fields["environment"] = to_text(interpolate(environment_of(definition)[0], scope))
    fields["labels"] = _labels(interpolate(definition.get("runs-on"), scope))
    wanted = groups.wanted_of(interpolate(definition.get("concurrency"), scope), "")
    fields |= {"group": wanted.group if wanted else "", "cancels": bool(wanted and wanted.cancel_in_progress)}
    fields["continue_on_error"] = truth(interpolate(definition.get("continue-on-error", False), scope))
    fields["timeout_minutes"] = float(interpolate(definition.get("timeout-minutes", 360), scope))
    job = new_job(board, fields)
    node["jobs"] = [*node["jobs"], job["id"]]


def _fields(node: Document, name: str, row: Combination) -> dict[str, Any]:
    prefix = node.get("prefix", "")
    return {
        "name": f"{prefix} / {name}" if prefix else name,
        "node": node["path"],
        "status": "queued",
        "matrix": row,
        "strategy": {},
        "labels": [],
        "environment": "",
        "group": "",
    }


def job_name(node: Document, row: Combination, scope: Scope) -> str:
    """Return how a job is called: its name, and its combination where the name does not say it."""
    given = node["definition"].get("name")
    name = to_text(interpolate(given, scope)) if given else str(node["id"])
    return name if not row or (given and "matrix." in str(given)) else f"{name} ({label(row)})"


def _labels(value: Any) -> list[str]:  # noqa: ANN401 - a part of a workflow
    if isinstance(value, dict):
        value = value.get("labels") or value.get("group")
    return [to_text(one) for one in value] if isinstance(value, list) else [to_text(value)]


def _admit(board: Board, node: Document, job: Document, jobs: list[Document]) -> bool:
    """Let a job go on towards its start; True when something about it changed."""
    before = (job["status"], job.get("ready"))
    reason = gates.refusal(board, job)
    if reason:
        end_job(board, job, "failure", reason)
        return True
    started = [
        one for one in jobs if one["status"] == "in_progress" or (one["status"] == "queued" and one.get("ready"))
    ]
    if not job.get("ready") and len(started) >= node["max_parallel"]:
        return False
    job |= _standing(board, job)
    put_job(board.tx, board.repository["id"], job)
    return (job["status"], job.get("ready")) != before


def _standing(board: Board, job: Document) -> dict[str, Any]:
    if not _in_group(board, job):
        return {"status": "pending", "ready": False}
    if gates.is_held(board, job):
        return {"status": "waiting", "ready": False}
    return {"status": "queued", "ready": True}


def _in_group(board: Board, job: Document) -> bool:
    if not job["group"] or job.get("entered"):
        return True
    place = groups.Wanted(job["group"], f"job/{board.run['id']}/{job['id']}", job["cancels"])
    job["entered"] = groups.enter(
        board.tx, board.repository["id"], place, lambda member: ending.cancel_member(board, member)
    )
    return bool(job["entered"])

"""How jobs, nodes and runs come to an end: results, fail-fast, cancelling, what a run concludes."""

from __future__ import annotations

from provisioner.sandbox.github.actions import groups
from provisioner.sandbox.github.actions.records import (
    Board,
    annotation,
    end_job,
    find_job,
    find_run,
    plan_of,
    put_job,
)
from provisioner.sandbox.store import Document

_OPEN = ("queued", "waiting", "pending")


def finish_node(board: Board, node: Document) -> bool:
    """Give a node its result once all its jobs are over; cancel the others when one fails and fail-fast is on."""
    jobs = board.jobs_of(node)
    for job in jobs:
        if job["status"] == "completed" and job.get("entered"):
            job["entered"] = False
            put_job(board.tx, board.repository["id"], job)
            groups.leave(board.tx, board.repository["id"], job["group"], f"job/{board.run['id']}/{job['id']}")
    failed = any(job["conclusion"] == "failure" and not job.get("continue_on_error") for job in jobs)
    if failed and node.get("fail_fast"):
        for job in jobs:
            cancel_job(board, job)
    if any(job["status"] != "completed" for job in board.jobs_of(node)):
        return False
    jobs = sorted(board.jobs_of(node), key=lambda job: (job["completed_at"], job["id"]))
    node |= {"state": "done", "result": combined([_result(job) for job in jobs])}
    for job in jobs:
        node["outputs"] = node["outputs"] | {name: value for name, value in job["outputs"].items() if value != ""}
    return True


def _result(job: Document) -> str:
    return "success" if job.get("continue_on_error") and job["conclusion"] == "failure" else str(job["conclusion"])


def combined(results: list[str]) -> str:
    """Return one result for many."""
    for worst in ("failure", "cancelled"):
        if worst in results:
            return worst
    return "skipped" if results and set(results) == {"skipped"} else "success"


def conclude(board: Board) -> None:
    """Write down where a run stands; when every node is done it is over."""
    run, nodes = board.run, board.nodes.values()
    if any(node["state"] != "done" for node in nodes):
        run["status"] = _standing(board)
        return
    result = combined([node["result"] for node in nodes])
    run |= {"status": "completed", "conclusion": result, "updated_at": board.stamp}
    if run.get("cancelled") and result != "failure":
        run["conclusion"] = "cancelled"
    _leave(board)


def _leave(board: Board) -> None:
    if board.run.get("group"):
        groups.leave(board.tx, board.repository["id"], board.run["group"], f"run/{board.run['id']}")


def _standing(board: Board) -> str:
    jobs = [job for node in board.nodes.values() for job in board.jobs_of(node)]
    for status in ("in_progress", "queued", "waiting", "pending"):
        if any(job["status"] == status for job in jobs):
            return status
    return "in_progress"


def fail_to_start(board: Board, problems: list[str]) -> None:
    """End a run whose workflow is not valid."""
    board.run.update({"status": "completed", "conclusion": "startup_failure", "updated_at": board.stamp})
    board.run["annotations"] = [annotation("failure", text, file=board.run["path"]) for text in problems]
    _leave(board)


def cancel_job(board: Board, job: Document) -> None:
    """Cancel a job: one that has not started ends at once, one at work is told to stop."""
    if job["status"] in _OPEN:
        end_job(board, job, "cancelled")
    elif job["status"] == "in_progress" and not job.get("stopping"):
        job["stopping"] = True
        put_job(board.tx, board.repository["id"], job)


def cancel_run(board: Board) -> None:
    """Cancel what is left of a run; jobs that say ``if: always()`` still get their turn."""
    board.run["cancelled"] = True
    for node in board.nodes.values():
        if node["state"] == "active":
            for job in board.jobs_of(node):
                cancel_job(board, job)
    if board.run["status"] == "pending":
        for node in board.nodes.values():
            node |= {"state": "done", "result": "cancelled"}
        board.run.update({"status": "completed", "conclusion": "cancelled", "updated_at": board.stamp})
        _leave(board)
    board.save()


def cancel_member(board: Board, member: str) -> None:
    """Cancel the run or job that has to leave a concurrency group."""
    kind, _, rest = member.partition("/")
    numbers = [int(part) for part in rest.split("/")]
    if numbers[0] == board.run["id"]:
        other = board
    else:
        run = find_run(board.tx, board.repository["id"], numbers[0])
        if run is None:
            return
        plan = plan_of(board.tx, board.repository["id"], numbers[0])
        other = Board(board.tx, board.git, board.repository, run, plan, board.now)
    if kind == "run":
        cancel_run(other)
        return
    job = find_job(board.tx, board.repository["id"], numbers[1])
    if job:
        cancel_job(other, job)

"""Runs over REST: list, show, cancel, run again, delete; their jobs and logs."""

from __future__ import annotations

import re
from functools import partial

from provisioner.sandbox.github import bare
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.actions import ending, log_links, records, starting
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.actions.run_views import show_job, show_run
from provisioner.sandbox.github.actions.workflow_routes import workflow_of
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, conflict, forbidden, not_found
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG
from provisioner.sandbox.store import Document

_NUMBER = re.compile(r"[0-9]{1,18}")
_RERUN = {"enable_debug_logging": FLAG}


def list_runs(call: Call) -> Listing:
    """List runs, newest first; filters: actor, branch, created, event, head_sha, status (or conclusion)."""
    rows = [run for _, run in call.tx.scan(records.RUNS, f"{call.repository['id']}/")][::-1]
    if "workflow_id" in call.parameters:
        number = workflow_of(call)[1]["id"]
        rows = [run for run in rows if run["workflow_id"] == number]
    for name, field in (("event", "event"), ("head_sha", "head_sha"), ("branch", "head_branch")):
        wanted = call.query(name)
        rows = [run for run in rows if not wanted or wanted == run[field]]
    status, created = call.query("status"), call.query("created")
    rows = [run for run in rows if not status or status in {run["status"], run["conclusion"]}]
    rows = [run for run in rows if not created or _was_created(run["created_at"], created)]
    if call.query("actor"):
        actor = find_account(call.tx, call.query("actor"))
        rows = [run for run in rows if actor and run["actor_id"] == actor["id"]]
    return Listing(rows, partial(show_run, call), "workflow_runs")


def _was_created(moment: str, wanted: str) -> bool:
    """Compare as search does: a date, ``>=date``, ``<date``, ``a..b``."""
    if ".." in wanted:
        first, last = wanted.split("..", 1)
        return (first == "*" or moment[: len(first)] >= first) and (last == "*" or moment[: len(last)] <= last)
    bare_text = wanted.lstrip("<>=")
    seen, sign = moment[: len(bare_text)], wanted[: len(wanted) - len(bare_text)]
    verdicts = {">": seen > bare_text, ">=": seen >= bare_text, "<": seen < bare_text, "<=": seen <= bare_text}
    return verdicts.get(sign, seen == bare_text)


def run_of(call: Call) -> Document:
    """Return the run a path names. Raises GithubError (404)."""
    run = records.find_run(call.tx, call.repository["id"], number_of(call.parameters["run_id"]))
    if run is None:
        raise not_found()
    return run


def number_of(text: str) -> int:
    """Read a number of a path; 0, which nothing has, for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else 0


def board_of(call: Call) -> Board:
    """Return a run with its plan."""
    git = bare.opened(call.world.folder, call.repository["id"])
    return starting.board_of(call.tx, git, call.repository, run_of(call), call.now)


def get_run(call: Call) -> Answer:
    """Show a run."""
    return Answer(show_run(call, run_of(call)))


def get_attempt(call: Call) -> Answer:
    """Show a run at an attempt: of earlier ones only what their jobs say is kept."""
    run = run_of(call)
    number = number_of(call.parameters["attempt_number"])
    if not 1 <= number <= run["attempt"]:
        raise not_found()
    if number < run["attempt"]:
        jobs = [job for job in records.all_jobs(call.tx, call.repository["id"], run["id"]) if job["attempt"] == number]
        conclusion = ending.combined([str(job["conclusion"]) for job in jobs])
        run = run | {"attempt": number, "status": "completed", "conclusion": conclusion}
    return Answer(show_run(call, run))


def list_jobs(call: Call) -> Listing:
    """List the jobs of the latest attempt (``filter=latest``) or of all."""
    run = run_of(call)
    rows = list(records.all_jobs(call.tx, call.repository["id"], run["id"]))
    if "attempt_number" in call.parameters:
        rows = [job for job in rows if str(job["attempt"]) == call.parameters["attempt_number"]]
    elif call.query("filter", "latest") == "latest":
        board = board_of(call)
        current = {number for node in board.nodes.values() for number in node["jobs"]}
        rows = [job for job in rows if job["id"] in current]
    return Listing(rows, partial(show_job, call, run), "jobs")


def _job(call: Call) -> tuple[Document, Document]:
    job = records.find_job(call.tx, call.repository["id"], number_of(call.parameters["job_id"]))
    run = records.find_run(call.tx, call.repository["id"], job["run_id"]) if job else None
    if job is None or run is None:
        raise not_found()
    return run, job


def get_job(call: Call) -> Answer:
    """Show a job."""
    return Answer(show_job(call, *_job(call)))


def job_logs(call: Call) -> Answer:
    """Lead to the log of a job."""
    _, job = _job(call)
    if records.read_log(call.tx, job) is None:
        raise not_found()
    return _found(log_links.link(call.tx, f"job/{call.repository['id']}/{job['id']}", call.now))


def run_logs(call: Call) -> Answer:
    """Lead to an archive with the logs of a run."""
    run = run_of(call)
    if run["status"] != "completed" or not _with_logs(call, run):
        raise not_found()
    return _found(log_links.link(call.tx, f"run/{call.repository['id']}/{run['id']}", call.now))


def _found(place: str) -> Answer:
    return Answer(None, 302, (("Location", place),))


def _with_logs(call: Call, run: Document) -> list[Document]:
    rows = records.all_jobs(call.tx, call.repository["id"], run["id"])
    return [job for job in rows if records.read_log(call.tx, job) is not None]


def delete_logs(call: Call) -> Answer:
    """Forget the logs of a run."""
    run = run_of(call)
    for job in _with_logs(call, run):
        records.delete_log(call.tx, job)
    return NO_CONTENT


def delete_run(call: Call) -> Answer:
    """Remove a run that is over."""
    run = run_of(call)
    if run["status"] != "completed":
        raise forbidden("Could not delete the workflow run")
    delete_logs(call)
    key = records.run_key(call.repository["id"], run["id"])
    call.tx.delete(records.RUNS, key)
    call.tx.delete(records.PLANS, key)
    return NO_CONTENT


def cancel(call: Call) -> Answer:
    """Cancel a run: what has not started ends, what is at work is told to stop."""
    board = board_of(call)
    if board.run["status"] == "completed":
        raise conflict("Cannot cancel a workflow run that is completed.")
    ending.cancel_run(board)
    return Answer({}, 202)


def rerun(call: Call) -> Answer:
    """Run all jobs again."""
    call.body(_RERUN)
    return _again(call, board_of(call), None)


def rerun_failed(call: Call) -> Answer:
    """Run again what failed or was cancelled, and what waits for it."""
    call.body(_RERUN)
    board = board_of(call)
    failed = {path for path, node in board.nodes.items() if node["result"] in {"failure", "cancelled"}}
    if not failed:
        raise forbidden("This workflow run cannot be retried")
    return _again(call, board, _with_dependents(board, failed))


def rerun_job(call: Call) -> Answer:
    """Run one job again, and what waits for it."""
    call.body(_RERUN)
    run, job = _job(call)
    git = bare.opened(call.world.folder, call.repository["id"])
    board = starting.board_of(call.tx, git, call.repository, run, call.now)
    return _again(call, board, _with_dependents(board, {job["node"]}))


def _with_dependents(board: Board, paths: set[str]) -> set[str]:
    found = set(paths)
    while True:
        more = {path for path, node in board.nodes.items() if set(node["needs"]) & found} - found
        more |= {parent for path in found if (parent := _parent(board, path)) and parent not in found}
        if not more:
            return found
        found |= more


def _parent(board: Board, path: str) -> str:
    return str(board.plan["scopes"][board.nodes[path]["scope"]]["parent"] or "")


def _again(call: Call, board: Board, paths: set[str] | None) -> Answer:
    reason = starting.why_not(call.tx)
    if board.run["status"] != "completed":
        raise forbidden("This workflow is already running")
    if not board.nodes or reason:
        raise GithubError(403, f"The sandbox cannot run this again. {reason}".strip())
    starting.again(board, call.caller.account["id"], paths)
    return Answer({}, 201)


def timing(call: Call) -> Answer:
    """Tell how long a run took; nothing here is billed."""
    run = run_of(call)
    spent = log_links.milliseconds(run["run_started_at"], run["updated_at"])
    return Answer({"billable": {}, "run_duration_ms": spent})


_RUNS = "/repos/{owner}/{repo}/actions/runs"
_RUN, _JOB = f"{_RUNS}/{{run_id}}", "/repos/{owner}/{repo}/actions/jobs/{job_id}"
_ATTEMPT = f"{_RUN}/attempts/{{attempt_number}}"
_READ, _WRITE = repo_read("actions"), repo_write("actions")
_DOCS, _JOB_DOCS = "actions/workflow-runs", "actions/workflow-jobs"
ROUTES = (
    route("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", _READ, list_runs, _DOCS),
    route("GET", _RUNS, _READ, list_runs, _DOCS),
    route("GET", _RUN, _READ, get_run, f"{_DOCS}#get-a-workflow-run"),
    route("DELETE", _RUN, _WRITE, delete_run, f"{_DOCS}#delete-a-workflow-run"),
    route("GET", _ATTEMPT, _READ, get_attempt, f"{_DOCS}#get-a-workflow-run-attempt"),
    route("GET", f"{_ATTEMPT}/jobs", _READ, list_jobs, _JOB_DOCS),
    route("POST", f"{_RUN}/cancel", _WRITE, cancel, f"{_DOCS}#cancel-a-workflow-run"),
    route("POST", f"{_RUN}/force-cancel", _WRITE, cancel, f"{_DOCS}#force-cancel-a-workflow-run"),
    route("POST", f"{_RUN}/rerun", _WRITE, rerun, f"{_DOCS}#re-run-a-workflow"),
    route("POST", f"{_RUN}/rerun-failed-jobs", _WRITE, rerun_failed, _DOCS),
    route("GET", f"{_RUN}/jobs", _READ, list_jobs, _JOB_DOCS),
    route("GET", f"{_RUN}/logs", _READ, run_logs, f"{_DOCS}#download-workflow-run-logs"),
    route("DELETE", f"{_RUN}/logs", _WRITE, delete_logs, f"{_DOCS}#delete-workflow-run-logs"),
    route("GET", f"{_RUN}/timing", _READ, timing, _DOCS),
    route("GET", _JOB, _READ, get_job, f"{_JOB_DOCS}#get-a-job-for-a-workflow-run"),
    route("GET", f"{_JOB}/logs", _READ, job_logs, f"{_JOB_DOCS}#download-job-logs-for-a-workflow-run"),
    route("POST", f"{_JOB}/rerun", _WRITE, rerun_job, f"{_DOCS}#re-run-a-job-from-a-workflow-run"),
)

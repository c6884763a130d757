"""Runs jobs that are ready, two at a time, each in a thread and processes of its own; and goes on with what follows."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.sandbox.github import bare, environments, repositories, workflows
from provisioner.sandbox.github.actions import assignment, graph, records, starting, uses
from provisioner.sandbox.github.actions.assignment import Assignment
from provisioner.sandbox.github.actions.execution import Execution, Outcome, leftovers
from provisioner.sandbox.github.actions.expressions import ExpressionError
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.actions.scheduling import next_schedule, start_scheduled
from provisioner.sandbox.github.actions.surroundings import surroundings
from provisioner.sandbox.github.identifiers import moment_of
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

_LOG = logging.getLogger(__name__)
_AT_ONCE = 2
_INTERRUPTED = "The sandbox ended while this job was at work."
_PATIENCE = 15.0


class Runner:
    """The jobs at work in one world. It ends with the server; what it held is then found cancelled."""

    def __init__(self, world: World) -> None:
        """Nothing is at work yet; what an earlier server left on disk is removed."""
        self._world = world
        self._folder = world.folder / "actions"
        self._lock = threading.Lock()
        self._held: dict[int, Execution] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False
        for left in leftovers(self._folder):
            _remove(left)

    def holds(self, job_id: int) -> bool:
        """Tell whether a job is at work here."""
        with self._lock:
            return job_id in self._held

    @property
    def busy(self) -> bool:
        """Tell whether any job is at work."""
        with self._lock:
            return bool(self._held)

    @property
    def free(self) -> int:
        """Return how many more jobs may start."""
        with self._lock:
            return 0 if self._closed else _AT_ONCE - len(self._held)

    def stop(self, job_id: int) -> None:
        """Ask a job to end."""
        with self._lock:
            execution = self._held.get(job_id)
        if execution:
            execution.stop("The operation was canceled.")

    def start(self, given: Assignment, act: str) -> None:
        """Begin a job."""
        folder = self._folder / str(given.job_id)
        execution = Execution(given, folder / "run", surroundings(self._world.folder, folder), act)
        with self._lock:
            if self._closed:
                return
            self._held[given.job_id] = execution
            thread = threading.Thread(target=self._work, args=(given, execution, folder), daemon=True)
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()

    def close(self) -> None:
        """Kill every job; their ends are not written down any more."""
        with self._lock:
            self._closed = True
            executions = list(self._held.values())
        for execution in executions:
            execution.kill()

    def wait(self) -> None:
        """Return once the threads are gone (tests)."""
        for thread in self._threads:
            thread.join(_PATIENCE)

    def _work(self, given: Assignment, execution: Execution, folder: Path) -> None:
        try:
            outcome = execution.run()
        except Exception:  # noqa: BLE001 - whatever it is, the job has to end
            _LOG.exception("job %d could not be run", given.job_id)
            from provisioner.sandbox.github.actions.journal import Journal  # noqa: PLC0415 - only for this case

            outcome = Outcome("failure", Journal((), ()), note="The sandbox could not run this job; its log says why.")
        finally:
            _remove(folder)
        if not self._closed:
            with contextlib.suppress(Exception), self._world.store.transaction() as tx:
                finish(self._world, tx, given, outcome)
        with self._lock:
            self._held.pop(given.job_id, None)
        if not self._closed:
            self._world.errands.wake()


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - with the one function that needs it

    shutil.rmtree(folder, ignore_errors=True)


def board_at(world: World, tx: Transaction, repo_id: int, run_id: int) -> Board | None:
    """Return a run that is to be gone on with, None when it or its repository is gone."""
    repository, run = repositories.by_id(tx, repo_id), records.find_run(tx, repo_id, run_id)
    if repository is None or run is None:
        tx.delete(records.ACTIVE, records.run_key(repo_id, run_id))
        return None
    return starting.board_of(tx, bare.opened(world.folder, repo_id), repository, run, world.clock.now())


def finish(world: World, tx: Transaction, given: Assignment, outcome: Outcome) -> None:
    """Write down how a job ended, end its tokens, and go on with its run."""
    assignment.give_back(tx, given)
    board = board_at(world, tx, given.repo_id, given.run_id)
    job = records.find_job(tx, given.repo_id, given.job_id)
    if board is None or job is None or job["status"] != "in_progress":
        return
    node = board.nodes[job["node"]]
    journal = outcome.journal
    _hand_on(node, job, outcome)
    job["annotations"] = [*job["annotations"], *journal.annotations]
    job |= {"summary": journal.summary, "steps": _steps(node, given, job, journal.steps, board.stamp)}
    records.put_log(tx, job, journal.log())
    records.end_job(board, job, outcome.conclusion, outcome.note)
    go_on(board)


def _hand_on(node: Document, job: Document, outcome: Outcome) -> None:
    for index, name in enumerate(assignment.handed_on_names(node)):
        value = outcome.handed_on.get(str(index), "")
        if outcome.journal.holds_secret(value):
            text = f"Skip output '{name.removeprefix('output-')}' since it may contain secret."
            job["annotations"] = [*job["annotations"], records.annotation("warning", text)]
        elif name == assignment.URL:
            job["environment_url"] = value
        else:
            job["outputs"] = job["outputs"] | {name.removeprefix("output-"): value}


def _steps(
    node: Document, given: Assignment, job: Document, seen: dict[str, Document], stamp: str
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for index, step in enumerate(node["definition"]["steps"]):
        begun = seen.get(given.steps[index])
        conclusion = (begun["conclusion"] or "cancelled") if begun else "skipped"
        if begun and begun.get("continued"):
            conclusion = "success"
        found.append(
            {
                "name": step_name(step),
                "status": "completed",
                "conclusion": conclusion,
                "number": index + 1,
                "started_at": begun["started_at"] if begun else job["started_at"],
                "completed_at": (begun["completed_at"] if begun else None) or stamp,
            }
        )
    return found


def step_name(step: Document) -> str:
    """Return how a step is called: its name, or what it runs."""
    if step.get("name"):
        return str(step["name"])
    return f"Run {step['uses']}" if "uses" in step else f"Run {str(step['run']).strip().splitlines()[0]}"


def go_on(board: Board) -> None:
    """Take a run further and tell what came of it; when it is over, start what waits for that."""
    before = board.run["status"]
    graph.advance(board)
    if board.run["status"] == "completed" and before != "completed":
        workflows.on_run_over(board.tx, board.git, board.repository, board.run, board.stamp)


def take_on_errands(world: World) -> None:
    """Have a server look after its workflows. Not within a transaction: an errand may be waiting for its end."""
    world.errands.take_on("actions", lambda: errand(world))


def errand(world: World) -> datetime | None:
    """Do all that is due: scheduled runs, waits that are over, jobs that are ready. Return when more will be."""
    runner = world.companions.get(Runner, lambda: Runner(world))
    with world.store.transaction() as tx:
        start_scheduled(world, tx)
        for repo_id, run_id in records.active_runs(tx):
            board = board_at(world, tx, repo_id, run_id)
            if board:
                _look_after(runner, board)
                go_on(board)
        executed = not starting.why_not(tx)
    act = starting.act_program() if executed else None
    while act and runner.free > 0 and _start_one(world, runner, act):
        pass
    world.errands.announce()
    with world.store.transaction() as tx:
        return min(filter(None, (next_schedule(world, tx), _next_wait(world, tx))), default=None)


def _look_after(runner: Runner, board: Board) -> None:
    for node in board.nodes.values():
        for job in board.jobs_of(node):
            if job["status"] != "in_progress":
                continue
            if not runner.holds(job["id"]):
                records.end_job(board, job, "cancelled", _INTERRUPTED)
                board.run["cancelled"] = True
            elif job.get("stopping"):
                runner.stop(job["id"])


def _start_one(world: World, runner: Runner, act: str) -> bool:
    """Start the job that has been ready for longest; False when there is none."""
    with world.store.transaction() as tx:
        found = _oldest_ready(world, tx)
        if found is None:
            return False
        board, job = found
        node = board.nodes[job["node"]]
        job |= {"status": "in_progress", "started_at": board.stamp, "ready": False}
        records.put_job(tx, board.repository["id"], job)
        board.run["status"] = "in_progress"
        try:
            given = assignment.prepare(world, board, node, job)
        except (assignment.NotHere, uses.ActionRefused, ExpressionError, ProvisionError) as problem:
            records.put_log(tx, job, f"##[error]{problem}\n".encode())
            records.end_job(board, job, "failure", str(problem))
            go_on(board)
            return True
        go_on(board)
        runner.start(given, act)
    return True


def _oldest_ready(world: World, tx: Transaction) -> tuple[Board, Document] | None:
    boards = [board_at(world, tx, repo_id, run_id) for repo_id, run_id in records.active_runs(tx)]
    found = [
        (board, job)
        for board in boards
        if board
        for node in board.nodes.values()
        for job in board.jobs_of(node)
        if _is_ready(job)
    ]
    return min(found, key=lambda row: int(row[1]["id"]), default=None)


def _is_ready(job: Document) -> bool:
    return job["status"] == "queued" and bool(job.get("ready"))


def _next_wait(world: World, tx: Transaction) -> datetime | None:
    boards = [board_at(world, tx, repo_id, run_id) for repo_id, run_id in records.active_runs(tx)]
    ends = [end for board in boards if board for node in board.nodes.values() for end in _waits(board, node)]
    return min((end for end in ends if end > world.clock.now()), default=None)


def _waits(board: Board, node: Document) -> Iterator[datetime]:
    for job in board.jobs_of(node):
        environment = environments.find(board.tx, board.repository["id"], job["environment"])
        if job["status"] == "waiting" and job.get("waiting_since") and environment and environment["wait_timer"]:
            yield moment_of(job["waiting_since"]) + timedelta(minutes=environment["wait_timer"])

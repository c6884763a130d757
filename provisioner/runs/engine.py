"""The durable engine: DBOS on a SQLite file, one executor per run.

A run is one DBOS workflow whose id is the run's id. Its executor id is the run's id too, so that starting the
engine for a run recovers that run and no other. Steps that may go side by side draw their step numbers first
(``reserve_step``), so that a replay meets them in the same order whichever finished first.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID, StepInfo

from provisioner.errors import ProvisionError
from provisioner.runs.serializer import JsonSerializer

Document = dict[str, Any]
Workflow = Callable[[str, str], Document]

_FORMAT = "1"  # raised when steps change so that an older run cannot be replayed
_POLL_SECONDS = 0.02


class Steps:
    """Runs functions as durable steps of the current workflow."""

    def one(self, name: str, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - a step returns JSON
        """Run one step; on a replay return what it returned before."""
        return DBOS.run_step({"name": name}, function, *arguments)

    def side_by_side(self, chains: Sequence[Sequence[tuple[str, Callable[[Any], Any]]]], workers: int) -> list[Any]:
        """Run several chains of steps in parallel; within a chain each step takes what the one before returned.

        Returns the last value of each chain. Every chain is finished before the first error is raised,
        so that nothing is left running.
        """
        reserved = [[(name, function, DBOS.reserve_step()) for name, function in chain] for chain in chains]
        with ThreadPoolExecutor(max(1, workers), thread_name_prefix="step") as pool:
            futures = [pool.submit(contextvars.copy_context().run, _chain, chain) for chain in reserved]
        return [future.result() for future in futures]


def _chain(chain: Sequence[tuple[str, Callable[[Any], Any], Any]]) -> Any:  # noqa: ANN401 - a step returns JSON
    value: Any = None
    for name, function, reservation in chain:
        value = reservation.run({"name": name}, function, value)
    return value


@contextmanager
def engine(database: Path, run_id: str, workflows: dict[str, Workflow]) -> Iterator[None]:
    """Start the engine for one run and stop it at the end; a killed run of this id goes on by itself."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    database.touch(mode=0o600)
    config: DBOSConfig = {
        "name": "provision-env",
        "system_database_url": f"sqlite:///{database}",
        "executor_id": run_id,
        "application_version": _FORMAT,
        "serializer": JsonSerializer(),
        "log_level": "CRITICAL",
        "notification_listener_polling_interval_sec": _POLL_SECONDS,
    }
    DBOS(config=config)
    for name, workflow in workflows.items():
        DBOS.workflow(name=name)(workflow)
    DBOS.launch()
    try:
        yield
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=0)


def run_to_end(run_id: str, workflow: Workflow, inputs: str) -> Document:
    """Start the run, or go on with it where it stopped, and return its result; raises the step's error."""
    status = DBOS.get_workflow_status(run_id)
    if status is None:
        with SetWorkflowID(run_id):
            handle = DBOS.start_workflow(workflow, run_id, inputs)
    elif status.status == "ERROR":
        handle = DBOS.rewind_workflow(run_id, start_step=_first_failed_step(run_id))
    else:
        handle = DBOS.retrieve_workflow(run_id)
    result: Document = handle.get_result(polling_interval_sec=_POLL_SECONDS)
    return result


def steps_of(run_id: str) -> list[Document]:
    """Return the steps that a run has behind it.

    Each has ``step``, ``status`` (``done`` or the error), ``started`` (UTC, ISO 8601) and ``seconds``; the last two are
    None for a step whose times were not recorded.
    """
    return [_step(each) for each in DBOS.list_workflow_steps(run_id)]


def _step(recorded: StepInfo) -> Document:
    began, ended = recorded["started_at_epoch_ms"], recorded["completed_at_epoch_ms"]
    return {
        "step": recorded["function_name"],
        "status": str(recorded["error"] or "done"),
        "started": None if began is None else datetime.fromtimestamp(began / 1000, UTC).isoformat("T", "milliseconds"),
        "seconds": None if began is None or ended is None else (ended - began) / 1000,
    }


def _first_failed_step(run_id: str) -> int:
    failed = [step["function_id"] for step in DBOS.list_workflow_steps(run_id) if step["error"] is not None]
    if not failed:
        raise ProvisionError(f"run {run_id} failed outside of its steps", fix="start a new run")
    return min(failed)

"""Open a run or go on with one: leases, the durable engine, Ctrl-C, and how it ended in the book."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, MappingProxyType
from typing import Any

from provisioner.errors import Interrupted, NeedsApproval, ProvisionError, RefusedByPolicy
from provisioner.render import waves
from provisioner.request.resolve import Team
from provisioner.runs.destroy import destroy
from provisioner.runs.engine import Document, Steps, engine, run_to_end
from provisioner.runs.inputs import Inputs
from provisioner.runs.interruption import Interruption
from provisioner.runs.job import Job
from provisioner.runs.leases import Leases
from provisioner.runs.ledger import Ledger, Run, Status, now
from provisioner.runs.tools import Tools
from provisioner.runs.up import up
from provisioner.terraform.identity import identify

_ENDINGS: tuple[tuple[type[ProvisionError], Status], ...] = (
    (RefusedByPolicy, "refused"),
    (NeedsApproval, "waiting"),
    (Interrupted, "interrupted"),
)


@dataclass(frozen=True, slots=True)
class Verb:
    """What a run of one verb does, and the job that its steps belong to."""

    workflow: Callable[[Any, Steps], Document]
    job: Callable[..., Job] = Job


VERBS: Mapping[str, Verb] = MappingProxyType({"up": Verb(up), "destroy": Verb(destroy)})


@dataclass(frozen=True, slots=True)
class Execution:
    """How runs of one place are executed. ``database`` is the durable engine's file."""

    tools: Callable[[Team, Interruption], Tools]
    ledger: Ledger
    database: Path
    workers: int
    verbs: Mapping[str, Verb] = field(default_factory=lambda: VERBS)

    def carry_out(self, run: Run, inputs: Inputs) -> Document:
        """Execute a run from where it stands and return its result; how it ended is written down either way."""
        team = inputs.team()
        interruption = Interruption()
        owner = identify(os.getpid())
        if owner is None:
            raise ProvisionError("this process cannot see itself in /proc", fix="mount /proc")
        leases = Leases(self.ledger, run.id, owner)
        with leases.hold(_lease_names(team)), _listening(interruption):
            self.ledger.set_status(run.id, "running")
            job = self.verbs[run.verb].job(
                self.tools(team, interruption),
                run.id,
                run.verb,
                team,
                leases,
                interruption,
                self.workers,
                inputs.delete_data,
            )
            try:
                result = self._executed(run, job)
            except Exception as error:
                self._ended(run, _status(error), error.reason if isinstance(error, ProvisionError) else repr(error))
                raise
        self._ended(run, "done", result.get("summary", ""))
        job.tools.artifacts.forget_plans(run.id)
        return result

    def _executed(self, run: Run, job: Job) -> Document:
        def workflow(run_id: str, inputs: str) -> Document:  # noqa: ARG001 - the job holds them; the engine records them
            return self.verbs[run.verb].workflow(job, Steps())

        told = job.interruption.told(job.tools.progress)
        with told, engine(self.database, run.id, {run.verb: workflow}):
            return run_to_end(run.id, workflow, run.inputs)

    def _ended(self, run: Run, status: Status, message: str) -> None:
        self.ledger.set_status(run.id, status, message)
        self.ledger.audit("ended", run=run.id, team=run.team, verb=run.verb, status=status, message=message)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for: a verb on a team with frozen inputs, in the sandbox or on the real clouds."""

    verb: str
    team: str
    inputs: str
    place: str
    requester: str


def open_or_continue(ledger: Ledger, asked: Asked) -> Run:
    """Return the team's unfinished run of exactly this, or enter a new one."""
    latest = next((run for run in ledger.runs(asked.team) if run.place == asked.place), None)
    if latest and (latest.verb, latest.inputs) == (asked.verb, asked.inputs) and latest.status != "done":
        return latest
    moment = now()
    run_id = f"{asked.verb}-{asked.team}-{datetime.now(UTC):%Y%m%d%H%M%S}-{secrets.token_hex(2)}"
    run = Run(run_id, asked.verb, asked.team, asked.place, asked.inputs, "running", moment, moment, asked.requester)
    ledger.open_run(run)
    ledger.audit("requested", **{**asdict(asked), "by": asked.requester, "run": run.id})
    return run


def _status(error: Exception) -> Status:
    return next((status for kind, status in _ENDINGS if isinstance(error, kind)), "failed")


def _lease_names(team: Team) -> list[str]:
    return [root for wave in waves(team) for root in wave]


@contextmanager
def _listening(interruption: Interruption) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a request to stop while a run is under way."""
    # To ask takes locks, which the thread that a handler interrupts may hold; a SimpleQueue is open at any moment.
    heard: SimpleQueue[int | None] = SimpleQueue()

    def pass_on() -> None:
        while heard.get() is not None:
            interruption.ask()

    def asked(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's signature
        heard.put(signum)

    messenger = threading.Thread(target=pass_on, name="signals", daemon=True)
    messenger.start()
    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        heard.put(None)
        messenger.join()

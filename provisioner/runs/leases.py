"""One writer per environment: leases with an owner, a heartbeat and an expiry."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from provisioner.errors import LockedByAnotherRun
from provisioner.runs.ledger import Ledger, Run
from provisioner.terraform.identity import ProcessIdentity, is_alive

LIFETIME_SECONDS = 30.0
_BEATS_PER_LIFETIME = 4


class LeaseLost(LockedByAnotherRun):
    """Our own lease expired and somebody else took it; the run stops before it writes again."""


class Leases:
    """All leases that one run holds, taken together or not at all.

    ``owner`` is this process. A lease is free once its owner is known dead, or stopped beating for
    ``lifetime`` seconds (an owner on another machine can only be told dead by that).
    """

    def __init__(
        self, ledger: Ledger, run_id: str, owner: ProcessIdentity, *, lifetime: float = LIFETIME_SECONDS
    ) -> None:
        """Remember who holds; nothing is taken yet."""
        self._ledger = ledger
        self._run = run_id
        self._owner = json.dumps(owner.as_dict(), sort_keys=True)
        self._lifetime = lifetime
        self._lost = threading.Event()

    @contextmanager
    def hold(self, names: Sequence[str]) -> Iterator[None]:
        """Hold the named leases, beating in a thread, and give them back at the end.

        Raises LockedByAnotherRun when one is held by a living owner.
        """
        self._take(names)
        stop = threading.Event()
        beat = threading.Thread(target=self._beat, args=(stop,), name="lease", daemon=True)
        beat.start()
        try:
            yield
        finally:
            stop.set()
            beat.join()
            self._give_back()

    def assert_held(self) -> None:
        """Raise LeaseLost when somebody else took a lease of ours meanwhile."""
        if self._lost.is_set():
            raise LeaseLost("this run lost its lease", fix="see `provision-env runs list`, then resume the run")

    def _take(self, names: Sequence[str]) -> None:
        with self._ledger.writing() as connection:
            for name in sorted(names):
                row = connection.execute("SELECT run, owner, expires FROM leases WHERE name = ?", (name,)).fetchone()
                if row and row["owner"] != self._owner and _holds(row["owner"], row["expires"]):
                    raise LockedByAnotherRun(
                        f"run {row['run']} is working on {name} ({_for_people(row['owner'])})",
                        fix=f"wait for it, or look at it with `provision-env runs show {row['run']}`",
                        where=name,
                    )
                connection.execute(
                    "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)",
                    (name, self._run, self._owner, time.time() + self._lifetime),
                )

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(self._lifetime / _BEATS_PER_LIFETIME):
            with self._ledger.writing() as connection:
                kept = connection.execute(
                    "UPDATE leases SET expires = ? WHERE owner = ?", (time.time() + self._lifetime, self._owner)
                ).rowcount
            if not kept:
                self._lost.set()
                return

    def _give_back(self) -> None:
        with self._ledger.writing() as connection:
            connection.execute("DELETE FROM leases WHERE owner = ?", (self._owner,))


def _holds(owner: str, expires: float) -> bool:
    return expires > time.time() and is_alive(ProcessIdentity(**json.loads(owner)))


def _for_people(owner: str) -> str:
    identity = json.loads(owner)
    return f"process {identity['pid']} on {identity['host']}"


def working(ledger: Ledger) -> frozenset[str]:
    """Return the ids of the runs that a living process is working on."""
    with ledger.writing() as connection:
        rows = connection.execute("SELECT DISTINCT run, owner, expires FROM leases").fetchall()
    return frozenset(row["run"] for row in rows if _holds(row["owner"], row["expires"]))


def as_they_are(ledger: Ledger, runs: Sequence[Run]) -> list[Run]:
    """Return runs with ``stopped`` for one whose process is gone: it could not write down its end."""
    alive = working(ledger)
    gone = {run.id for run in runs if run.status == "running" and run.id not in alive}
    return [replace(run, status="stopped") if run.id in gone else run for run in runs]


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as the book has it.

    ``owner`` is the holding process for people. ``holds`` tells whether it still counts; an owner on another machine
    counts until ``expires`` (seconds since the epoch).
    """

    name: str
    run: str
    owner: str
    holds: bool
    expires: float
    identity: str


def holders(ledger: Ledger) -> list[Held]:
    """Return who holds what, by name, leases that no longer count included."""
    with ledger.writing() as connection:
        rows = connection.execute("SELECT name, run, owner, expires FROM leases ORDER BY name").fetchall()
    return [
        Held(row["name"], row["run"], _for_people(row["owner"]), _holds(row["owner"], row["expires"]), row["expires"],
             row["owner"])
        for row in rows
    ]  # fmt: skip


def release(ledger: Ledger, held: Held) -> bool:
    """Take away a lease that no longer counts; false when it was taken anew, or given back, meanwhile."""
    with ledger.writing() as connection:
        row = connection.execute("SELECT owner, expires FROM leases WHERE name = ?", (held.name,)).fetchone()
        if row is None or row["owner"] != held.identity or _holds(row["owner"], row["expires"]):
            return False
        connection.execute("DELETE FROM leases WHERE name = ?", (held.name,))
    return True

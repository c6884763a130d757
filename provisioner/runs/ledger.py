"""The book of runs: one SQLite file with runs, leases, started processes, teams and the audit trail."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from provisioner.terraform.identity import ProcessIdentity

# `stopped` is never written: it is what a reader makes of `running` when the process is gone (leases.as_they_are).
Status = Literal["running", "done", "failed", "refused", "waiting", "interrupted", "stopped"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, verb TEXT NOT NULL, team TEXT NOT NULL, place TEXT NOT NULL, inputs TEXT NOT NULL,
  status TEXT NOT NULL, started TEXT NOT NULL, updated TEXT NOT NULL, requester TEXT NOT NULL,
  message TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS leases (
  name TEXT PRIMARY KEY, run TEXT NOT NULL, owner TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS processes (
  run TEXT NOT NULL, root TEXT NOT NULL, identity TEXT NOT NULL, PRIMARY KEY (root, identity));
CREATE TABLE IF NOT EXISTS audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL, digest TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a verb on a team.

    ``place`` is ``sandbox`` or ``clouds``; ``inputs`` the digest of its frozen inputs; times are ISO 8601 in UTC.
    """

    id: str
    verb: str
    team: str
    place: str
    inputs: str
    status: Status
    started: str
    updated: str
    requester: str
    message: str = ""

    def document(self) -> dict[str, str]:
        """Return the fields as JSON shows them."""
        return asdict(self)


def now() -> str:
    """Return the present moment as ISO 8601 in UTC, in milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Ledger:
    """Reads and writes the book; safe for several threads and several processes."""

    def __init__(self, folder: Path) -> None:
        """Open or create the file in ``folder``, readable by its owner only."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._guard = threading.RLock()
        path = folder / "ledger.sqlite3"
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; commit on a normal exit, roll back on an error."""
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def open_run(self, run: Run) -> None:
        """Enter a new run."""
        fields = run.document()
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO runs (id, verb, team, place, inputs, status, started, updated, requester, message)"
                " VALUES (:id, :verb, :team, :place, :inputs, :status, :started, :updated, :requester, :message)",
                fields,
            )

    def set_status(self, run_id: str, status: Status, message: str = "") -> None:
        """Write how a run stands."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, message = ?, updated = ? WHERE id = ?", (status, message, now(), run_id)
            )

    def run(self, run_id: str) -> Run | None:
        """Return one run, or None."""
        rows = self._rows("SELECT * FROM runs WHERE id = ?", (run_id,))
        return Run(**rows[0]) if rows else None

    def runs(self, team: str | None = None) -> list[Run]:
        """Return all runs, newest first, of one team when given."""
        clause, values = ("WHERE team = ?", (team,)) if team else ("", ())
        return [Run(**row) for row in self._rows(f"SELECT * FROM runs {clause} ORDER BY started DESC, id DESC", values)]  # noqa: S608 - the clause is one of two constants

    def record_process(self, run_id: str, root: str, process: ProcessIdentity) -> None:
        """Remember a terraform process, so that its lock can be broken once it is known dead."""
        identity = json.dumps(process.as_dict(), sort_keys=True)
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO processes VALUES (?, ?, ?)", (run_id, root, identity))

    def forget_process(self, root: str, process: ProcessIdentity) -> None:
        """Forget a terraform process that was seen to end, or whose lock is known to be gone."""
        identity = json.dumps(process.as_dict(), sort_keys=True)
        with self.writing() as connection:
            connection.execute("DELETE FROM processes WHERE root = ? AND identity = ?", (root, identity))

    def processes(self, root: str) -> list[ProcessIdentity]:
        """Return the terraform processes of a root that nobody has seen the end of."""
        rows = self._rows("SELECT identity FROM processes WHERE root = ?", (root,))
        return [ProcessIdentity(**json.loads(row["identity"])) for row in rows]

    def audit(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - any JSON value is a fact
        """Append a record whose digest covers the one before it."""
        with self.writing() as connection:
            last = connection.execute("SELECT digest FROM audit ORDER BY number DESC LIMIT 1").fetchone()
            record = json.dumps({"time": now(), "event": event, **facts}, sort_keys=True)
            connection.execute(
                "INSERT INTO audit (record, digest) VALUES (?, ?)",
                (record, _chain(last["digest"] if last else "", record)),
            )

    def audit_records(self) -> list[dict[str, Any]]:
        """Return every record in order, each with its number and digest."""
        rows = self._rows("SELECT number, record, digest FROM audit ORDER BY number", ())
        return [{"number": row["number"], "digest": row["digest"], **json.loads(row["record"])} for row in rows]

    def broken_audit_record(self, exported: Sequence[Mapping[str, Any]] = ()) -> int | None:
        """Return the number of the first record that was changed, dropped or moved; None when all is well.

        The end is known by the numbers that were given out. A trail that somebody wrote anew is whole by itself: only
        records ``exported`` earlier, kept elsewhere, tell that it is another one.
        """
        digest, expected = "", 1
        before = {each["number"]: each["digest"] for each in exported}
        for row in self._rows("SELECT number, record, digest FROM audit ORDER BY number", ()):
            digest = _chain(digest, row["record"])
            if row["number"] != expected or digest != row["digest"] or digest != before.get(expected, digest):
                return expected
            expected += 1
        given = self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'audit'", ())
        last = max([*before, *(row["seq"] for row in given)], default=0)
        return expected if last >= expected else None

    def _rows(self, statement: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        with self._guard:
            return [dict(row) for row in self._connection.execute(statement, values)]


def _chain(previous: str, record: str) -> str:
    return hashlib.sha256(f"{previous}\n{record}".encode()).hexdigest()

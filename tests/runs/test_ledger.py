from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from provisioner.runs.ledger import Ledger, Run
from provisioner.terraform.identity import ProcessIdentity


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "runs")


def a_run(number: int, team: str = "churn") -> Run:
    moment = f"2026-11-21T00:00:0{number}.000Z"
    return Run(f"r{number}", "up", team, "sandbox", "abc", "running", moment, moment, "ann")


def test_runs_come_newest_first_and_by_team(ledger: Ledger) -> None:
    for run in (a_run(1), a_run(2), a_run(3, "other")):
        ledger.open_run(run)
    assert [run.id for run in ledger.runs()] == ["r3", "r2", "r1"]
    assert [run.id for run in ledger.runs("churn")] == ["r2", "r1"]


def test_status_and_message_are_kept_for_another_process(ledger: Ledger, tmp_path: Path) -> None:
    ledger.open_run(a_run(1))
    ledger.set_status("r1", "refused", "PE-WIF-002")
    found = Ledger(tmp_path / "runs").run("r1")
    assert found is not None
    assert (found.status, found.message) == ("refused", "PE-WIF-002")
    assert ledger.run("r9") is None


def test_the_file_is_private(ledger: Ledger, tmp_path: Path) -> None:
    ledger.open_run(a_run(1))
    assert (tmp_path / "runs" / "ledger.sqlite3").stat().st_mode & 0o077 == 0


def test_a_process_is_recorded_once_until_its_end_was_seen(ledger: Ledger) -> None:
    process = ProcessIdentity(42, "100", "boot", "here")
    ledger.record_process("r1", "churn-dev", process)
    ledger.record_process("r2", "churn-dev", process)
    assert ledger.processes("churn-dev") == [process]
    assert ledger.processes("churn-prod") == []
    ledger.forget_process("churn-dev", ProcessIdentity(42, "101", "boot", "here"))
    assert ledger.processes("churn-dev") == [process]
    ledger.forget_process("churn-dev", process)
    assert ledger.processes("churn-dev") == []


def test_a_failed_change_leaves_nothing(ledger: Ledger) -> None:
    ledger.open_run(a_run(1))

    def half_done() -> None:
        with ledger.writing() as connection:
            connection.execute("UPDATE runs SET status = 'done'")
            connection.execute("INSERT INTO runs SELECT * FROM runs")

    with pytest.raises(sqlite3.IntegrityError):
        half_done()
    assert ledger.runs()[0].status == "running"


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET record = replace(record, 'ann', 'eve') WHERE number = 2",
        "DELETE FROM audit WHERE number = 2",
        "UPDATE audit SET record = (SELECT record FROM audit WHERE number = 3) WHERE number = 2",
    ],
)
def test_the_audit_trail_shows_tampering(ledger: Ledger, tampering: str) -> None:
    for step in ("plan", "approve", "apply"):
        ledger.audit(step, who="ann", team="churn")
    assert [record["event"] for record in ledger.audit_records()] == ["plan", "approve", "apply"]
    assert ledger.broken_audit_record() is None
    with ledger.writing() as connection:
        connection.execute(tampering)
    assert ledger.broken_audit_record() in {2, 3}


def test_a_record_rewritten_with_its_own_digest_breaks_the_next_one(ledger: Ledger) -> None:
    for step in ("plan", "approve", "apply"):
        ledger.audit(step, who="ann")
    first, second, _ = ledger.audit_records()
    forged = json.dumps({"event": "approve", "time": second["time"], "who": "eve"}, sort_keys=True)
    for digest in (f"{first['digest']}\n{forged}", forged):
        with ledger.writing() as connection:
            values = (forged, hashlib.sha256(digest.encode()).hexdigest())
            connection.execute("UPDATE audit SET record = ?, digest = ? WHERE number = 2", values)
        assert ledger.broken_audit_record() is not None

"""rules and audit: what is checked, and who did what."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from provisioner.policy import explanations
from provisioner.runs.ledger import Ledger
from tests.cli.conftest import Cli
from tests.cli.program import Person


def test_every_rule_is_listed_and_explained(cli: Cli) -> None:
    listed = cli("rules", "list", "-o", "json").document
    assert [each["id"] for each in listed if not each["bootstrap"]] == [each.id for each in explanations()]
    assert [each["id"] for each in listed if each["bootstrap"]] == ["PE-BOOT-001", "PE-BOOT-002"]
    assert "looks at     plan of bootstrap\n" in cli("rules", "explain", "PE-BOOT-002").out
    ended = cli("rules", "explain", "pe-wif-003")
    assert ended.code == 0
    assert ended.out.startswith("PE-WIF-003  critical\n")
    assert "to mend it" in ended.out
    unknown = cli("rules", "explain", "PE-WIF-999")
    assert unknown.code == 2
    assert "PE-WIF-001" in unknown.err


@pytest.fixture
def book(person: Person) -> Path:
    folder = person.state / "runs"
    ledger = Ledger(folder)
    for number in range(3):
        ledger.audit("applied", run=f"r{number}", root="churn-dev", plan=f"digest-{number}")
    ledger.close()
    return folder / "ledger.sqlite3"


SWAPPED = "UPDATE audit SET record = (SELECT record FROM audit AS o WHERE o.number = 5 - audit.number) WHERE number > 1"


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ("UPDATE audit SET record = replace(record, 'digest-1', 'digest-9')", 2),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit", 1),
        (SWAPPED, 2),
    ],
)
def test_a_changed_dropped_or_moved_record_is_found(cli: Cli, book: Path, change: str, first: int) -> None:
    assert cli("audit", "verify").out.startswith("whole  3 records")
    with sqlite3.connect(book) as connection:
        connection.execute(change)
    connection.close()
    ended = cli("audit", "verify", "-o", "json")
    assert ended.code == 1
    assert ended.document["first_broken"] == first
    assert f"record {first}" in ended.error["reason"]


def test_a_trail_that_was_written_anew_differs_from_its_export(cli: Cli, person: Person, book: Path) -> None:
    file = person.home / "before.jsonl"
    assert cli("audit", "export", file).code == 0
    assert cli("audit", "verify", "--against", file).code == 0
    book.unlink()
    ledger = Ledger(book.parent)
    for number in range(4):
        ledger.audit("applied", run=f"r{number}", root="churn-dev", plan="another")
    ledger.close()
    assert cli("audit", "verify").code == 0
    ended = cli("audit", "verify", "--against", file)
    assert ended.code == 1
    assert "record 1" in ended.err
    file.write_text("{")
    assert cli("audit", "verify", "--against", file).code == 2


def test_the_trail_is_shown_and_exported_whole(cli: Cli, book: Path, tmp_path: Path) -> None:
    assert "plan=digest-2" in cli("audit", "show", "--run", "r2").out
    assert "digest-1" not in cli("audit", "show", "--run", "r2").out
    file = tmp_path / "audit.jsonl"
    assert cli("audit", "export", file).code == 0
    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert [record["run"] for record in records] == ["r0", "r1", "r2"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert cli("audit", "export").out == file.read_text()
    assert book.exists()

"""The request log outlives its server, stays small, and never keeps a request waiting."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.control.logbook import Logbook
from provisioner.sandbox.http import Request, Response

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def note(journal: Journal, path: str) -> None:
    request = Request("GET", "storage.googleapis.com", path, "", {"authorization": "Bearer ya29.secret"})
    answer = Response(200, (), b"")
    journal.add(request, name="x", at=NOW, seconds=0.1, response=answer, fault="", with_bodies=True)


def paths(journal: Journal) -> list[str]:
    return [str(entry["path"]) for entry in journal.search({})]


def test_a_new_server_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    first = Logbook(tmp_path)
    journal = Journal(first)
    note(journal, "/one")
    note(journal, "/two")
    first.close()
    again = Journal(Logbook(tmp_path))
    note(again, "/three")
    again.recall()
    assert paths(again) == ["/one", "/two", "/three"]
    assert [entry["number"] for entry in again.search({})] == [1, 2, 3]
    assert again.total == 1
    assert (tmp_path / "requests.jsonl").stat().st_mode & 0o777 == 0o600
    assert "ya29" not in (tmp_path / "requests.jsonl").read_text()


def test_it_is_written_while_the_server_runs(tmp_path: Path) -> None:
    book = Logbook(tmp_path)
    book.start()
    note(Journal(book), "/soon")
    while not (written := list(book.read())):  # the file is there a moment before its first line
        os.sched_yield()
    assert [entry["path"] for entry in written] == ["/soon"]
    book.close()


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    book = Logbook(tmp_path)
    note(Journal(book), "/whole")
    book.close()
    with (tmp_path / "requests.jsonl").open("a") as file:
        file.write('{"number": 7, "path": "/ha')
    again = Journal(Logbook(tmp_path))
    again.recall()
    note(again, "/next")
    assert paths(again) == ["/whole", "/next"]
    assert again.search({})[-1]["number"] == 2


def test_a_line_after_one_that_was_cut_off_is_whole(tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_text('{"number": 7, "path": "/ha')
    book = Logbook(tmp_path)
    note(Journal(book), "/whole")
    book.close()
    assert [entry["path"] for entry in Logbook(tmp_path).read()] == ["/whole"]


def test_old_lines_make_room(tmp_path: Path) -> None:
    book = Logbook(tmp_path, largest=1000)
    journal = Journal(book)
    for number in range(100):
        note(journal, f"/{number}")
        book.flush()
    size = sum(path.stat().st_size for path in tmp_path.glob("requests*.jsonl"))
    assert size < 3000
    assert [entry["path"] for entry in book.read()][-1] == "/99"
    journal.clear()
    assert list(tmp_path.iterdir()) == []
    assert paths(journal) == []


def test_a_disk_that_is_full_costs_only_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    book = Logbook(tmp_path / "not-there")
    journal = Journal(book)
    note(journal, "/kept-in-memory")
    book.flush()
    assert paths(journal) == ["/kept-in-memory"]
    assert "the request log cannot be written" in caplog.text

"""One contract for every store; the durable one also survives a restart and a crash."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.sandbox.store import Store, Unwritable
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.store.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store.sqlite3")
    yield made
    made.close()


def test_documents_are_copies(store: Store) -> None:
    document = {"labels": {"env": "dev"}, "size": 1}
    with store.transaction() as tx:
        tx.put("things", "a", document)
        document["labels"] = {}
        read = tx.get("things", "a")
        assert read == {"labels": {"env": "dev"}, "size": 1}
        read["labels"]["env"] = "prod"
        assert tx.get("things", "a") == {"labels": {"env": "dev"}, "size": 1}


def test_an_exception_undoes_everything(store: Store) -> None:
    with store.transaction() as tx:
        tx.put("things", "kept", {"n": 1})
        tx.put_blob("blob", b"old")
        assert tx.next_number("numbers") == 1
    with pytest.raises(RuntimeError), store.transaction() as tx:  # noqa: PT012 - the whole block is undone
        tx.put("things", "kept", {"n": 2})
        tx.put("things", "new", {})
        tx.delete_blob("blob")
        tx.put_blob("blob", b"new")
        assert tx.next_number("numbers") == 2
        raise RuntimeError
    with store.transaction() as tx:
        assert tx.get("things", "kept") == {"n": 1}
        assert tx.get("things", "new") is None
        assert tx.get_blob("blob") == b"old"
        assert tx.next_number("numbers") == 2


def test_an_inner_transaction_undoes_only_itself(store: Store) -> None:
    with store.transaction() as outer:
        outer.put("things", "outer", {})
        with pytest.raises(RuntimeError), store.transaction() as inner:  # noqa: PT012 - likewise
            inner.delete("things", "outer")
            inner.put("things", "inner", {})
            raise RuntimeError
        assert outer.get("things", "outer") == {}
        assert outer.get("things", "inner") is None
        with store.transaction() as inner:
            inner.put("things", "second", {})
    with store.transaction() as tx:
        assert [key for key, _ in tx.scan("things")] == ["outer", "second"]


def test_a_scan_is_ordered_and_stops_at_its_prefix(store: Store) -> None:
    keys = ["b/a", "b/a/c", "b/", "b/ÿ", "b/\U0010ffff", "b0", "a", "b/ab"]
    with store.transaction() as tx:
        for key in keys:
            tx.put("things", key, {"key": key})
        tx.put("others", "b/x", {})
        assert [key for key, _ in tx.scan("things")] == sorted(keys)
        assert [key for key, _ in tx.scan("things", "b/")] == sorted(key for key in keys if key.startswith("b/"))
        assert [key for key, _ in tx.scan("things", "b/\U0010ffff")] == ["b/\U0010ffff"]
        assert list(tx.scan("nothing")) == []


def test_what_is_scanned_may_be_deleted_meanwhile(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(5):
            tx.put("things", str(number), {})
        for key, _ in tx.scan("things"):
            assert tx.delete("things", key)
        assert list(tx.scan("things")) == []
        assert not tx.delete("things", "0")


def test_a_document_is_found_by_an_indexed_field(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(200):
            parent = {"type": "folder", "id": str(number % 2)}
            tx.put("google/projects", f"p{number:03}", {"parent": parent} if number % 3 else {})
        found = list(tx.find("google/projects", "parent.id", "1"))
        assert [key for key, _ in found] == [f"p{n:03}" for n in range(200) if n % 2 and n % 3]
        assert found[0][1] == {"parent": {"type": "folder", "id": "1"}}
        tx.put("github/repositories", "7", {"owner_id": 42})
        tx.put("github/repositories", "8", {"owner_id": 43})
        assert list(tx.find("github/repositories", "owner_id", 42)) == [("7", {"owner_id": 42})]
        tx.put("github/repositories", "7", {"owner_id": 43})
        assert list(tx.find("github/repositories", "owner_id", 42)) == []
        with pytest.raises(KeyError):
            next(tx.find("google/projects", "name", "x"), None)


def test_collections_are_known_by_name(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.collections() == []
        for collection in ("google/b", "google/a", "googly", "github/x"):
            tx.put(collection, "k", {})
            tx.put(collection, "l", {})
        assert tx.collections() == ["github/x", "google/a", "google/b", "googly"]
        assert tx.collections("google/") == ["google/a", "google/b"]
        tx.delete("google/a", "k")
        tx.delete("google/a", "l")
        assert tx.collections("google/") == ["google/b"]


def test_the_first_rows_of_many_are_not_paid_for_with_all(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite3")
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with store.transaction() as tx:
        for number in range(5000):
            tx.put("google/folders", f"{number:04}", {"parent": "organizations/1"})
        store._connection.set_progress_handler(step, 100)  # noqa: SLF001 - counts the work of the database itself
        assert next(tx.scan("google/folders"))[0] == "0000"
        assert next(tx.find("google/folders", "parent", "organizations/1"))[0] == "0000"
        few = steps
        assert len(list(tx.scan("google/folders"))) == 5000
    assert few < 50 < steps
    store.close()


def test_threads_take_turns(store: Store) -> None:
    def add() -> None:
        for _ in range(50):
            with store.transaction() as tx:
                value = (tx.get("things", "sum") or {"n": 0})["n"]
                tx.put("things", "sum", {"n": value + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as tx:
        assert tx.get("things", "sum") == {"n": 200}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(st.tuples(st.booleans(), st.text(min_size=1, max_size=3), st.booleans()), max_size=20), st.text(max_size=2)
)
def test_both_stores_agree(tmp_path: Path, steps: list[tuple[bool, str, bool]], prefix: str) -> None:
    durable, memory = SqliteStore(tmp_path / "agree.sqlite3"), MemoryStore()
    durable.clear()
    for store in (durable, memory):
        for write, key, commit in steps:
            try:
                with store.transaction() as tx:
                    if write:
                        tx.put("things", key, {"key": key})
                    else:
                        tx.delete("things", key)
                    if not commit:
                        raise LookupError  # noqa: TRY301 - an exception is how a transaction is given up
            except LookupError:
                continue
    with durable.transaction() as one, memory.transaction() as other:
        assert list(one.scan("things", prefix)) == list(other.scan("things", prefix))
    durable.close()


def test_a_restart_keeps_what_was_committed(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path / "store.sqlite3")
    with first.transaction() as tx:
        tx.put("things", "a", {"n": 1})
        tx.next_number("numbers")
    first.close()
    second = SqliteStore(tmp_path / "store.sqlite3")
    with second.transaction() as tx:
        assert tx.get("things", "a") == {"n": 1}
        assert tx.next_number("numbers") == 2
    second.close()
    assert (tmp_path / "store.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_crash_keeps_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from provisioner.sandbox.store.sqlite import SqliteStore\n"
        "store = SqliteStore(Path(sys.argv[1]))\n"
        "with store.transaction() as tx: tx.put('things', 'whole', {})\n"
        "with store.transaction() as tx:\n"
        "    tx.put('things', 'half', {})\n"
        "    os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "store.sqlite3")], check=False)
    assert ended.returncode == 9
    store = SqliteStore(tmp_path / "store.sqlite3")
    with store.transaction() as tx:
        assert [key for key, _ in tx.scan("things")] == ["whole"]
    store.close()


def test_a_file_that_may_not_grow_is_told_and_keeps_what_it_had(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite3")
    with store.transaction() as tx:
        tx.put("things", "kept", {})
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001 - plays the full disk
    store._connection.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001 - likewise
    with pytest.raises(Unwritable, match="full"), store.transaction() as outer:  # noqa: PT012 - the whole is undone
        outer.put("things", "lost", {})
        with store.transaction() as inner:
            inner.put_blob("large", bytes(100_000))
    with store.transaction() as tx:
        assert [key for key, _ in tx.scan("things")] == ["kept"]
        tx.put("things", "small", {})
    store.close()
    again = SqliteStore(tmp_path / "store.sqlite3")
    with again.transaction() as tx:
        assert [key for key, _ in tx.scan("things")] == ["kept", "small"]
    again.close()


def test_a_copy_replaces_everything(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite3")
    with store.transaction() as tx:
        tx.put("things", "before", {})
    store.export(tmp_path / "copy.sqlite3")
    with store.transaction() as tx:
        tx.delete("things", "before")
        tx.put("things", "after", {})
    store.replace(tmp_path / "copy.sqlite3")
    with store.transaction() as tx:
        assert [key for key, _ in tx.scan("things")] == ["before"]
    store.clear()
    with store.transaction() as tx:
        assert list(tx.scan("things")) == []
    store.close()

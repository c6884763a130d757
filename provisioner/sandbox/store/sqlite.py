"""The store that survives: one SQLite file in write-ahead mode, one connection, one transaction at a time."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.sandbox.store import INDEXES, Document, Transaction, Unwritable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (key TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_FIRST_ROWS, _MORE_ROWS = 64, 1024
_LAST_CODE_POINT = 0x10FFFF
_LAST_BEFORE_SURROGATES, _FIRST_AFTER_SURROGATES = 0xD7FF, 0xE000


class SqliteStore:
    """A ``Store`` in one file. A crash keeps every committed transaction; power loss may lose the last few."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; ``path``'s folder must exist."""
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA + "".join(_index_statements()))
        self._transaction = SqliteTransaction(self._connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit on a normal exit, roll back on an exception; a nested one is a savepoint of the outer.

        Raises Unwritable when SQLite cannot write: nothing of this transaction is kept then.
        """
        with self._lock:
            begin, commit, undo = self._statements()
            self._connection.execute(begin)
            self._depth += 1
            try:
                yield self._transaction
                self._connection.execute(commit)
            except sqlite3.OperationalError as error:
                self._undo(undo)
                raise Unwritable(str(error)) from error
            except BaseException:
                self._undo(undo)
                raise
            finally:
                self._depth -= 1

    def _undo(self, statements: tuple[str, ...]) -> None:
        # After a write that failed SQLite may have ended the transaction itself.
        if self._connection.in_transaction:
            for statement in statements:
                self._connection.execute(statement)

    def _statements(self) -> tuple[str, str, tuple[str, ...]]:
        if self._depth == 0:
            return "BEGIN", "COMMIT", ("ROLLBACK",)
        name = f"level_{self._depth}"
        return f"SAVEPOINT {name}", f"RELEASE {name}", (f"ROLLBACK TO {name}", f"RELEASE {name}")

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every transaction of other threads out, to copy or replace the file as a whole."""
        with self._lock:
            yield

    def clear(self) -> None:
        """Forget everything."""
        with self._lock, self.transaction():
            for table in ("documents", "blobs", "sequences"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables

    def export(self, target: Path) -> None:
        """Write a complete copy of the file, readable by itself."""
        with self._lock:
            copy = sqlite3.connect(target)
            try:
                self._connection.backup(copy)
            finally:
                copy.close()

    def replace(self, source: Path) -> None:
        """Put a file made by ``export`` in place of everything kept here."""
        with self._lock:
            copy = sqlite3.connect(source)
            try:
                copy.backup(self._connection)
            finally:
                copy.close()

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        with self._lock:
            self._connection.close()


class SqliteTransaction:
    """The view of the store inside ``SqliteStore.transaction``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def get(self, collection: str, key: str) -> Document | None:
        """Return a copy of one document, or None."""
        row = self._execute("SELECT body FROM documents WHERE collection = ? AND key = ?", (collection, key)).fetchone()
        return None if row is None else _parse(row[0])

    def put(self, collection: str, key: str, document: Document) -> None:
        """Write one document, replacing any other under this key."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        self._execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (collection, key, body))

    def delete(self, collection: str, key: str) -> bool:
        """Remove one document; tell whether there was one."""
        cursor = self._execute("DELETE FROM documents WHERE collection = ? AND key = ?", (collection, key))
        return cursor.rowcount > 0

    def scan(self, collection: str, prefix: str = "") -> Iterator[tuple[str, Document]]:
        """Yield (key, document) in key order for keys that start with a prefix."""
        query, end = "SELECT key, body FROM documents WHERE collection = ? AND key >= ?", _first_key_after(prefix)
        if end:
            return self._rows(f"{query} AND key < ?", (collection,), (end,), prefix)
        return self._rows(query, (collection,), (), prefix)

    def find(self, collection: str, field: str, value: str | int) -> Iterator[tuple[str, Document]]:
        """Yield (key, document) in key order where an indexed field has this value."""
        return self._rows(_find_statement(collection, field), (value,), (), "")

    def _rows(
        self, query: str, before: tuple[str | int, ...], after: tuple[str, ...], first: str
    ) -> Iterator[tuple[str, Document]]:
        """Read in portions, so that the first few rows of a large collection cost no more than those of a small one."""
        size = _FIRST_ROWS
        while True:
            rows = self._execute(f"{query} ORDER BY key LIMIT {size}", (*before, first, *after)).fetchall()
            for key, body in rows:
                yield key, _parse(body)
            if len(rows) < size:
                return
            first, size = rows[-1][0] + "\0", _MORE_ROWS

    def collections(self, prefix: str = "") -> list[str]:
        """Return the names of all collections with something in them, one look-up each."""
        found: list[str] = []
        query = "SELECT min(collection) FROM documents WHERE collection > ?"
        name = self._execute(query.replace(">", ">="), (prefix,)).fetchone()[0]
        while name is not None and name.startswith(prefix):
            found.append(name)
            name = self._execute(query, (name,)).fetchone()[0]
        return found

    def get_blob(self, key: str) -> bytes | None:
        """Return the bytes kept under a key, or None."""
        row = self._execute("SELECT data FROM blobs WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def put_blob(self, key: str, data: bytes) -> None:
        """Keep bytes under a key."""
        self._execute("INSERT OR REPLACE INTO blobs VALUES (?, ?)", (key, data))

    def delete_blob(self, key: str) -> None:
        """Forget the bytes under a key; no error when there are none."""
        self._execute("DELETE FROM blobs WHERE key = ?", (key,))

    def next_number(self, sequence: str) -> int:
        """Return 1, 2, 3 … per sequence name."""
        row = self._execute(
            "INSERT INTO sequences VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (sequence,),
        ).fetchone()
        return int(row[0])


def _index_statements() -> Iterator[str]:
    for collection, fields in INDEXES.items():
        for field in fields:
            columns = f"(json_extract(body, '$.{field}'), key) WHERE collection = '{collection}'"
            yield f'CREATE INDEX IF NOT EXISTS "{collection} {field}" ON documents {columns};'


def _find_statement(collection: str, field: str) -> str:
    """Return the query of an index; SQLite takes a partial one only for a literal collection."""
    if field not in INDEXES[collection]:
        raise KeyError(field)
    return (
        f'SELECT key, body FROM documents INDEXED BY "{collection} {field}" '  # noqa: S608 - names of our own table
        f"WHERE collection = '{collection}' AND json_extract(body, '$.{field}') = ? AND key >= ?"
    )


def _parse(body: str) -> Document:
    document: Document = json.loads(body)
    return document


def _first_key_after(prefix: str) -> str:
    """Return the smallest string greater than every string with this prefix; empty when there is none."""
    while prefix and ord(prefix[-1]) == _LAST_CODE_POINT:
        prefix = prefix[:-1]
    if not prefix:
        return ""
    last = ord(prefix[-1])
    following = _FIRST_AFTER_SURROGATES if last == _LAST_BEFORE_SURROGATES else last + 1
    return prefix[:-1] + chr(following)

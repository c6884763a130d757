"""The store of a test or a throw-away sandbox: dictionaries with an undo log."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from provisioner.sandbox.store import INDEXES, Document, Transaction

T = TypeVar("T")


class MemoryStore:
    """A ``Store`` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._transaction = MemoryTransaction()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit on a normal exit, undo on an exception; a nested one undoes only its own changes."""
        with self._lock:
            mark = self._transaction.enter()
            try:
                yield self._transaction
            except BaseException:
                self._transaction.undo_to(mark)
                raise
            finally:
                self._transaction.leave()

    def close(self) -> None:
        """Nothing to release."""


class MemoryTransaction:
    """The view of the store inside ``MemoryStore.transaction``. Documents are kept as JSON text: every copy is new."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, str]] = {}
        self._blobs: dict[str, bytes] = {}
        self._sequences: dict[str, int] = {}
        self._undo: list[Callable[[], object]] = []
        self._depth = 0

    def enter(self) -> int:
        """Begin a level; return the mark to undo to."""
        self._depth += 1
        return len(self._undo)

    def undo_to(self, mark: int) -> None:
        """Take back every change made since the mark, newest first."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def leave(self) -> None:
        """End a level; the outermost one makes its changes final."""
        self._depth -= 1
        if self._depth == 0:
            self._undo.clear()

    def get(self, collection: str, key: str) -> Document | None:
        """Return a copy of one document, or None."""
        body = self._documents.get(collection, {}).get(key)
        return None if body is None else _parse(body)

    def put(self, collection: str, key: str, document: Document) -> None:
        """Write one document, replacing any other under this key."""
        self._set(self._documents.setdefault(collection, {}), key, json.dumps(document))

    def delete(self, collection: str, key: str) -> bool:
        """Remove one document; tell whether there was one."""
        return self._remove(self._documents.get(collection, {}), key)

    def scan(self, collection: str, prefix: str = "") -> Iterator[tuple[str, Document]]:
        """Yield (key, document) in key order; the rows are those of the moment of the first ``next``."""
        rows = [row for row in self._documents.get(collection, {}).items() if row[0].startswith(prefix)]
        for key, body in sorted(rows):
            yield key, _parse(body)

    def find(self, collection: str, field: str, value: str | int) -> Iterator[tuple[str, Document]]:
        """Yield (key, document) in key order where an indexed field has this value."""
        if field not in INDEXES[collection]:
            raise KeyError(field)
        return ((key, found) for key, found in self.scan(collection) if _field(found, field) == value)

    def collections(self, prefix: str = "") -> list[str]:
        """Return the names of all collections with something in them."""
        return sorted(name for name, rows in self._documents.items() if rows and name.startswith(prefix))

    def get_blob(self, key: str) -> bytes | None:
        """Return the bytes kept under a key, or None."""
        return self._blobs.get(key)

    def put_blob(self, key: str, data: bytes) -> None:
        """Keep bytes under a key."""
        self._set(self._blobs, key, bytes(data))

    def delete_blob(self, key: str) -> None:
        """Forget the bytes under a key; no error when there are none."""
        self._remove(self._blobs, key)

    def next_number(self, sequence: str) -> int:
        """Return 1, 2, 3 … per sequence name."""
        number = self._sequences.get(sequence, 0) + 1
        self._set(self._sequences, sequence, number)
        return number

    def _set(self, table: dict[str, T], key: str, value: T) -> None:
        if key in table:
            self._undo.append(_restore(table, key, table[key]))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = value

    def _remove(self, table: dict[str, T], key: str) -> bool:
        if key not in table:
            return False
        self._undo.append(_restore(table, key, table.pop(key)))
        return True


def _restore(table: dict[str, T], key: str, value: T) -> Callable[[], object]:
    return lambda: table.__setitem__(key, value)


def _field(document: Document, path: str) -> object:
    value: object = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _parse(body: str) -> Document:
    document: Document = json.loads(body)
    return document

"""Where the sandbox keeps everything: documents, blobs and sequences, changed in serialised transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

Document = dict[str, Any]

INDEXES: Mapping[str, tuple[str, ...]] = {
    "google/projects": ("parent.id",),
    "google/folders": ("parent",),
    "google/billing.projects": ("billingAccountName",),
    "google/storage.buckets": ("projectNumber",),
    "google/iam.serviceAccounts": ("projectId", "uniqueId"),
    "google/pubsub.subscriptions": ("topic",),
    "github/repositories": ("owner_id",),
}
"""Fields by which documents are found without looking at all of them; ``a.b`` is a field inside an object."""


class Unwritable(Exception):
    """The store cannot write (a full disk, a limit, a failing device); what was committed before is safe."""


class Transaction(Protocol):
    """A view of the store that commits as a whole or not at all.

    Documents are JSON objects in named collections (``google/storage.buckets``, ``github/repositories``);
    keys are strings, listed in key order. Returned documents are the caller's own copies.
    """

    def get(self, collection: str, key: str) -> Document | None:
        """Return a copy of one document, or None."""

    def put(self, collection: str, key: str, document: Document) -> None:
        """Write one document, replacing any other under this key."""

    def delete(self, collection: str, key: str) -> bool:
        """Remove one document; tell whether there was one."""

    def scan(self, collection: str, prefix: str = "") -> Iterator[tuple[str, Document]]:
        """Yield (key, document) in key order for keys that start with ``prefix``.

        Rows are read as they are asked for: what is deleted meanwhile may or may not come.
        """

    def find(self, collection: str, field: str, value: str | int) -> Iterator[tuple[str, Document]]:
        """Yield (key, document) in key order where a field of INDEXES has this value. KeyError for another field."""

    def collections(self, prefix: str = "") -> list[str]:
        """Return the names of all collections with something in them that start with ``prefix``, in order."""

    def get_blob(self, key: str) -> bytes | None:
        """Return the bytes kept under a key, or None."""

    def put_blob(self, key: str, data: bytes) -> None:
        """Keep bytes under a key."""

    def delete_blob(self, key: str) -> None:
        """Forget the bytes under a key; no error when there are none."""

    def next_number(self, sequence: str) -> int:
        """Return 1, 2, 3 … per sequence name; a number is used only once its transaction commits."""


class Store(Protocol):
    """A place that gives out one writing transaction at a time; re-entrant within a thread."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commit on a normal exit, roll back on an exception. Raises Unwritable when the disk takes no more."""

    def close(self) -> None:
        """Release files."""

"""The request log: the last few thousand requests, searchable, without secrets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from provisioner.sandbox.control import redaction
from provisioner.sandbox.control.logbook import Logbook
from provisioner.sandbox.http import Request, Response

Entry = dict[str, Any]
_KEPT = 5000


class Journal:
    """Entries in order of arrival: number, time, method id, host, path, query, caller's agent, status, duration."""

    def __init__(self, logbook: Logbook | None = None) -> None:
        """``logbook`` keeps them beyond the end of the server."""
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._earlier = self._numbers = logbook.last_number() if logbook else 0
        self._lock = threading.Lock()
        self._logbook = logbook

    def recall(self) -> None:
        """Read what earlier servers wrote down; it comes before what was added meanwhile."""
        if self._logbook is None:
            return
        earlier = [entry for entry in self._logbook.read() if entry["number"] <= self._earlier]
        with self._lock:
            self._entries = deque([*earlier, *self._entries], maxlen=_KEPT)

    def add(  # noqa: PLR0913 - an entry has this many facts
        self,
        request: Request,
        *,
        name: str,
        at: datetime,
        seconds: float,
        response: Response | None,
        fault: str,
        with_bodies: bool,
    ) -> None:
        """Record one exchange; ``response`` is None when the connection was cut instead."""
        entry: Entry = {
            "time": at.isoformat(),
            "name": name,
            "method": request.method,
            "host": request.host,
            "path": redaction.shown_text(request.path),
            "query": redaction.shown_query(request.query),
            "agent": request.headers.get("user-agent", ""),
            "status": response.status if response else 0,
            "milliseconds": round(seconds * 1000, 3),
        }
        if fault:
            entry["fault"] = fault
        if with_bodies:
            entry["request"] = redaction.shown_request_body(request)
            entry["response"] = redaction.shown_response_body(request, response) if response else ""
        with self._lock:
            self._numbers += 1
            entry = {"number": self._numbers} | entry
            self._entries.append(entry)
        if self._logbook:
            self._logbook.add(entry)

    def search(self, filters: Mapping[str, str]) -> list[Entry]:
        """Return matching entries, oldest first.

        Filters: ``name``, ``method``, ``host``, ``status`` (equal), ``path``, ``text`` (contained), ``after`` (number),
        ``limit`` (the last so many). Unknown filters raise KeyError, numbers that are none ValueError.
        """
        limit = int(filters.get("limit", _KEPT))
        wanted = {key: value for key, value in filters.items() if key != "limit"}
        with self._lock:
            entries = list(self._entries)
        tests = [(_FILTERS[key], value) for key, value in wanted.items()]
        found = [entry for entry in entries if all(test(entry, value) for test, value in tests)]
        return found[-limit:] if limit else []

    def counts(self) -> dict[str, int]:
        """Return how often each method was called, most frequent first."""
        counted: dict[str, int] = {}
        for name in self._names():
            counted[name] = counted.get(name, 0) + 1
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._lock:
            self._entries.clear()
        if self._logbook:
            self._logbook.clear()

    @property
    def total(self) -> int:
        """Return how many requests there were since the start of this server."""
        return self._numbers - self._earlier

    def _names(self) -> Iterator[str]:
        with self._lock:
            return iter([entry["name"] for entry in self._entries])


_FILTERS: Mapping[str, Callable[[Entry, str], bool]] = {
    "name": lambda entry, value: entry["name"] == value,
    "method": lambda entry, value: entry["method"] == value.upper(),
    "host": lambda entry, value: entry["host"] == value,
    "status": lambda entry, value: entry["status"] == int(value),
    "path": lambda entry, value: value in entry["path"],
    "text": lambda entry, value: value in str(entry),
    "after": lambda entry, value: entry["number"] > int(value),
}

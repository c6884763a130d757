"""The request log on disk: lines of JSON, written in batches by a thread of its own, two files of bounded size.

``requests.jsonl`` is written, ``requests.1.jsonl`` holds what came before; both are readable by the owner alone. What
was answered less than a second before a kill may be missing: the log explains, the store knows.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)
_LARGEST = 8 * 1024 * 1024
_TAIL = 64 * 1024
_BATCH_SECONDS = 0.5
_MOST_WAITING = 20_000

Entry = dict[str, Any]


class Logbook:
    """One sandbox's log on disk. A disk that takes no more costs log lines, never a request."""

    def __init__(self, folder: Path, largest: int = _LARGEST) -> None:
        """``largest`` is the size in bytes at which a file is put aside and a new one begun."""
        self._now = folder / "requests.jsonl"
        self._before = folder / "requests.1.jsonl"
        self._largest = largest
        self._waiting: deque[Entry] = deque(maxlen=_MOST_WAITING)
        self._writing = threading.Lock()
        self._torn = True  # the last server may have been killed within a line
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logbook", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, entry: Entry) -> None:
        """Take an entry; it is written soon."""
        self._waiting.append(entry)

    def read(self) -> Iterator[Entry]:
        """Yield what earlier servers and this one wrote, oldest first; a line cut off by a kill is left out."""
        for path in (self._before, self._now):
            try:
                lines = path.read_bytes().splitlines()
            except FileNotFoundError:
                continue
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and isinstance(entry.get("number"), int):
                    yield entry

    def last_number(self) -> int:
        """Return the number of the newest entry on disk, 0 without one; only the end of the files is read."""
        for path in (self._now, self._before):
            for line in reversed(_tail(path)):
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    return int(json.loads(line)["number"])
        return 0

    def clear(self) -> None:
        """Forget everything."""
        with self._writing:
            self._waiting.clear()
            self._now.unlink(missing_ok=True)
            self._before.unlink(missing_ok=True)

    def flush(self) -> None:
        """Write what waits."""
        with self._writing:
            lines = []
            while self._waiting:
                lines.append(json.dumps(self._waiting.popleft(), ensure_ascii=False, separators=(",", ":")))
            if lines:
                self._write(("\n".join(lines) + "\n").encode("utf-8", "replace"))

    def close(self) -> None:
        """Write what waits and end."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closed.wait(_BATCH_SECONDS):
            self.flush()

    def _write(self, text: bytes) -> None:
        try:
            if self._now.exists() and self._now.stat().st_size > self._largest:
                self._now.replace(self._before)
            descriptor = os.open(self._now, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"\n" + text if self._torn else text)
            self._torn = False
        except OSError as error:
            _LOG.warning("the request log cannot be written: %s", error.strerror)


def _tail(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return file.read().splitlines()
    except FileNotFoundError:
        return []

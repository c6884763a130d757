"""Where a child's output goes, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Sink(Protocol):
    """Takes the bytes of one pipe, in order."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def close(self) -> None:
        """Take the end of the pipe."""


class Lines:
    """Calls back for each line, without its line end; bytes that are not UTF-8 are replaced.

    A line longer than ``limit`` bytes is cut there and the rest of it dropped.
    """

    def __init__(self, on_line: Callable[[str], None], *, limit: int = 8 * 1024 * 1024) -> None:
        self._on_line = on_line
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Split into lines."""
        first, *others = chunk.split(b"\n")
        self._keep(first)
        for part in others:
            self._emit()
            self._keep(part)

    def close(self) -> None:
        """Emit a last line that had no end."""
        if self._size:
            self._emit()

    def _keep(self, part: bytes) -> None:
        room = self._limit - self._size
        if room > 0 and part:
            self._parts.append(part[:room])
            self._size += min(len(part), room)

    def _emit(self) -> None:
        line = b"".join(self._parts)
        self._parts, self._size = [], 0
        self._on_line(line.decode("utf-8", errors="replace").rstrip("\r"))


class Capture:
    """Keeps the whole output up to ``limit`` bytes; beyond it nothing is kept and ``overflown`` is true."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Keep the bytes, or let go of everything once it is too much."""
        self._size += len(chunk)
        if self.overflown:
            self._parts.clear()
        else:
            self._parts.append(chunk)

    def close(self) -> None:
        """Do nothing: the bytes are joined when asked for."""

    @property
    def overflown(self) -> bool:
        """Tell whether the output was larger than allowed."""
        return self._size > self._limit

    def content(self) -> bytes:
        """Return what was written; empty when there was too much."""
        return b"".join(self._parts)

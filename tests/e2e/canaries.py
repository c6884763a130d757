"""Secrets that must not sing: values to plant, and the eyes that look for them in processes, files and words."""

from __future__ import annotations

import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PATIENCE = 30.0
_GLANCE = 0.005
_SHAPES = re.compile(rb"ya29\.[\w-]{12,}|gh[pousr]_\w{20,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")
"""Google's access tokens, GitHub's, and signed JWTs: those that a run gets for itself and nobody knows beforehand."""


def canary(name: str) -> str:
    """Return a value that occurs nowhere else."""
    return f"canary-{name}-{secrets.token_hex(16)}"


def sung(text: str | bytes, canaries: dict[str, str]) -> set[str]:
    """Return the names of the canaries in a text, and the beginning of whatever looks like a token."""
    data = text.encode() if isinstance(text, str) else text
    found = {name for name, value in canaries.items() if value.encode() in data}
    return found | {match.group()[:9].decode() for match in _SHAPES.finditer(data)}


def open_to_others(top: Path, canaries: dict[str, str]) -> dict[Path, set[str]]:
    """Return the files below ``top`` that hold a canary and that another user of the machine can read."""
    found = {path: sung(path.read_bytes(), canaries) for path in _readable(top)}
    return {path: names for path, names in found.items() if names}


def _readable(folder: Path) -> Iterator[Path]:
    """Yield the files that others can open: every folder on the way must let them pass."""
    for entry in folder.iterdir():
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode) and mode & (stat.S_IXGRP | stat.S_IXOTH):
            yield from _readable(entry)
        elif stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
            yield entry


@dataclass
class Watcher:
    """Looks at the argument lists of all processes, again and again, in a thread."""

    canaries: dict[str, str]
    found: set[tuple[str, str]] = field(default_factory=set)
    looks: int = 0
    _more: threading.Condition = field(default_factory=threading.Condition)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join(_PATIENCE)

    def until_seen(self, name: str) -> bool:
        """Wait until a canary was seen in an argument list."""
        with self._more:
            return self._more.wait_for(lambda: any(each == name for _, each in self.found), _PATIENCE)

    def _watch(self) -> None:
        while not self._ended.wait(_GLANCE):
            seen = {(where, name) for where, words in _processes() for name in sung_exactly(words, self.canaries)}
            with self._more:
                self.found |= seen
                self.looks += 1
                self._more.notify_all()


def sung_exactly(words: bytes, canaries: dict[str, str]) -> set[str]:
    """Return the names of the canaries in a process's words; other people's tokens are not our business."""
    return {name for name, value in canaries.items() if value.encode() in words}


def _processes() -> Iterator[tuple[str, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            yield words.split(b"\0", 1)[0].decode(errors="replace"), words

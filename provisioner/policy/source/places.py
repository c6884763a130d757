"""Where in the source an address of a plan is declared, for reports that point at lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.policy.source.allowed import is_local
from provisioner.policy.source.blocks import Block, parse
from provisioner.policy.source.tokens import Unreadable

_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]")
_SOURCE = re.compile(r"(?P<file>[^\s:]+\.(?:tf|json|tofu)):(?P<line>\d+)")
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A file as a report should name it, and a line, counted from 1."""

    file: str
    line: int


class Places:
    """Finds the places of one root; files of local modules are read when an address leads into them."""

    def __init__(self, root: Path | None, base: Path, otherwise: str) -> None:
        """Look below ``root``, name files as seen from ``base``; what is found nowhere is in the file ``otherwise``."""
        self._root = root.resolve() if root else None
        self._base = base.resolve()
        self._otherwise = otherwise

    def of(self, resource: str) -> Place:
        """Return the place of a finding's resource: an address, or ``file:line`` of a source finding."""
        source = _SOURCE.fullmatch(resource)
        if source:
            return Place(self._seen_from_the_base(source["file"]), int(source["line"]))
        best = Place(self._otherwise, 1)
        if self._root is None:
            return best
        for found in self._along(_INDEX.sub("", resource).split(".")):
            best = found
        return best

    def _along(self, parts: list[str]) -> Iterator[Place]:
        """Yield the place of each step of an address: module calls first, the resource last."""
        folder = self._root
        for _ in range(_DEPTH):
            if folder is None or len(parts) < 2:  # noqa: PLR2004 - a kind or type, and a name
                return
            found = _declared(folder, parts)
            if found is None:
                return
            file, block = found
            yield Place(self._named(file), block.line)
            if block.type != "module":
                return
            source, parts = block.text("source"), parts[2:]
            folder = (folder / source).resolve() if source and is_local(source) else None

    def _named(self, file: Path) -> str:
        return file.relative_to(self._base).as_posix() if file.is_relative_to(self._base) else str(file)

    def _seen_from_the_base(self, name: str) -> str:
        """Source findings name files from two folders above their root; reports name them from the base."""
        if self._root is None:
            return name
        file = (self._root.parent.parent / name).resolve()
        return self._named(file) if file.is_file() else name


def _declared(folder: Path, parts: list[str]) -> tuple[Path, Block] | None:
    kind, labels = _wanted(parts)
    for file in sorted(folder.glob("*.tf")):
        for block in _blocks(file):
            if block.type == kind and block.labels == labels:
                return file, block
    return None


def _wanted(parts: list[str]) -> tuple[str, tuple[str, ...]]:
    if parts[0] in {"module", "output"}:
        return parts[0], (parts[1],)
    return ("data", tuple(parts[1:3])) if parts[0] == "data" else ("resource", (parts[0], parts[1]))


def _blocks(file: Path) -> list[Block]:
    try:
        return parse(file.read_text(encoding="utf-8")).blocks
    except (OSError, UnicodeDecodeError, Unreadable):
        return []

"""A YAML document as plain values that remember where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """Plain values (JSON's types), and the place of each value and of each key by its path.

    Where an alias repeats a part, the part's inner places are those of the alias.
    """

    name: str
    value: Any
    values: Mapping[Path, Mark] = field(default_factory=dict)
    keys: Mapping[Path, Mark] = field(default_factory=dict)

    def where(self, path: Path, *, key: bool = False) -> str:
        """Return ``file:line:column`` of a value, or of its key, or of the nearest part around it."""
        mark = self._mark(path, key=key)
        return f"{self.name}:{mark.line}:{mark.column}" if mark else self.name

    def _mark(self, path: Path, *, key: bool) -> Mark | None:
        if key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return None

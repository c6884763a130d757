"""What a cross-field rule found, by field path; loading adds the line."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from provisioner.request.document import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """``path`` leads to the value at fault, or with ``key`` to the name it stands under."""

    path: Path
    reason: str
    fix: str
    key: bool = False


def repeated(items: Iterable[Hashable], path: Path, what: str) -> Iterator[Finding]:
    """Yield a finding for each item of a list that stood there before."""
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        if item in seen:
            yield Finding((*path, index), f"the {what} {item} stands twice", "keep one of them")
        seen.add(item)

"""What a redacted change does to single values, in lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_LONGEST = 60
_MOST = 40
_ABSENT = object()


def attributes(change: dict[str, Any]) -> list[str]:
    """Return one line for each value that differs, ``path: before -> after``; none where nothing stays.

    ``change`` is a document of ChangeSet's: its values are redacted already. More than forty lines are counted.
    """
    if change["actions"] in (["create"], ["delete"]):
        return []
    lines = list(_differing("", change.get("before") or {}, change.get("after") or {}))
    more = [f"… and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return [*lines[:_MOST], *more]


def _differing(path: str, before: object, after: object) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from _differing(f"{path}.{name}", before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing(f"{path}[{index}]", old, new)
    else:
        yield f"{path.removeprefix('.')}: {_shown(before)} -> {_shown(after)}"


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "(absent)"
    text = value if isinstance(value, str) and value.startswith("(") else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

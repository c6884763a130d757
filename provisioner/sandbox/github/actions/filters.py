"""Patterns of workflow triggers over branches, tags and paths.

``*`` stops at a slash, ``**`` does not, ``?`` and ``+`` repeat what stands before, ``[…]`` is a set, ``!`` takes out.
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DOUBLE = (("**/", "(?:.*/)?"), ("/**/", "/(?:.*/)?"), ("**", ".*"))


def fits(pattern: str, name: str) -> bool:
    """Tell whether a whole name fits one pattern."""
    try:
        return re.fullmatch(_translated(pattern), name, re.DOTALL) is not None
    except re.error:
        return False


def chosen(patterns: object, name: str) -> bool:
    """Tell whether patterns, in their order, end up including a name."""
    included = False
    for pattern in listed(patterns):
        if fits(pattern.removeprefix("!"), name):
            included = not pattern.startswith("!")
    return included


def listed(patterns: object) -> list[str]:
    """Return one pattern or many as a list."""
    if patterns is None:
        return []
    rows: Sequence[object] = patterns if isinstance(patterns, list) else [patterns]
    return [str(row) for row in rows]


def _translated(pattern: str) -> str:
    out, position = "", 0
    while position < len(pattern):
        piece, position = _piece(pattern, position)
        out += piece
    return out


def _piece(pattern: str, position: int) -> tuple[str, int]:
    for sign, meaning in _DOUBLE:
        if pattern.startswith(sign, position) and (position == 0 or sign != "**/"):
            return meaning, position + len(sign)
    character = pattern[position]
    if character == "[" and (end := pattern.find("]", position + 1)) > 0:
        return f"[{pattern[position + 1 : end]}]", end + 1
    if character == "\\" and position + 1 < len(pattern):
        return re.escape(pattern[position + 1]), position + 2
    repeats = character in "?+" and position > 0
    return (character if repeats else "[^/]*" if character == "*" else re.escape(character)), position + 1

"""Patterns over ref names as GitHub matches them: Ruby's File.fnmatch with FNM_PATHNAME.

``*`` and ``?`` stop at a slash, ``**/`` crosses any number of them, ``[…]`` is a set, a backslash quotes.
https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax
"""

from __future__ import annotations

import re


def matches(pattern: str, name: str) -> bool:
    """Tell whether a whole name fits a pattern."""
    return re.fullmatch(_translated(pattern), name, re.DOTALL) is not None


def _translated(pattern: str) -> str:
    out, position = "", 0
    while position < len(pattern):
        piece, position = _piece(pattern, position)
        out += piece
    return out


def _piece(pattern: str, position: int) -> tuple[str, int]:
    at_start = position == 0 or pattern[position - 1] == "/"
    if pattern.startswith("**/", position) and at_start:
        return "(?:[^/]+/)*", position + 3
    if pattern.startswith("**", position):
        # At the end of a pattern GitHub lets it stand for everything below.
        return (".*" if position + 2 == len(pattern) and at_start else "[^/]*"), position + 2
    character = pattern[position]
    if character in "*?":
        return ("[^/]*" if character == "*" else "[^/]"), position + 1
    if character == "[" and (end := pattern.find("]", position + 2)) > 0:
        return _set(pattern[position + 1 : end]), end + 1
    if character == "\\" and position + 1 < len(pattern):
        return re.escape(pattern[position + 1]), position + 2
    return re.escape(character), position + 1


def _set(content: str) -> str:
    negated = content[0] in "!^"
    inside = re.sub(r"([\\\[\]&~|])", r"\\\1", content[1:] if negated else content)
    return f"(?!/)[{'^' if negated else ''}{inside}]"

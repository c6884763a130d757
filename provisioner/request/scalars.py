"""What a plain scalar means: YAML 1.2's core schema, and nothing that readers disagree about."""

from __future__ import annotations

import re

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

# YAML 1.1 (Python's PyYAML, Backstage, Ansible) takes these for booleans or for numbers of another base.
_WORD = re.compile(r"(y|n|yes|no|on|off)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(0[0-9_]+|0[xob][0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_]*|[0-9]+(:[0-5]?[0-9])+)")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def plain_value(text: str) -> str | int | float | bool | None:
    """Return what an unquoted scalar stands for."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def ambiguity(text: str) -> str | None:
    """Say what to write when YAML readers differ about an unquoted scalar; None when they agree."""
    if _WORD.fullmatch(text):
        return f'write true or false, or "{text}" in quotes'
    if _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text):
        return f'write a plain decimal number, or "{text}" in quotes'
    return None

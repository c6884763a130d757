"""Attribute mappings and conditions, evaluated by a CEL library of their own (the sandbox's STS uses another one)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import cel

_HOLE = re.compile(r"\{[^{}]+\}")


class ExpressionError(ValueError):
    """The expression does not parse, or fails on these claims: a claim is absent, a type is wrong."""


def evaluate(expression: str, assertion: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401 - CEL is dynamically typed
    """Return the value of an expression over ``assertion`` (and ``google``, ``attribute`` in a condition).

    Claims are JSON values. GitHub's are all strings; one of another type is no string, whatever it looks like.
    """
    context = _context({"assertion": dict(assertion), **more}) if more else _of_claims(json.dumps(dict(assertion)))
    try:
        return _program(expression).execute(context)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ExpressionError(f"{type(error).__name__}: {error}") from error


def text(expression: str, assertion: Mapping[str, Any]) -> str:
    """Return the value of a mapping's expression; raises ExpressionError when it is not a string."""
    value = evaluate(expression, assertion)
    if not isinstance(value, str):
        raise ExpressionError(f"the value is a {type(value).__name__}, not a string")
    return value


def extract(value: str, template: str) -> str:
    """Google's ``extract``: what stands in the one ``{…}`` of the template; empty when the template does not fit.

    https://cloud.google.com/iam/docs/conditions-attribute-reference#extract
    """
    hole = _HOLE.search(template)
    if hole is None:
        raise ValueError("extract() needs a {name} in its template")
    before, after = template[: hole.start()], template[hole.end() :]
    _, found, rest = value.partition(before) if before else ("", "", value)
    if before and not found:
        return ""
    inner, ended, _ = rest.partition(after) if after else (rest, "end", "")
    return inner if ended else ""


def _context(variables: dict[str, Any]) -> cel.Context:
    import cel  # noqa: PLC0415 - only a proof needs the library

    return cel.Context(variables, {"extract": extract})


@lru_cache(maxsize=64)
def _of_claims(claims: str) -> cel.Context:
    """Keep what a mapping's dozen expressions all look at: making it takes a hundred times as long as one of them.

    The claims come as JSON text, in which a list has its place and 1, 1.0 and true are three things.
    """
    return _context({"assertion": json.loads(claims)})


@lru_cache(maxsize=256)
def _program(expression: str) -> cel.Program:
    import cel  # noqa: PLC0415 - only a proof needs the library

    return cel.compile(expression)

"""Turn pydantic's findings into: the place, what was found, what to write instead."""

from __future__ import annotations

import difflib
import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provisioner.request.document import Document, Path
from provisioner.request.problems import Problem
from provisioner.request.shape import Schema, at, fields

_SHOWN = 60
_BOUNDS = {
    "greater_than_equal": ("ge", "write {} or more"),
    "less_than_equal": ("le", "write {} or less"),
    "string_too_long": ("max_length", "write at most {} characters"),
    "string_too_short": ("min_length", "write at least {} characters"),
    "too_long": ("max_length", "keep at most {} of them"),
    "too_short": ("min_length", "give at least {} of them"),
}
_TYPES = {
    "string_type": "text in quotes",
    "int_type": "a whole number without quotes",
    "bool_type": "true or false without quotes",
    "tuple_type": "a list: [one, two]",
    "dict_type": "fields with values below it",
    "model_type": "fields with values below it",
    "model_attributes_type": "fields with values below it",
}


def explain(error: ValidationError, document: Document, schema: Schema) -> tuple[Problem, ...]:
    """Return one problem for each finding, in the order of the file."""
    found = (_problem(detail, document, schema) for detail in error.errors(include_url=False))
    return tuple(sorted(found, key=lambda problem: _position(problem.where)))


def show(value: Any) -> str:  # noqa: ANN401 - any of JSON's types
    """Return a value as it stands in the file, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def dotted(path: Path) -> str:
    """Return a path the way people write it: ``environments.dev.reviewers[0]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the document"


def _problem(detail: ErrorDetails, document: Document, schema: Schema) -> Problem:
    path, is_key = _path(detail)
    part = at(schema, path)
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = fields(at(schema, path[:-1]))
        return Problem(document.where(path, key=True), f"{dotted(path)}: unknown field", _meant(str(path[-1]), known))
    if kind == "missing":
        wanted = part.get("description", f"a {part.get('type', 'value')}")
        return Problem(document.where(path[:-1]), f"{dotted(path)}: missing", f"add '{path[-1]}: …' - {wanted}")
    if is_key:
        wanted = "1-20 lower-case letters, digits and hyphens, a letter first"
        return Problem(document.where(path, key=True), f"{dotted(path)}: this name cannot be used", f"write {wanted}")
    found = f"{dotted(path)}: found {show(detail['input'])}"
    return Problem(document.where(path), found, _advice(detail, part))


def _path(detail: ErrorDetails) -> tuple[Path, bool]:
    steps = detail["loc"]
    return tuple(step for step in steps if step != "[key]"), "[key]" in steps


def _advice(detail: ErrorDetails, part: Schema) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return words.format(context[bound])
    if kind == "literal_error":
        return _choice(detail["input"], part, str(context.get("expected", "")))
    wanted = part.get("description")
    if kind in _TYPES:
        return f"write {_TYPES[kind]}" + (f" - {wanted}" if wanted else "")
    if kind == "string_pattern_mismatch":
        return f"write: {wanted}" if wanted else f"write text that matches {context['pattern']}"
    return f"{detail['msg']}" + (f" - {wanted}" if wanted else "")


def _choice(found: Any, part: Schema, expected: str) -> str:  # noqa: ANN401 - any of JSON's types
    choices = [str(choice) for choice in part.get("enum", [part["const"]] if "const" in part else [])]
    if len(choices) == 1:
        return f"write {choices[0]} - {part.get('description', 'nothing else is possible yet')}"
    close = difflib.get_close_matches(str(found).lower(), choices, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}write one of: {', '.join(choices) or expected}"


def _meant(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f"did you mean {close[0]}?" if close else f"remove it; fields here: {', '.join(known)}"


def _position(where: str) -> tuple[int, int]:
    line, column = where.rsplit(":", 2)[-2:] if where.count(":") >= 2 else ("0", "0")  # noqa: PLR2004 - file:line:column
    return (int(line), int(column)) if line.isdigit() and column.isdigit() else (0, 0)

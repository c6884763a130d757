"""Bodies of requests: which members there may be and of what type; anything else is refused, never dropped.

The wording is that of GitHub's schema check ("Invalid request." and one line per finding).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github.errors import GithubError, unprocessable
from provisioner.sandbox.http import Request

_ARTICLE = {"string": "a string", "integer": "an integer", "boolean": "a boolean", "array": "an array"}
_TYPES: dict[str, type] = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


@dataclass(frozen=True, slots=True)
class Field:
    """One member: its JSON ``type`` (``any`` for no check), whether it must be there, and what it may hold."""

    type: str
    required: bool = False
    nullable: bool = False
    enum: tuple[str, ...] = ()
    items: Field | None = None
    members: Mapping[str, Field] | None = None

    def findings(self, value: Any, where: str) -> list[str]:  # noqa: ANN401 - JSON has no narrower type
        """Return what is wrong with a value, in GitHub's words; ``where`` names its place."""
        return _value(value, self, where)


Shape = Mapping[str, Field]

TEXT = Field("string")
NUMBER = Field("integer")
FLAG = Field("boolean")
TEXTS = Field("array", items=TEXT)


def text(*, required: bool = False, nullable: bool = False, enum: tuple[str, ...] = ()) -> Field:
    """Return a string member."""
    return Field("string", required, nullable, enum)


def body_of(request: Request, shape: Shape) -> dict[str, Any]:
    """Parse and check a body; an empty one is an empty object. Raises GithubError (400, 422)."""
    try:
        document = request.json()
        json.dumps(document, ensure_ascii=False).encode()  # halves of surrogate pairs cannot be kept
    except (ValueError, RecursionError):
        raise GithubError(400, "Problems parsing JSON") from None
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise GithubError(400, "Body should be a JSON object")
    findings = [*_object(document, shape, "")]
    if findings:
        raise unprocessable("\n\n".join(("Invalid request.", "\n".join(findings))))
    return document


def _object(document: dict[str, Any], shape: Shape, where: str) -> list[str]:
    place = f"For '{where}', " if where else ""
    found = [f'{place}"{name}" is not a permitted key.' for name in document if name not in shape]
    for name, field in shape.items():
        inner = f"{where}/{name}" if where else f"properties/{name}"
        if name not in document:
            found += [f'{place}"{name}" wasn\'t supplied.'] if field.required else []
        else:
            found += _value(document[name], field, inner)
    return found


def _value(value: Any, field: Field, where: str) -> list[str]:  # noqa: ANN401 - JSON has no narrower type
    if value is None:
        return [] if field.nullable else [f"For '{where}', nil is not {_name(field)}."]
    if field.type == "any":
        return []
    if not _is(value, field.type):
        return [f"For '{where}', {_shown(value)} is not {_name(field)}."]
    if field.enum and value not in field.enum:
        return [f"For '{where}', {_shown(value)} is not a member of {list(field.enum)}."]
    if field.items is not None:
        return [line for index, item in enumerate(value) for line in _value(item, field.items, f"{where}/{index}")]
    return [] if field.members is None else _object(value, field.members, where)


def _is(value: Any, kind: str) -> bool:  # noqa: ANN401 - JSON has no narrower type
    return isinstance(value, _TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))


def _name(field: Field) -> str:
    return _ARTICLE.get(field.type, "an object")


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)

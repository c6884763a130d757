"""Look up parts of a JSON Schema by the path of a value."""

from __future__ import annotations

from typing import Any

from provisioner.request.document import Path

Schema = dict[str, Any]


def at(schema: Schema, path: Path) -> Schema:
    """Return the schema of the value at ``path``; empty when the schema says nothing about it."""
    part = _open(schema, schema)
    for step in path:
        part = _open(schema, _step(part, step))
    return part


def fields(part: Schema) -> tuple[str, ...]:
    """Return the fields that an object may have."""
    return tuple(part.get("properties", ()))


def _step(part: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        return part.get("items") or {}
    named = part.get("properties", {}).get(step)
    if named is not None:
        return dict(named)
    patterned = list(part.get("patternProperties", {}).values())
    extra = part.get("additionalProperties")
    return patterned[0] if patterned else extra if isinstance(extra, dict) else {}


def _open(root: Schema, part: Schema) -> Schema:
    """Follow references and the side of an optional value that is not null; outer words win."""
    while True:
        if "$ref" in part:
            inner = root["$defs"][part["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in part:
            inner = next((side for side in part["anyOf"] if side.get("type") != "null"), {})
        else:
            return part
        part = {**inner, **{key: value for key, value in part.items() if key not in {"$ref", "anyOf"}}}

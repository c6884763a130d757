"""Field masks: ``fields`` trims answers, ``updateMask`` says what a PATCH changes.

Syntax: https://developers.google.com/discovery/v1/performance#partial-response and
https://protobuf.dev/reference/protobuf/google.protobuf/#field-mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.discovery import Schema
from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.schema import camel

Json = dict[str, Any]
Tree = dict[str, "Tree"]


def parse_fields(text: str) -> Tree:
    """Parse ``services/name,items(id,owner.email),nextPageToken`` into a tree; a leaf is an empty dictionary.

    Raises ApiError INVALID_ARGUMENT on bad syntax.
    """
    tree, rest = _parse_list(text, text)
    if rest:
        raise _invalid_selection(text)
    return tree


def trim(document: Any, tree: Tree) -> Any:  # noqa: ANN401 - any JSON
    """Return what a parsed ``fields`` mask leaves of an answer."""
    if not tree:
        return document
    if isinstance(document, list):
        return [trim(item, tree) for item in document]
    if not isinstance(document, dict):
        return document
    if "*" in tree:
        return {key: trim(value, tree["*"]) for key, value in document.items()}
    return {key: trim(value, tree[key]) for key, value in document.items() if key in tree}


def check_fields(tree: Tree, schema: Schema, schemas: Mapping[str, Schema]) -> None:
    """Raise ApiError INVALID_ARGUMENT for a name that the answer's schema does not have."""
    schema = _resolved(schema, schemas)
    for name, inner in tree.items():
        below = _child(schema, name)
        if below is None:
            raise _invalid_selection(name)
        if inner:
            check_fields(inner, below, schemas)


def read_update_mask(text: str, schema: str, schemas: Mapping[str, Schema]) -> list[tuple[str, ...]]:
    """Parse an update mask into paths in camelCase, checked against the resource's schema.

    ``*`` stays as ``("*",)``. Raises ApiError INVALID_ARGUMENT for a path the resource does not have.
    """
    paths = []
    for path in filter(None, (part.strip() for part in text.split(","))):
        names = tuple(_split_path(path))
        if names != ("*",):
            names = _checked_path(names, path, schemas[schema], schemas)
        paths.append(names)
    return paths


def apply_update(current: Json, patch: Json, paths: list[tuple[str, ...]]) -> Json:
    """Return ``current`` with every path of the mask taken from ``patch``; what the patch lacks is cleared.

    ``("*",)`` takes every field that the patch has.
    """
    updated = dict(current)
    for path in paths:
        if path == ("*",):
            updated |= patch
        else:
            _copy(updated, patch, path)
    return updated


def _copy(target: Json, source: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401 - any JSON
    name, *rest = path
    inner = source.get(name) if isinstance(source, dict) else None
    if rest:
        below = dict(target.get(name) or {})
        _copy(below, inner, tuple(rest))
        target[name] = below
        if not below:
            del target[name]
    elif inner is None:
        target.pop(name, None)
    else:
        target[name] = inner


def _split_path(path: str) -> list[str]:
    names, current, quoted = [], "", False
    for character in path:
        if character == "`":
            quoted = not quoted
        elif character == "." and not quoted:
            names.append(current)
            current = ""
        else:
            current += character
    return [*names, current]


def _checked_path(names: tuple[str, ...], path: str, schema: Schema, schemas: Mapping[str, Schema]) -> tuple[str, ...]:
    checked = []
    here: Schema | None = schema
    for given in names:
        resolved = _resolved(here or {}, schemas)
        name = given if given in resolved.get("properties", {}) else camel(given)
        if "properties" not in resolved and "additionalProperties" in resolved:
            name = given
        here = _child(resolved, name)
        if here is None:
            text = f"Invalid field mask: cannot find path '{path}'"
            raise invalid_argument(text, ("update_mask", text))
        checked.append(name)
    return tuple(checked)


def _resolved(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"]]
        elif schema.get("type") == "array":
            schema = schema["items"]
        else:
            return schema


def _child(schema: Schema, name: str) -> Schema | None:
    if name == "*":
        return {"type": "any"}
    properties = schema.get("properties", {})
    fallback = {"type": "any"} if schema.get("type") == "any" else None
    below: Schema | None = properties.get(name) or schema.get("additionalProperties") or fallback
    return below


def _parse_list(text: str, whole: str) -> tuple[Tree, str]:
    tree: Tree = {}
    while True:
        text = _parse_selector(text, tree, whole)
        if not text.startswith(","):
            return tree, text
        text = text[1:]


def _parse_selector(text: str, tree: Tree, whole: str) -> str:
    """Add one selector (``a/b(c,d)``) to the tree; return what follows it."""
    end = next((index for index, character in enumerate(text) if character in ",()"), len(text))
    names = [name.strip() for name in text[:end].replace(".", "/").split("/")]
    if not all(names):
        raise _invalid_selection(whole)
    node = tree
    for name in names:
        node = node.setdefault(name, {})
    rest = text[end:]
    if not rest.startswith("("):
        return rest
    inner, rest = _parse_list(rest[1:], whole)
    if not rest.startswith(")"):
        raise _invalid_selection(whole)
    node.update(inner)
    return rest[1:]


def _invalid_selection(name: str) -> ApiError:
    return ApiError(
        "INVALID_ARGUMENT",
        f"Invalid field selection {name}",
        reason="invalidParameter",
        location="fields",
        location_type="parameter",
    )

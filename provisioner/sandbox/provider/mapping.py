"""State to JSON and back, from the tables alone.

A name becomes camelCase unless ``api=`` gives a path (dots go into objects). What is zero is left out of a request,
as the real provider does, unless the flag ``zero`` (send it), ``null`` (null) or ``empty`` (``{}``) says otherwise.
``virtual`` fields are Terraform's own; ``keep`` fields are sent but never read back; ``keyed=id`` turns a set of
blocks into an object keyed by that field; ``single`` and ``array`` say that a block is written as an object or as an
array against the rule; ``zeroif=other`` sends a zero when the other field is true; ``as=`` names a conversion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.suppress import in_seconds
from provisioner.sandbox.provider.values import UNKNOWN, Value, canonical, is_zero

Document = dict[str, Any]


def to_api(fields: tuple[Field, ...], state: Mapping[str, Value], *, update: bool = False) -> Document:
    """Return the request body for a resource; an update leaves out what can only be set once."""
    document: Document = {}
    for field in fields:
        if _sent(field, update=update):
            _put_field(document, field, state.get(field.name))
    return document


def from_api(fields: tuple[Field, ...], document: Mapping[str, Any], prior: Mapping[str, Value]) -> dict[str, Value]:
    """Return the state for an answer. ``prior`` gives what an answer never has: Terraform's own and secret values."""
    return {field.name: _read(field, document, prior.get(field.name)) for field in fields}


def api_path(field: Field) -> str:
    """Return where the field lives in the JSON."""
    return field.flags.get("api") or camel(field.name)


def camel(name: str) -> str:
    """Return a snake_case name in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def dig(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return the part of a document at a dotted path, None when it is not there."""
    found: Any = document
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def put(document: Document, path: str, value: Any) -> None:  # noqa: ANN401 - JSON has no narrower type
    """Set the part of a document at a dotted path, making the objects on the way."""
    *parents, last = path.split(".")
    for part in parents:
        document = document.setdefault(part, {})
    document[last] = value


def _sent(field: Field, *, update: bool) -> bool:
    if "virtual" in field.flags or "unsupported" in field.flags:
        return False
    if update and field.force_new and not any(map(_changeable, field.parts)):
        return False
    return field.settable or field.flags.keys() & {"send"} != set()


def _changeable(field: Field) -> bool:
    """Tell whether an update may change something in a block that itself cannot come or go."""
    return any(map(_changeable, field.parts)) if field.is_block else field.settable and not field.force_new


def _put_field(document: Document, field: Field, value: Value) -> None:
    if value is None or value is UNKNOWN or (is_zero(value) and not _kept_when_zero(field, value)):
        if "null" in field.flags:
            put(document, api_path(field), None)
        return
    written = _write(field, value)
    if written is not None:
        put(document, api_path(field), written)


def _kept_when_zero(field: Field, value: Value) -> bool:
    if "zero" in field.flags:
        return True
    return bool(value) and field.is_block and (bool(field.flags.keys() & {"empty"}) or _inner_kept(field, value))


def _inner_kept(field: Field, value: Value) -> bool:
    return any(_nested(field, block) for block in value)


def _write(field: Field, value: Value) -> Any:  # noqa: ANN401 - JSON has no narrower type
    convert = _TO_API.get(field.flags.get("as", ""))
    if convert is not None:
        return convert(value)
    if _single(field):
        return _nested(field, value[0])
    if not field.is_block:
        return sorted(value, key=canonical) if field.is_set else value
    items = [_nested(field, block) for block in (sorted(value, key=canonical) if field.is_set else value)]
    key = field.flags.get("keyed")
    return {item.pop(key): item for item in items} if key else items


def _single(field: Field) -> bool:
    return (field.kind == "one" and "array" not in field.flags) or "single" in field.flags


def _nested(field: Field, block: Mapping[str, Value] | None) -> Document:
    document: Document = {}
    given = block or {}
    for part in field.parts:
        if given.get(part.flags.get("zeroif", "")) and given.get(part.name) == 0:
            put(document, api_path(part), 0)
        elif not part.flags.keys() & {"virtual", "unsupported", "out"}:
            _put_field(document, part, given.get(part.name))
    return document


def _read(field: Field, document: Mapping[str, Any], prior: Value) -> Value:
    if field.flags.keys() & {"virtual", "keep", "unsupported"}:
        return None if prior is UNKNOWN else prior
    found = dig(document, api_path(field))
    if found is None:
        return field.flags.get("absent", field.zero)
    convert = _FROM_API.get(field.flags.get("as", ""))
    if convert is not None:
        return convert(found)
    if field.parts or field.kind in {"one", "blocks", "setblocks", "objects", "setobjects"}:
        return _read_blocks(field, found, prior)
    return _read_plain(field, found, prior)


def _read_plain(field: Field, found: Any, prior: Value) -> Value:  # noqa: ANN401 - JSON has no narrower type
    if field.kind in {"int", "num"} and isinstance(found, str):
        return float(found) if "." in found else int(found)
    if field.kind == "map":
        return {key: part if isinstance(part, str) else canonical(part) for key, part in found.items()}
    if field.is_set:
        return sorted(found, key=canonical)
    return _as_before(found, prior) if "unordered" in field.flags else found


def _as_before(found: list[Value], prior: Value) -> list[Value]:
    same = isinstance(prior, list) and sorted(found, key=canonical) == sorted(prior, key=canonical)
    return prior if same else found


def _read_blocks(field: Field, found: Any, prior: Value) -> list[dict[str, Value]]:  # noqa: ANN401 - JSON
    if "keyed" in field.flags:
        items = [{field.flags["keyed"]: key, **inner} for key, inner in found.items()]
    else:
        items = _items(field, found)
    before = prior if isinstance(prior, list) else []
    blocks = [from_api(field.parts, item, before[at] if at < len(before) else {}) for at, item in enumerate(items)]
    return sorted(blocks, key=canonical) if field.is_set else blocks


def _items(field: Field, found: Any) -> list[Any]:  # noqa: ANN401 - JSON has no narrower type
    if not isinstance(found, Mapping):
        return list(found)
    return [dict(found)] if found or "empty" in field.flags else []


_NEW_NETWORK: Final = "NEW_NETWORK_ARCHITECTURE"  # of Cloud SQL; the older one has no name in a configuration
_TO_API: Final[Mapping[str, Callable[[Value], Any]]] = {
    "text": str,
    "presence": lambda value: {} if value else None,
    "values": lambda value: {key: {"values": [part]} for key, part in value.items()},
    "duration": in_seconds,
    "live": {"LIVE": True, "ARCHIVED": False}.get,
    "columns": lambda text: {"fields": json.loads(text)},
    "json": json.loads,
    "architecture": {True: _NEW_NETWORK}.get,
}
_FROM_API: Final[Mapping[str, Callable[[Any], Value]]] = {
    "text": int,
    "presence": lambda _found: True,
    "values": lambda found: {key: next(iter(part.get("values", [])), "") for key, part in found.items()},
    "name": lambda found: found.rsplit("/", 1)[-1],
    "live": lambda found: "LIVE" if found else "ARCHIVED",
    "enabled": lambda found: found == "Enabled",
    "columns": lambda found: json.dumps(found["fields"]) if "fields" in found else "",
    "json": lambda found: json.dumps(found, sort_keys=True, separators=(",", ":")),
    "architecture": lambda found: found == _NEW_NETWORK,
}

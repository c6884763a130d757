"""Terraform values on the wire: msgpack with an unknown marker, conformed to a type.

In Python a null is None, a set and a list are lists, a map and an object are dicts. A type is ``"string"``,
``"number"``, ``"bool"`` or a pair such as ``("list", "string")`` or ``("object", {"name": "string"})``.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgpack  # type: ignore[import-untyped] # the package ships no types

Type = Any  # a recursive pair notation; Any because mypy cannot express it without a cost in every signature
Value = Any  # any Terraform value


class Unknown:
    """The one value that is not known before apply; compare by identity with UNKNOWN."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show what it stands for in failing tests."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
_PLAIN_UNKNOWN, _REFINED_UNKNOWN = 0, 12  # msgpack extension codes of Terraform's serialisation


def decode(data: bytes) -> Value:
    """Read a msgpack value; both unknown extensions become UNKNOWN."""
    return msgpack.unpackb(data, ext_hook=_extension, strict_map_key=False)


def encode(value: Value, wanted: Type) -> bytes:
    """Write a value as msgpack after conforming it to its type."""
    packed: bytes = msgpack.packb(conform(value, wanted), default=_pack_unknown)
    return packed


def type_json(kind: Type) -> bytes:
    """Return a type in the JSON notation of the protocol."""
    return json.dumps(kind, separators=(",", ":")).encode()


def conform(value: Value, wanted: Type) -> Value:
    """Bring a value to the type: all attributes of an object, numbers from text, text from numbers.

    Raises ValueError or TypeError when that is not possible.
    """
    if value is None or value is UNKNOWN:
        return value
    if isinstance(wanted, str):
        return _PRIMITIVES[wanted](value)
    kind, inner = wanted
    if kind == "object":
        return {name: conform(value.get(name), part) for name, part in inner.items()}
    if kind == "map":
        return {str(key): conform(part, inner) for key, part in value.items()}
    return [conform(part, inner) for part in value]


def wholly_known(value: Value) -> bool:
    """Tell whether nothing inside the value is unknown."""
    if isinstance(value, dict):
        return all(map(wholly_known, value.values()))
    if isinstance(value, list):
        return all(map(wholly_known, value))
    return value is not UNKNOWN


def without_unknown(value: Value) -> Value:
    """Replace each unknown by null, as a state cannot hold one."""
    if value is UNKNOWN:
        return None
    if isinstance(value, dict):
        return {key: without_unknown(part) for key, part in value.items()}
    if isinstance(value, list):
        return [without_unknown(part) for part in value]
    return value


def is_zero(value: Value) -> bool:
    """Tell whether Terraform's legacy SDK takes the value for "not set": null, "", 0, false, or all parts zero."""
    if isinstance(value, dict):
        return all(map(is_zero, value.values()))
    if isinstance(value, list):
        return all(map(is_zero, value))
    return value is not UNKNOWN and not value


def canonical(value: Value) -> str:
    """Return a text that is equal for equal values; used to order and compare sets."""
    return json.dumps(value, sort_keys=True, default=repr)


def _extension(code: int, data: bytes) -> Value:
    if code in {_PLAIN_UNKNOWN, _REFINED_UNKNOWN}:
        return UNKNOWN
    return msgpack.ExtType(code, data)


def _pack_unknown(value: Value) -> Value:
    if value is UNKNOWN:
        return msgpack.ExtType(_PLAIN_UNKNOWN, b"\x00")
    raise TypeError(f"{type(value).__name__} is not a Terraform value")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(value: Value) -> int | float:
    if isinstance(value, str):
        return float(value) if any(mark in value for mark in ".eE") else int(value)
    number: int | float = value
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _bool(value: Value) -> bool:
    return value == "true" if isinstance(value, str) else bool(value)


_PRIMITIVES: Final = {"string": _text, "number": _number, "bool": _bool}

"""Validation of JSON bodies against discovery schemas, as Google's front end does it.

Field names may be camelCase or the original snake_case; int64 may be a number or a string; output-only fields are
ignored; everything else that the schema does not know is refused, never dropped. The texts are those of the front
end (https://cloud.google.com/apis/design/errors, observed answers). The result uses discovery names and wire types.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from provisioner.sandbox.google.discovery import Schema
from provisioner.sandbox.google.errors import invalid_argument

_INT_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_TYPE_NAMES = {"int32": "TYPE_INT32", "uint32": "TYPE_UINT32", "int64": "TYPE_INT64", "uint64": "TYPE_UINT64"}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_LONGEST_DURATION = 315_576_000_000  # seconds, ten thousand years: google.protobuf.Duration
_SNAKE = re.compile(r"_([a-z0-9])")
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def camel(name: str) -> str:
    """Return the camelCase spelling of a snake_case name; others stay."""
    return _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name


def snake(name: str) -> str:
    """Return the snake_case spelling of a camelCase name, as Google's messages spell fields."""
    return _CAPITAL.sub(lambda found: "_" + found[1].lower(), name)


class Validator:
    """Checks and normalises values against the schemas of one API.

    ``legacy`` APIs (Cloud Storage, Compute Engine) keep nulls, which clear fields in a PATCH, and output-only fields,
    which clients send back; the others drop both.
    """

    def __init__(self, schemas: Mapping[str, Schema], *, legacy: bool = False) -> None:
        self._schemas = schemas
        self._legacy = legacy

    def body(self, value: object, schema: str) -> dict[str, Any]:
        """Return a normalised copy of a request body. Raises ApiError INVALID_ARGUMENT, first problem first."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _violation("Invalid JSON payload received. Root element must be a message.", "")
        return self._object(value, self._schemas[schema], "")

    def scalar(self, value: object, schema: Schema, name: str) -> Any:  # noqa: ANN401 - a parameter of any type
        """Return a normalised copy of one value. Raises ApiError INVALID_ARGUMENT."""
        return self._value(value, schema, name)

    def _value(self, value: object, schema: Schema, path: str) -> Any:  # noqa: ANN401 - any JSON
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        kind = schema.get("type", "any")
        if kind == "object":
            return self._object(value, schema, path)
        if kind == "array":
            return self._array(value, schema, path)
        return value if kind == "any" else _SCALARS[kind](value, schema, path)

    def _object(self, value: object, schema: Schema, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _violation(
                f"Invalid value at '{path}' (type.googleapis.com/{schema.get('id', 'map')}), {_shown(value)}", path
            )
        if "properties" not in schema and "additionalProperties" in schema:
            return self._map(value, schema["additionalProperties"], path)
        accepted = {}
        for given, inner in value.items():
            name, field = self._field(given, schema, path)
            if self._ignored(name, field, inner):
                continue
            accepted[name] = None if inner is None else self._value(inner, field, _join(path, snake(name)))
        return accepted

    def _field(self, given: str, schema: Schema, path: str) -> tuple[str, Schema]:
        properties = schema.get("properties", {})
        for name in (given, camel(given)):
            if name in properties:
                return name, properties[name]
        if "additionalProperties" in schema:
            return given, schema["additionalProperties"]
        place = f" at '{path}'" if path else ""
        text = f'Invalid JSON payload received. Unknown name "{given}"{place}: Cannot find field.'
        raise _violation(text, path)

    def _ignored(self, name: str, field: Schema, value: object) -> bool:
        if self._legacy:
            return False
        # Etags are marked output-only in places and compared all the same.
        return value is None or (bool(field.get("readOnly")) and name != "etag")

    def _map(self, value: dict[str, Any], schema: Schema, path: str) -> dict[str, Any]:
        return {
            key: None if inner is None and self._legacy else self._value(inner, schema, f"{path}[{key}]")
            for key, inner in value.items()
        }

    def _array(self, value: object, schema: Schema, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _violation(f"Invalid value at '{path}' (repeated field), {_shown(value)}", path)
        return [self._value(inner, schema["items"], f"{path}[{index}]") for index, inner in enumerate(value)]


def _string(value: object, schema: Schema, path: str) -> str:
    form = schema.get("format", "")
    if form in _INT_RANGES:
        return str(_integer(value, schema, path))
    if not isinstance(value, str):
        raise _violation(f"Invalid value at '{path}' (TYPE_STRING), {_shown(value)}", path)
    if "enum" in schema and value not in schema["enum"]:
        # Google's JSON parser reads names of enums in any case: gcloud sends "Delete" where the name is DELETE.
        spelt = value.upper().replace("-", "_")
        if spelt not in schema["enum"]:
            raise _violation(f"Invalid value at '{path}' ({_enum_name(path)}), {_shown(value)}", path)
        return spelt
    check = _FORMATS.get(form)
    if check and not check(value):
        raise _violation(f"Invalid value at '{path}' ({_FORMAT_NAMES[form]}), {_shown(value)}", path)
    return base64.b64encode(_bytes(value)).decode() if form == "byte" else value


def _integer(value: object, schema: Schema, path: str) -> int:
    form = schema.get("format", "int32")
    number = _whole(value)
    low, high = _INT_RANGES.get(form, _INT_RANGES["int64"])
    if number is None or not low <= number <= high:
        raise _violation(f"Invalid value at '{path}' ({_TYPE_NAMES.get(form, 'TYPE_INT64')}), {_shown(value)}", path)
    return number


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d{1,20}", value, re.ASCII) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _number(value: object, schema: Schema, path: str) -> float:
    del schema
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    raise _violation(f"Invalid value at '{path}' (TYPE_DOUBLE), {_shown(value)}", path)


def _boolean(value: object, schema: Schema, path: str) -> bool:
    del schema
    if not isinstance(value, bool):
        raise _violation(f"Invalid value at '{path}' (TYPE_BOOL), {_shown(value)}", path)
    return value


def _base64(value: str) -> bool:
    try:
        _bytes(value)
    except ValueError:  # binascii.Error, or letters that are not even ASCII
        return False
    return True


def _bytes(value: str) -> bytes:
    """Read either alphabet of base64, padded or not; handlers are given the standard one with padding."""
    return base64.b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4), validate=True)


def _instant(value: str) -> bool:
    """Tell whether a text is an instant of the years 1 to 9999, as protocol buffers can hold it."""
    if not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _duration(value: str) -> bool:
    return bool(_DURATION.fullmatch(value)) and abs(float(value[:-1])) <= _LONGEST_DURATION


_SCALARS: Mapping[str, Callable[[object, Schema, str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
_FORMATS: Mapping[str, Callable[[str], object]] = {
    "byte": _base64,
    "date-time": _instant,
    "google-datetime": _instant,
    "google-duration": _duration,
}
_FORMAT_NAMES = {
    "byte": "TYPE_BYTES",
    "date-time": "type.googleapis.com/google.protobuf.Timestamp",
    "google-datetime": "type.googleapis.com/google.protobuf.Timestamp",
    "google-duration": "type.googleapis.com/google.protobuf.Duration",
}


def _enum_name(path: str) -> str:
    return "type.googleapis.com/" + re.sub(r"\[.*?\]", "", path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _violation(text: str, path: str) -> Exception:
    return invalid_argument(text, (path, text))

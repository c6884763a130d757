"""Schemas of tables: what fields may be called, and how a table's schema may change.

https://cloud.google.com/bigquery/docs/schemas, https://cloud.google.com/bigquery/docs/managing-table-schemas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.sandbox.google.warehouse.refusals import invalid

Json = dict[str, Any]
_NAME = re.compile(r"[\w \-]{1,300}")
_RESERVED = ("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER")
_ALIASES = {
    "INT64": "INTEGER",
    "FLOAT64": "FLOAT",
    "BOOL": "BOOLEAN",
    "STRUCT": "RECORD",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
_TYPES = frozenset(
    (
        *("STRING", "BYTES", "INTEGER", "FLOAT", "BOOLEAN", "TIMESTAMP", "DATE", "TIME", "DATETIME", "GEOGRAPHY"),
        *("NUMERIC", "BIGNUMERIC", "JSON", "RECORD", "RANGE", "INTERVAL"),
    )
)
_MODES = ("NULLABLE", "REQUIRED", "REPEATED")
_DEEPEST, _MOST_FIELDS = 15, 10000


def accepted_schema(schema: Mapping[str, Any]) -> Json:
    """Return a schema as the server keeps it: types by their classic names. Raises ApiError INVALID_ARGUMENT."""
    fields = _accepted(schema.get("fields") or [], 1)
    if _count(fields) > _MOST_FIELDS:
        raise invalid(f"Too many columns: at most {_MOST_FIELDS} are allowed.")
    return dict(schema) | {"fields": fields}


def check_change(
    table: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], path: str = ""
) -> None:
    """Raise ApiError unless a table may go from one list of fields to the other.

    Columns may be added (not as required ones) and relaxed; dropping one and changing a type need a query.
    """
    known = {field["name"].lower(): field for field in old}
    fresh = {field["name"].lower(): field for field in new}
    mismatch = f"Provided Schema does not match Table {table}."
    for key, field in known.items():
        name = path + field["name"]
        if key not in fresh:
            raise invalid(f"{mismatch} Field {name} is missing in new schema")
        _check_field(mismatch, name, field, fresh[key])
        check_change(table, field.get("fields") or [], fresh[key].get("fields") or [], f"{name}.")
    for key, field in fresh.items():
        if key not in known and field.get("mode") == "REQUIRED":
            raise invalid(
                f"{mismatch} Cannot add required fields to an existing schema. (field: {path}{field['name']})"
            )


def _check_field(mismatch: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    if old["type"] != new["type"]:
        raise invalid(f"{mismatch} Field {name} has changed type from {old['type']} to {new['type']}")
    before, after = old.get("mode") or "NULLABLE", new.get("mode") or "NULLABLE"
    if before != after and (before, after) != ("REQUIRED", "NULLABLE"):
        raise invalid(f"{mismatch} Field {name} has changed mode from {before} to {after}")


def _accepted(fields: Sequence[Mapping[str, Any]], depth: int) -> list[Json]:
    if depth > _DEEPEST:
        raise invalid(f"A schema can be at most {_DEEPEST} levels deep.")
    seen: set[str] = set()
    accepted = []
    for sent in fields:
        field = _field(sent, depth)
        if field["name"].lower() in seen:
            raise invalid(f"Duplicate column name '{field['name']}'. Column names are not case sensitive.")
        seen.add(field["name"].lower())
        accepted.append(field)
    return accepted


def _field(sent: Mapping[str, Any], depth: int) -> Json:
    name, kind = str(sent.get("name") or ""), str(sent.get("type") or "").upper()
    kind = _ALIASES.get(kind, kind)
    if not _NAME.fullmatch(name) or name.upper().startswith(_RESERVED):
        raise invalid(f'Invalid field name "{name}". Fields must contain the allowed characters, and be at most 300 '
                      "characters long.")  # fmt: skip
    if kind not in _TYPES:
        raise invalid(f"Invalid value for type: {kind or '(none)'} is not a valid value")
    mode = str(sent.get("mode") or "").upper()
    if mode and mode not in _MODES:
        raise invalid(f"Invalid value for mode: {mode} is not a valid value")
    field = dict(sent) | {"name": name, "type": kind} | ({"mode": mode} if mode else {})
    if kind == "RECORD":
        if not sent.get("fields"):
            raise invalid(f"Field {name} is type RECORD but has no schema")
        field["fields"] = _accepted(sent["fields"], depth + 1)
    elif sent.get("fields"):
        raise invalid(f"Field {name} has nested fields but is not of type RECORD")
    return field


def _count(fields: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 + _count(field.get("fields") or []) for field in fields)

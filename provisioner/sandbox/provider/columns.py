"""Columns of a table as Terraform sees them: which descriptions are equal, and which changes need a new table.

The rules are those of the real provider: order and the spelling of a type do not count; a column may be
added or dropped and NULLABLE may replace REQUIRED, everything else makes another table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_SPELLINGS: Final = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
_NULLABLE: Final = "NULLABLE"
Column = Mapping[str, Any]


def columns_of(text: Any) -> dict[str, dict[str, Any]] | None:  # noqa: ANN401 - a value of Terraform: text, null or unknown
    """Return the columns by name, in one spelling; None when the text is no list of columns."""
    try:
        found = json.loads(text) if isinstance(text, str) and text else []
        return {str(column["name"]): _normal(column) for column in found}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def same_columns(old: Any, new: Any) -> bool:  # noqa: ANN401 - as above
    """Tell whether two descriptions mean the same columns."""
    before, after = columns_of(old), columns_of(new)
    return before is not None and before == after


def needs_new_table(old: Any, new: Any, *, is_view: bool) -> bool:  # noqa: ANN401 - as above
    """Tell whether a change of columns cannot be done in place; a view's description may always change."""
    before, after = columns_of(old), columns_of(new)
    if is_view or not isinstance(new, str) or not before or after is None or before == after:
        return False
    return not _changeable(before, after)


def dropped_columns(old: Any, new: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    """Return the names of the columns that the new description lacks."""
    before, after = columns_of(old), columns_of(new)
    if not before or not after:
        return ()
    return tuple(name for name in before if name not in after)


def _changeable(before: Mapping[str, Column], after: Mapping[str, Column]) -> bool:
    kept = before.keys() & after.keys()
    if not kept:
        return False
    added = [after[name] for name in after.keys() - kept]
    return all(_compatible(before[name], after[name]) for name in kept) and not any(
        column["mode"] == "REQUIRED" for column in added
    )


def _compatible(old: Column, new: Column) -> bool:
    if old["type"] != new["type"]:
        return False
    if old["mode"] != new["mode"] and (old["mode"], new["mode"]) != ("REQUIRED", _NULLABLE):
        return False
    before, after = (dict(column.get("fields", ())) for column in (old, new))
    return before == after or (bool(before) and before.keys() <= after.keys() and _changeable(before, after))


def _normal(column: Column) -> dict[str, Any]:
    plain = {key: part for key, part in column.items() if part not in (None, "", [], {})}
    kind = str(column.get("type", "")).upper()
    plain["type"] = _SPELLINGS.get(kind, kind)
    plain["mode"] = str(column.get("mode") or _NULLABLE).upper()
    if column.get("fields"):
        plain["fields"] = {str(inner["name"]): _normal(inner) for inner in column["fields"]}
    return plain

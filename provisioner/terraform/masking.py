"""What stands in a plan in place of values that are sensitive or not known yet."""

from __future__ import annotations

from typing import Any

UNKNOWN = "(known after apply)"
SENSITIVE = "(sensitive)"


def masked(value: object, sensitive: object, unknown: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Replace what is sensitive or unknown, following the marks, which mirror the value's shape."""
    if sensitive is True:
        return SENSITIVE
    if unknown is True:
        return UNKNOWN
    if isinstance(value, dict) or isinstance(unknown, dict):
        return _masked_object(value, sensitive, unknown)
    if isinstance(value, list) or isinstance(unknown, list):
        return _masked_list(value, sensitive, unknown)
    return value


def _masked_object(value: object, sensitive: object, unknown: object) -> dict[str, Any]:
    values, marks, unknowns = (each if isinstance(each, dict) else {} for each in (value, sensitive, unknown))
    keys = [*values, *(key for key in unknowns if key not in values)]
    return {key: masked(values.get(key), marks.get(key), unknowns.get(key)) for key in keys}


def _masked_list(value: object, sensitive: object, unknown: object) -> list[Any]:
    values, marks, unknowns = (each if isinstance(each, list) else [] for each in (value, sensitive, unknown))
    at = range(max(len(values), len(unknowns)))
    return [masked(_item(values, i), _item(marks, i), _item(unknowns, i)) for i in at]


def _item(values: list[Any], position: int) -> Any:  # noqa: ANN401 - JSON has no narrower type
    return values[position] if position < len(values) else None

"""What Terraform will change: configuration, prior state and tables to a planned state.

This follows the legacy SDK that the real provider is built on: an unset optional attribute equals its zero value,
a computed one is unknown only on create, a difference hidden by a rule keeps the old value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.suppress import hidden
from provisioner.sandbox.provider.values import UNKNOWN, Value, canonical, is_zero

State = Mapping[str, Value]
Path = tuple[str | int, ...]


def planned_fields(fields: tuple[Field, ...], prior: State | None, config: State) -> dict[str, Value]:
    """Return the planned values of a table; ``prior`` is None when the object is new."""
    return {field.name: _planned(field, prior, config.get(field.name)) for field in fields}


def replacing_paths(fields: tuple[Field, ...], prior: State, planned: State) -> list[Path]:
    """Return the paths whose change needs a new object."""
    return [path for field in fields for path in _replacing(field, prior.get(field.name), planned.get(field.name), ())]


def same(field: Field, old: Value, new: Value) -> bool:
    """Tell whether Terraform would see no change between a stored and a wanted value of one attribute."""
    if new is UNKNOWN or old is UNKNOWN:
        return False
    if is_zero(old) and is_zero(new):
        return True
    if hidden(field.flags.get("same"), old, new) or ("filled" in field.flags and not new):
        return True
    return bool(_normal(field, old) == _normal(field, new))


def _planned(field: Field, prior: State | None, wanted: Value) -> Value:
    before = None if prior is None else prior.get(field.name)
    if "writeonly" in field.flags:
        return None
    if wanted is UNKNOWN:
        return UNKNOWN
    if field.is_block:
        return _planned_blocks(field, prior is None, before or [], wanted or [])
    return _planned_attribute(field, prior is None, before, wanted)


def _planned_attribute(field: Field, new: bool, before: Value, wanted: Value) -> Value:  # noqa: FBT001 - one flag
    if wanted is None and field.default is None and field.computed:
        return UNKNOWN if new else before
    if wanted is None:
        wanted = field.default
    if not new and before is not None and same(field, before, wanted):
        return before
    return wanted


def _planned_blocks(field: Field, new: bool, before: list[Any], wanted: list[Any]) -> Value:  # noqa: FBT001 - one flag
    if not wanted and (field.computed or ("filled" in field.flags and before)):
        return UNKNOWN if new else before
    if field.is_set:
        planned = [_planned_element(field, before, block) for block in wanted]
    else:
        planned = [_planned_block(field, before, at, block) for at, block in enumerate(wanted)]
    return before if not new and _same_blocks(field, before, planned) else planned


def _planned_block(field: Field, before: list[Any], at: int, wanted: Value) -> Value:
    if wanted is UNKNOWN:
        return UNKNOWN
    return planned_fields(field.parts, before[at] if at < len(before) else None, wanted or {})


def _planned_element(field: Field, before: list[Any], wanted: Value) -> Value:
    if wanted is UNKNOWN:
        return UNKNOWN
    for old in before:
        planned = planned_fields(field.parts, old, wanted)
        if planned == old:
            return planned
    return planned_fields(field.parts, None, wanted)


def _same_blocks(field: Field, before: list[Any], planned: list[Any]) -> bool:
    if UNKNOWN in planned:
        return False
    if hidden(field.flags.get("same"), before, planned):
        return True
    if field.is_set:
        return sorted(map(canonical, before)) == sorted(map(canonical, planned))
    return False


def _normal(field: Field, value: Value) -> Value:
    if isinstance(value, list):
        return sorted(map(canonical, value)) if field.is_set else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _replacing(field: Field, old: Value, new: Value, parent: Path) -> list[Path]:
    path = (*parent, field.name)
    if old == new or (not field.is_block and same(field, old, new)):
        return []
    if not field.is_block or new is UNKNOWN:
        return [path] if field.force_new else []
    return _replacing_blocks(field, old or [], new or [], path)


def _replacing_blocks(field: Field, old: list[Any], new: list[Any], path: Path) -> list[Path]:
    if field.is_set:
        changed = sorted(map(canonical, old)) != sorted(map(canonical, new))
        return [path] if changed and _any_force_new(field) else []
    if field.force_new and len(old) != len(new):
        return [path]
    found: list[Path] = []
    for at in range(max(len(old), len(new))):
        before, after = (blocks[at] if at < len(blocks) else {} for blocks in (old, new))
        if after is not UNKNOWN:
            for part in field.parts:
                found += _replacing(part, before.get(part.name), after.get(part.name), (*path, at))
    return found if len(old) == len(new) else [path][: len(found)]


def _any_force_new(field: Field) -> bool:
    return field.force_new or any(map(_any_force_new, field.parts))

"""Configurations made from the tables: the smallest one that is valid, around one leaf that is to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.provider.fields import Field

Value = Any
Leaf = tuple[tuple[str, ...], Field]
_TEXTS = {  # by a check, an attribute's name, a rule that hides differences, or a conversion
    "account_id": ("payments-dev", "payments-two"),
    "pool_id": ("payments-dev", "payments-two"),
    "service": ("run.googleapis.com", "iam.googleapis.com"),
    "member": ("user:ann@example.com", "user:bob@example.com"),
    "project_id": ("acme-payments", "acme-other"),
    "project_name": ("acme payments", "acme other"),
    "role_id": ("viewer", "editor"),
    "folder": ("inbox/", "outbox/"),
    "account_name": ("projects/p/serviceAccounts/a@b", "projects/p/serviceAccounts/c@d"),
    "dataset_id": ("payments", "others"),
    "seconds": ("60s", "90s"),
    "database_version": ("POSTGRES_16", "POSTGRES_17"),
    "columns": ('[{"name":"a","type":"STRING"}]', '[{"name":"a","type":"STRING"},{"name":"b","type":"STRING"}]'),
    "json": ('{"a":1}', '{"a":2}'),
    "document": ('{"a":1}', '{"a":2}'),
}


def leaves(fields: tuple[Field, ...], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield every attribute that a configuration may give, with its path."""
    for part in fields:
        if "unsupported" in part.flags:
            continue
        if part.is_block:
            yield from leaves(part.parts, (*path, part.name))
        elif part.settable:
            yield (*path, part.name), part


def values_of(part: Field) -> tuple[Value, Value]:
    """Return two different values that the checks of an attribute let pass; the second may be None (given up)."""
    kind, _, inner = part.kind.partition(":")
    one, two = _pair({"num": "num"}.get(inner, "str") if kind in {"list", "set"} else kind, part)
    if kind in {"list", "set"}:
        return [one], [one, two]
    if kind == "map":
        return {"k": "a"}, {"k": "b"}
    return one, two


def around(fields: tuple[Field, ...], path: tuple[str, ...], value: Value) -> dict[str, Value]:
    """Return the smallest valid configuration in which the leaf at ``path`` has ``value``."""
    names = _given(fields, path[:1])
    made: dict[str, Value] = {part.name: [] if part.is_block else None for part in fields}
    for part in fields:
        inside = path[:1] == (part.name,)
        if part.name not in names:
            continue
        if part.is_block:
            made[part.name] = [_telling(part.parts, path[1:] if inside else (), value)]
        else:
            made[part.name] = value if inside and len(path) == 1 else values_of(part)[0]
    return made


def _telling(parts: tuple[Field, ...], path: tuple[str, ...], value: Value) -> dict[str, Value]:
    """Return a block that says something: an empty one is nothing to the legacy SDK."""
    made = around(parts, path, value)
    if path or any(part not in (None, []) for part in made.values()):
        return made
    first = next((leaf[0] for leaf in leaves(parts)), ())
    return around(parts, first, values_of(_leaf(parts, first))[0]) if first else made


def _leaf(fields: tuple[Field, ...], path: tuple[str, ...]) -> Field:
    part = next(each for each in fields if each.name == path[0])
    return part if len(path) == 1 else _leaf(part.parts, path[1:])


def _given(fields: tuple[Field, ...], wanted: tuple[str, ...]) -> set[str]:
    known = {part.name: part for part in fields if "unsupported" not in part.flags}
    names = {part.name for part in known.values() if part.required} | set(wanted)
    for name in sorted(names):
        other = known[name].flags.get("with") if name in known else None
        names |= {other} if other else set()
    for flag in ("choice", "any"):
        groups: dict[str, list[Field]] = {}
        for part in known.values():
            for group in filter(None, part.flags.get(flag, "").split(",")):
                groups.setdefault(group, []).append(part)
        for members in groups.values():
            if not names & {part.name for part in members}:
                names.add(members[0].name)
    return names


def _pair(kind: str, part: Field) -> tuple[Value, Value]:
    if kind == "bool":
        return (part.default is not True, part.default is True)
    if kind in {"int", "num"}:
        return 7, 8
    if "in" in part.flags:
        allowed = [each for each in part.flags["in"].split("|") if each]
        return allowed[0], (allowed[1] if len(allowed) > 1 else None)
    if part.flags.get("same") == "duration" or part.flags.get("as") == "duration":
        return "60s", "90s"
    if part.flags.get("state") == "upper":
        return "ALPHA", "BETA"
    by_rule = (part.flags.get("match"), part.name, part.flags.get("same"), part.flags.get("as"))
    return next((_TEXTS[rule] for rule in by_rule if rule in _TEXTS), ("alpha", "beta"))

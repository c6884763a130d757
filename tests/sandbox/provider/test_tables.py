"""The tables against the real provider's schema and declarations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from provisioner.sandbox.provider import registry
from provisioner.sandbox.provider.configuration import provider_fields
from provisioner.sandbox.provider.fields import Field, parse
from provisioner.sandbox.provider.plan import planned_fields, replacing_paths
from provisioner.sandbox.provider.registry import Registry
from provisioner.sandbox.provider.resource import Resource
from provisioner.sandbox.provider.values import UNKNOWN, Value, conform, decode, encode
from tests.sandbox.provider.recordings import SHARED

real = pytest.mark.skipif(not SHARED.exists(), reason="the real provider's schema is not here")
FLAGS = ("required", "optional", "computed", "sensitive", "write_only")
OWN_IMPORT = {"google_project_iam_audit_config"}  # its id has a form of its own
GROUPS = {"choice": "exactly_one_of", "clash": "conflicts_with", "any": "at_least_one_of", "with": "required_with"}


@cache
def known() -> Registry:
    return registry.load()


@cache
def schema() -> dict[str, Any]:
    return json.loads((SHARED / "schema-7.45.json").read_text()) if SHARED.exists() else {}


@cache
def facts() -> dict[str, Any]:
    return json.loads((SHARED / "facts-7.45.json").read_text()) if SHARED.exists() else {}


def types() -> list[str]:
    return sorted(known().resources)


def attribute(field: Field) -> dict[str, Any]:
    marks = {
        "required": field.required,
        "optional": field.optional,
        "computed": field.computed,
        "sensitive": "sensitive" in field.flags,
        "write_only": "writeonly" in field.flags,
    }
    return {name: True for name, value in marks.items() if value} | {"type": json.loads(json.dumps(field.type))}


def block(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "attributes": {field.name: attribute(field) for field in fields if not field.is_block},
        "blocks": {
            field.name: ((field.nesting, field.min_items, field.max_items), block(field.parts))
            for field in fields
            if field.is_block
        },
    }


def real_block(described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attributes": {
            name: {key: each[key] for key in FLAGS if each.get(key)} | {"type": each["type"]}
            for name, each in described.get("attributes", {}).items()
        },
        "blocks": {
            name: (
                (each["nesting_mode"], each.get("min_items", 0), each.get("max_items", 0)),
                real_block(each["block"]),
            )
            for name, each in described.get("block_types", {}).items()
            if name != "timeouts"
        },
    }


UNRECORDED = frozenset(f"google_{kind}_iam_member" for kind in ("billing_account", "folder", "organization"))


@real
@pytest.mark.parametrize("name", types())
def test_a_table_says_what_the_real_schema_says(name: str) -> None:
    described = schema()["resource_schemas"].get(name)
    if described is None:
        pytest.skip("the schema has no such type; its declarations are compared below")
    resource = known().resources[name]
    assert block(resource.fields) == real_block(described["block"])
    assert resource.spec.version == described.get("version", 0)
    timeouts = described["block"].get("block_types", {}).get("timeouts", {}).get("block", {}).get("attributes", {})
    assert set(resource.spec.timeouts) == set(timeouts)


def undescribed(value: Any) -> Any:
    """Leave ``description`` out of object types: the schema file lost them with all other descriptions."""
    if isinstance(value, dict):
        return {key: undescribed(part) for key, part in value.items() if (key, part) != ("description", "string")}
    return [undescribed(part) for part in value] if isinstance(value, list) else value


@real
@pytest.mark.parametrize("name", sorted(known().data_sources))
def test_a_data_source_says_what_the_real_schema_says(name: str) -> None:
    mine = block(known().data_sources[name].fields)
    theirs = real_block(schema()["data_source_schemas"][name]["block"])
    assert undescribed(mine) == undescribed(theirs)


@real
def test_the_provider_block_says_what_the_real_schema_says() -> None:
    assert block(provider_fields()) == real_block(schema()["provider"]["block"])


@real
def test_every_recorded_type_function_and_ephemeral_resource_is_here() -> None:
    assert set(schema()["resource_schemas"]) <= set(known().resources)
    assert set(schema()["functions"]) == set(known().functions)
    missing = set(schema()["ephemeral_resources"]) - set(known().ephemeral)
    assert missing == {"google_service_account_key"}  # keys open nothing in the sandbox


def _facts(fields: tuple[Field, ...], declared: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    for field in fields:
        fact = declared.get(field.name)
        if fact is None:
            assert field.name == "id", path
            continue
        here = f"{path}.{field.name}"
        yield f"{here} force_new", field.force_new, bool(fact.get("force_new"))
        yield f"{here} default", field.default, fact.get("default")
        yield f"{here} type", _shape(field), _declared_shape(fact)
        for mark in FLAGS if not field.is_block else ():
            yield f"{here} {mark}", bool(attribute(field).get(mark)), bool(fact.get(mark))
        yield f"{here} suppressed", "same" in field.flags, bool(fact.get("diff_suppress"))
        for flag, group in GROUPS.items():
            yield f"{here} {group}", flag in field.flags, group in fact
        if "block" in fact:
            yield from _facts(field.parts, fact["block"], here)


def _shape(field: Field) -> tuple[str, int]:
    limit = field.max_items
    if field.is_block or field.parts:
        return field.nesting, limit
    kind = field.kind.partition(":")[0]
    return {"str": "string", "num": "float"}.get(kind, kind), limit


def _declared_shape(fact: Mapping[str, Any]) -> tuple[str, int]:
    kind = fact["type"]
    return kind, fact.get("max_items", 0)


@real
@pytest.mark.parametrize("name", types())
def test_a_table_declares_what_the_real_provider_declares(name: str) -> None:
    if name in UNRECORDED:
        pytest.skip("the real provider's declarations of it were not recorded")
    declared = facts()[name]
    mine = known().resources[name]
    different = [each for each in _facts(mine.fields, declared["attributes"], name) if each[1] != each[2]]
    assert different == []
    assert (bool(mine.spec.imports) or name in OWN_IMPORT) == declared["importable"]


def leaves(fields: tuple[Field, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Field]]:
    for field in fields:
        if field.is_block:
            yield from leaves(field.parts, (*path, field.name))
        elif field.settable:
            yield (*path, field.name), field


def sample(field: Field, text: str = "a") -> Value:
    kind = field.kind.split(":")[0]
    if kind in {"list", "set"}:
        return [1 if field.kind.endswith("num") else text]
    return {"str": text, "bool": text == "a", "int": 1 + len(text), "num": 1 + len(text), "map": {"k": text}}[kind]


def config_with(fields: tuple[Field, ...], path: tuple[str, ...], value: Value) -> dict[str, Value]:
    """Return a configuration that sets one leaf, with the blocks around it."""
    made: dict[str, Value] = {}
    for field in fields:
        inside = bool(path) and field.name == path[0]
        if field.is_block:
            made[field.name] = [config_with(field.parts, path[1:], value)] if inside else []
        else:
            made[field.name] = value if inside and len(path) == 1 else None
    return made


@pytest.mark.parametrize("name", types())
def test_every_leaf_may_be_unknown(name: str) -> None:
    resource = known().resources[name]
    for path, _ in leaves(resource.fields):
        config = config_with(resource.fields, path, UNKNOWN)
        assert resource.validate(config) is not None
        planned = planned_fields(resource.fields, None, config)
        assert decode(encode(planned, resource.type)) == conform(planned, resource.type)


@real
@pytest.mark.parametrize("name", types())
def test_a_change_replaces_exactly_where_the_real_provider_says(name: str) -> None:
    if name in UNRECORDED:
        pytest.skip("the real provider's declarations of it were not recorded")
    resource = known().resources[name]
    for path, field in leaves(resource.fields):
        if path == ("id",) or "writeonly" in field.flags or field.flags.get("same") in {"special", "empty", "absent"}:
            continue
        before = planned_fields(resource.fields, None, config_with(resource.fields, path, sample(field)))
        after = planned_fields(resource.fields, before, config_with(resource.fields, path, sample(field, "other")))
        fact: Any = {"block": facts()[name]["attributes"]}
        declared = []
        for step in path:
            fact = fact["block"][step]
            declared.append(bool(fact.get("force_new")))
        replaces = bool(replacing_paths(resource.fields, before, after))
        if _set_forces(resource.fields, path):  # a changed element is a new one, with all its attributes
            declared.append(True)
        assert replaces == declared[-1], path


def _set_forces(fields: tuple[Field, ...], path: tuple[str, ...]) -> bool:
    field = next(part for part in fields if part.name == path[0])
    if field.kind == "setblocks" and any(part.force_new for part in field.parts):
        return True
    return len(path) > 1 and _set_forces(field.parts, path[1:])


def test_the_wire_knows_both_unknowns_and_numbers_as_text() -> None:
    resource: Resource = known().resources["google_billing_budget"]
    assert decode(b"\xd4\x00\x00") is UNKNOWN
    assert decode(b"\xc7\x01\x0c\x80") is UNKNOWN
    assert conform({"threshold_percent": "0.8"}, ("object", {"threshold_percent": "number"})) == {
        "threshold_percent": 0.8
    }
    assert decode(encode({}, resource.type))["display_name"] is None


@pytest.mark.parametrize("line", ["name", "name STR", "  deep str\nname str"])
def test_a_table_in_another_notation_is_refused(line: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse(line)

"""What both versions of the Organization Policy API share: resources, validation, what is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provisioner.sandbox.google.constraints import (
    PREFIX,
    Constraint,
    constraints,
    enforced,
    find_policy,
    values_in_force,
)
from provisioner.sandbox.google.errors import invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_resource
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.google.resourcemanager.containers import container_resource
from provisioner.sandbox.google.resourcemanager.projects import stamp
from provisioner.sandbox.google.wire import fresh_etag
from provisioner.sandbox.store import Document

Json = dict[str, Any]


def policy_resource(call: Call, name: str) -> Resource:
    """Return the project, folder or organisation that policies are set on."""
    if name.startswith("projects/"):
        return project_resource(call.tx, name.split("/")[1])
    return container_resource(call.tx, "/".join(name.split("/")[:2]))


def constraint_named(name: str) -> Constraint:
    """Return a constraint by name, with or without its prefix. Raises ApiError NOT_FOUND."""
    found = constraints().get(name.removeprefix(PREFIX))
    if found is None:
        raise not_found(f"Requested entity was not found: {PREFIX}{name.removeprefix(PREFIX)}")
    return found


def checked_spec(constraint: Constraint, spec: Json) -> Json:
    """Return a policy's spec as it is kept. Raises ApiError INVALID_ARGUMENT for rules of the other kind."""
    rules = spec.get("rules") or []
    if spec.get("reset") and (rules or spec.get("inheritFromParent")):
        raise invalid_argument("A policy that resets has neither rules nor inheritance.", ("spec", "reset"))
    if any(rule.get("condition", {}).get("expression") for rule in rules):
        raise invalid_argument(
            "The sandbox has no conditional rules of organization policies.", ("spec.rules", "condition")
        )
    for rule in rules:
        kinds = [kind for kind in ("enforce", "allowAll", "denyAll", "values") if kind in rule]
        right = kinds == ["enforce"] if constraint.boolean else len(kinds) == 1 and kinds != ["enforce"]
        if not right:
            wanted = "enforce" if constraint.boolean else "one of values, allow_all and deny_all"
            raise invalid_argument(f"A rule of {PREFIX}{constraint.name} has {wanted}.", ("spec.rules", wanted))
    if constraint.boolean and (spec.get("inheritFromParent") or len(rules) > 1):
        raise invalid_argument("A boolean constraint has one rule and does not merge.", ("spec", "inherit_from_parent"))
    kept = {"rules": rules} if rules else {}
    return kept | {name: True for name in ("reset", "inheritFromParent") if spec.get(name)}


def new_policy(call: Call, spec: Json) -> Document:
    """Return a policy as it is kept, with a fresh etag and the time."""
    return {"spec": spec, "etag": fresh_etag(call.tx), "updateTime": stamp(call.now)}


def spec_in_force(call: Call, names: Sequence[str], constraint: Constraint) -> Json:
    """Return the spec that the hierarchy adds up to for a resource."""
    if constraint.boolean:
        return {"rules": [{"enforce": enforced(call.tx, names, constraint.name)}]}
    values = values_in_force(call.tx, names, constraint.name)
    lists = {"allowedValues": sorted(values.allowed), "deniedValues": sorted(values.denied)}
    named = {key: value for key, value in lists.items() if value}
    if named:
        return {"rules": [{"values": named}]}
    return {"rules": [{"allowAll": True} if values.default == "ALLOW" else {"denyAll": True}]}


def existing(call: Call, resource: Resource, constraint: Constraint) -> Document | None:
    """Return the policy set on a resource itself, or None."""
    return find_policy(call.tx, resource.policies[0], constraint.name)

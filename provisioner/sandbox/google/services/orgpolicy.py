"""The Organization Policy API (v2): policies by name, constraints; dry runs and custom constraints are refused."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.constraints import (
    PREFIX,
    Constraint,
    clear_policy,
    constraints,
    policies_of,
    set_policy,
)
from provisioner.sandbox.google.errors import already_exists, not_found, unimplemented
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.orgpolicy_rules import (
    checked_spec,
    constraint_named,
    existing,
    new_policy,
    policy_resource,
    spec_in_force,
)
from provisioner.sandbox.google.wire import check_etag, page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_PLACES = ("projects", "folders", "organizations")


def _ids(verb: str) -> tuple[str, ...]:
    return tuple(f"orgpolicy.{place}.{verb}" for place in _PLACES)


def _resource(call: Call) -> Resource:
    return policy_resource(call, call.params.get("parent") or call.params["name"])


def _constraint(call: Call) -> Constraint:
    return constraint_named((call.params.get("name") or call.body.get("name", "")).rpartition("/policies/")[2])


def _existing(call: Call) -> Document:
    found = existing(call, _resource(call), _constraint(call))
    if found is None:
        raise not_found("Requested entity was not found.")
    return found


@method(*_ids("policies.create"), permission="orgpolicy.policies.create", on=_resource)
def create(call: Call) -> Json:
    """Set a policy where there is none."""
    constraint = constraint_named(call.body.get("name", "").rpartition("/policies/")[2])
    if existing(call, _resource(call), constraint) is not None:
        raise already_exists("Requested entity already exists")
    return _put(call, constraint)


@method(*_ids("policies.get"), permission="orgpolicy.policy.get", on=_resource)
def get(call: Call) -> Json:
    """Return the policy set on this resource."""
    return _shown(call, _constraint(call), _existing(call))


@method(*_ids("policies.getEffectivePolicy"), permission="orgpolicy.policy.get", on=_resource)
def get_effective(call: Call) -> Json:
    """Return what the whole hierarchy adds up to."""
    constraint, resource = _constraint(call), _resource(call)
    return {
        "name": f"{resource.name}/policies/{constraint.name}",
        "spec": spec_in_force(call, resource.policies, constraint),
    }


@method(*_ids("policies.list"), permission="orgpolicy.policies.list", on=_resource)
def list_policies(call: Call) -> Json:
    """Return a page of the policies set on this resource."""
    found, token = page(
        call, ((name, (name, kept)) for name, kept in policies_of(call.tx, _resource(call).policies[0]))
    )
    shown = [_shown(call, constraint_named(name), kept) for name, kept in found]
    return ({"policies": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method(*_ids("policies.patch"), permission="orgpolicy.policies.update", on=_resource)
def patch(call: Call) -> Json:
    """Replace a policy."""
    before = _existing(call)
    check_etag(call.body.get("etag") or call.body.get("spec", {}).get("etag", ""), before["etag"])
    return _put(call, _constraint(call))


@method(*_ids("policies.delete"), permission="orgpolicy.policies.delete", on=_resource)
def delete(call: Call) -> None:
    """Remove a policy from this resource."""
    check_etag(call.params.get("etag") or "", _existing(call)["etag"])
    clear_policy(call.tx, _resource(call).policies[0], _constraint(call).name)


@method(*_ids("constraints.list"), permission="orgpolicy.constraints.list", on=_resource)
def list_constraints(call: Call) -> Json:
    """Return a page of the constraints that can be set."""
    found, token = page(call, sorted(constraints().items()))
    name = _resource(call).name
    return {"constraints": [_described(name, constraint) for constraint in found]} | (
        {"nextPageToken": token} if token else {}
    )


def _put(call: Call, constraint: Constraint) -> Json:
    if "dryRunSpec" in call.body or "alternate" in call.body:
        raise unimplemented("The sandbox has no dry runs of organization policies.")
    kept = new_policy(call, checked_spec(constraint, call.body.get("spec", {})))
    set_policy(call.tx, _resource(call).policies[0], constraint.name, kept)
    return _shown(call, constraint, kept)


def _shown(call: Call, constraint: Constraint, kept: Document) -> Json:
    spec = kept["spec"] | {"etag": kept["etag"], "updateTime": kept["updateTime"]}
    return {"name": f"{_resource(call).name}/policies/{constraint.name}", "spec": spec, "etag": kept["etag"]}


def _described(parent: str, constraint: Constraint) -> Json:
    kind: Json = {"booleanConstraint": {}} if constraint.boolean else {"listConstraint": {"supportsIn": True}}
    return {
        "name": f"{parent}/{PREFIX}{constraint.name}",
        "displayName": constraint.title,
        "constraintDefault": "ALLOW" if constraint.boolean else constraint.default,
    } | kind

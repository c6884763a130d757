"""Organisation policies as Resource Manager v1 has them: boolean, list or restored to the default.

https://cloud.google.com/resource-manager/reference/rest/v1/Policy. The same policies as Org Policy v2's.
"""

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
from provisioner.sandbox.google.errors import invalid_argument
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
_NO_ETAG = "BwAAAAAAAAA="


def _ids(verb: str) -> tuple[str, ...]:
    return tuple(f"v1/cloudresourcemanager.{place}.{verb}" for place in _PLACES)


def _resource(call: Call) -> Resource:
    return policy_resource(call, call.params["resource"])


def _constraint(call: Call) -> Constraint:
    return constraint_named(call.body.get("constraint", ""))


@method(*_ids("getOrgPolicy"), permission="orgpolicy.policy.get", on=_resource)
def get(call: Call) -> Json:
    """Return the policy set on this resource; an empty one where none is."""
    constraint = _constraint(call)
    return _shown(constraint, existing(call, _resource(call), constraint))


@method(*_ids("getEffectiveOrgPolicy"), permission="orgpolicy.policy.get", on=_resource)
def get_effective(call: Call) -> Json:
    """Return what the whole hierarchy adds up to."""
    constraint = _constraint(call)
    spec = spec_in_force(call, _resource(call).policies, constraint)
    return {"constraint": PREFIX + constraint.name} | _of_spec(constraint, spec)


@method(*_ids("listOrgPolicies"), permission="orgpolicy.policy.get", on=_resource)
def list_policies(call: Call) -> Json:
    """Return a page of the policies set on this resource."""
    call.params |= {name: call.body[name] for name in ("pageSize", "pageToken") if name in call.body}
    found, token = page(
        call, ((name, (name, kept)) for name, kept in policies_of(call.tx, _resource(call).policies[0]))
    )
    shown = [_shown(constraint_named(name), kept) for name, kept in found]
    return ({"policies": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method(*_ids("setOrgPolicy"), permission="orgpolicy.policy.set", on=_resource)
def set_org_policy(call: Call) -> Json:
    """Set a policy on this resource."""
    sent = call.body.get("policy", {})
    constraint, resource = constraint_named(sent.get("constraint", "")), _resource(call)
    before = existing(call, resource, constraint)
    check_etag(sent.get("etag", ""), before["etag"] if before else _NO_ETAG)
    kept = new_policy(call, checked_spec(constraint, _spec(sent)))
    set_policy(call.tx, resource.policies[0], constraint.name, kept)
    return _shown(constraint, kept)


@method(*_ids("clearOrgPolicy"), permission="orgpolicy.policy.set", on=_resource)
def clear(call: Call) -> None:
    """Remove a policy from this resource; what is above counts again."""
    constraint, resource = _constraint(call), _resource(call)
    before = existing(call, resource, constraint)
    check_etag(call.body.get("etag", ""), before["etag"] if before else _NO_ETAG)
    clear_policy(call.tx, resource.policies[0], constraint.name)


@method(*_ids("listAvailableOrgPolicyConstraints"), permission="orgpolicy.policy.get", on=_resource)
def list_constraints(call: Call) -> Json:
    """Return a page of the constraints that can be set."""
    call.params |= {name: call.body[name] for name in ("pageSize", "pageToken") if name in call.body}
    found, token = page(call, sorted(constraints().items()))
    shown = [_described(constraint) for constraint in found]
    return {"constraints": shown} | ({"nextPageToken": token} if token else {})


def _described(constraint: Constraint) -> Json:
    default = "ALLOW" if constraint.boolean else constraint.default
    kind: Json = {"booleanConstraint": {}} if constraint.boolean else {"listConstraint": {}}
    facts = {"name": PREFIX + constraint.name, "displayName": constraint.title, "constraintDefault": default}
    return facts | kind


def _spec(sent: Json) -> Json:
    """Return a policy of v1 as v2's spec. Raises ApiError for one of no kind or several."""
    kinds = [kind for kind in ("booleanPolicy", "listPolicy", "restoreDefault") if kind in sent]
    if len(kinds) != 1:
        raise invalid_argument(
            "A policy has one of boolean_policy, list_policy and restore_default.", ("policy", "kind")
        )
    if kinds == ["restoreDefault"]:
        return {"reset": True}
    if kinds == ["booleanPolicy"]:
        return {"rules": [{"enforce": bool(sent["booleanPolicy"].get("enforced"))}]}
    listed = sent["listPolicy"]
    values = {key: listed[key] for key in ("allowedValues", "deniedValues") if listed.get(key)}
    blankets: dict[str, list[Json]] = {"ALLOW": [{"allowAll": True}], "DENY": [{"denyAll": True}]}
    blanket = blankets.get(listed.get("allValues", ""), [])
    if blanket and values:
        raise invalid_argument(
            "all_values cannot be set together with lists of values.", ("policy.list_policy", "values")
        )
    rules = blanket or ([{"values": values}] if values else [])
    return {"rules": rules, "inheritFromParent": bool(listed.get("inheritFromParent"))}


def _shown(constraint: Constraint, kept: Document | None) -> Json:
    facts = {"constraint": PREFIX + constraint.name}
    if kept is None:
        return facts | {"etag": _NO_ETAG}
    return facts | {"etag": kept["etag"], "updateTime": kept["updateTime"]} | _of_spec(constraint, kept["spec"])


def _of_spec(constraint: Constraint, spec: Json) -> Json:
    if spec.get("reset"):
        return {"restoreDefault": {}}
    rules = spec.get("rules", [])
    if constraint.boolean:
        on: Json = {"enforced": True} if any(rule.get("enforce") for rule in rules) else {}
        return {"booleanPolicy": on}
    listed: Json = {"inheritFromParent": True} if spec.get("inheritFromParent") else {}
    for rule in rules:
        listed |= rule.get("values", {})
        listed |= {"allValues": "ALLOW"} if rule.get("allowAll") else {}
        listed |= {"allValues": "DENY"} if rule.get("denyAll") else {}
    return {"listPolicy": listed}

"""Domain restricted sharing: who may be named in policies at all.

https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains. The constraint
``iam.allowedPolicyMemberDomains`` lists customers (``C0…``, or ``is:C0…``) or organisations
(``is:principalSet://iam.googleapis.com/organizations/<number>``). Members that are in the policy already stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.sandbox.google.constraints import Values, values_in_force, violation
from provisioner.sandbox.google.hierarchy import ORGANIZATIONS
from provisioner.sandbox.google.identity.members import EVERYONE
from provisioner.sandbox.google.identity.policies import read_policy
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.store import Transaction

_CONSTRAINT = "iam.allowedPolicyMemberDomains"
_VERSION = 3


def check_member_domains(call: Call, resource: Resource, policy: Mapping[str, Any]) -> None:
    """Raise ApiError FAILED_PRECONDITION for a new member of a domain that the hierarchy does not admit."""
    values = values_in_force(call.tx, resource.policies, _CONSTRAINT)
    if values == Values("ALLOW"):
        return
    known = set(_members(read_policy(call.tx, resource.policies[0], _VERSION)))
    if any(not _admitted(call.tx, values, member) for member in _members(policy) if member not in known):
        text = "One or more users named in the policy do not belong to a permitted customer."
        raise violation(_CONSTRAINT, text, resource.name)


def _members(policy: Mapping[str, Any]) -> Iterator[str]:
    for binding in policy.get("bindings") or ():
        yield from binding.get("members") or ()


def _admitted(tx: Transaction, values: Values, member: str) -> bool:
    if member in EVERYONE:
        return False
    kind, _, name = member.partition(":")
    if kind not in {"user", "group", "domain"}:
        return True  # accounts and federated principals live in projects of the organisation
    domain = name.rpartition("@")[2].lower()
    return any(values.admit(spelling) for spelling in _spellings(tx, domain))


def _spellings(tx: Transaction, domain: str) -> Iterator[str]:
    """Yield the ways a constraint may name the customer whose domain it is."""
    for _, found in tx.scan(ORGANIZATIONS):
        if found.get("displayName", "").lower() == domain:
            yield found["directoryCustomerId"]
            yield f"principalSet://iam.googleapis.com/{found['name']}"

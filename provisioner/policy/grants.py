"""IAM grants in a plan, of whatever resource they are on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.policy.view import UNKNOWN, PlanView, Resource, Unknown

IAM_TYPE = re.compile(r"google_\w+_iam_(member|binding|policy)")
PROJECT_WIDE = ("google_project_iam_member", "google_folder_iam_member", "google_organization_iam_member")
EVERYBODY = ("allUsers", "allAuthenticatedUsers")


@dataclass(frozen=True, slots=True)
class Grant:
    """One role for one member; either may be unknown. ``resource`` is the Terraform resource that makes it."""

    resource: Resource
    role: str | Unknown
    member: str | Unknown

    @property
    def federated(self) -> bool:
        """Whether the member comes from a workload identity pool (an unknown one may)."""
        return self.member is UNKNOWN or "/workloadIdentityPools/" in str(self.member)


def grants(plan: PlanView) -> Iterator[Grant]:
    """Yield every role and member of members and bindings that stay.

    Whole policies (``_iam_policy``) are refused by a rule of their own and not taken apart here.
    """
    for resource in plan.staying():
        kind = IAM_TYPE.fullmatch(resource.type)
        if kind is None or kind[1] == "policy":
            continue
        for member in _members(resource):
            yield Grant(resource, _text(resource.get("role")), member)


def _members(resource: Resource) -> Iterator[str | Unknown]:
    if resource.type.endswith("_member"):
        yield _text(resource.get("member"))
        return
    members = resource.get("members")
    if not isinstance(members, list):
        yield UNKNOWN
        return
    for index in range(len(members)):
        yield _text(resource.get("members", index))


def _text(value: object) -> str | Unknown:
    return value if isinstance(value, str) else UNKNOWN

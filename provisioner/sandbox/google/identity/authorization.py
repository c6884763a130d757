"""The decision: which of the asked permissions a caller holds on a resource at an instant.

Allow policies of the resource and of everything above it are united; a conditional binding counts only while its
condition is true. https://cloud.google.com/iam/docs/policy-types#evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import ApiError, permission_denied
from provisioner.sandbox.google.identity import cel
from provisioner.sandbox.google.identity.policies import effective_bindings
from provisioner.sandbox.google.identity.roles import permissions_of
from provisioner.sandbox.google.method import Caller, Resource
from provisioner.sandbox.google.resourcemanager.tags import facts_for_conditions
from provisioner.sandbox.store import Transaction

_PROJECT = "//cloudresourcemanager.googleapis.com/projects/"
_CONVENIENCE = {"roles/owner": "projectOwner", "roles/editor": "projectEditor", "roles/viewer": "projectViewer"}
_EVERYTHING = frozenset(("https://www.googleapis.com/auth/cloud-platform",))
_READ_ONLY = "https://www.googleapis.com/auth/cloud-platform.read-only"
_READS = frozenset(("get", "list", "getIamPolicy", "access"))
_SCOPED_SERVICES = {
    "https://www.googleapis.com/auth/devstorage.full_control": ("storage", False),
    "https://www.googleapis.com/auth/devstorage.read_write": ("storage", False),
    "https://www.googleapis.com/auth/devstorage.read_only": ("storage", True),
    "https://www.googleapis.com/auth/iam": ("iam", False),
    "https://www.googleapis.com/auth/logging.write": ("logging", False),
    "https://www.googleapis.com/auth/monitoring.write": ("monitoring", False),
    "https://www.googleapis.com/auth/monitoring.read": ("monitoring", True),
    "https://www.googleapis.com/auth/pubsub": ("pubsub", False),
    "https://www.googleapis.com/auth/cloud-billing": ("billing", False),
    "https://www.googleapis.com/auth/cloudkms": ("cloudkms", False),
}


def granted(
    tx: Transaction, caller: Caller, permissions: Sequence[str], resource: Resource, now: datetime
) -> list[str]:
    """Return those of the permissions that policies grant the caller, in the order asked."""
    open_questions = set(permissions)
    members = _with_convenience_members(tx, caller, resource, now)
    for name in resource.policies:
        for binding in effective_bindings(tx, name, now):
            if not open_questions:
                break
            answered = open_questions & _granted_by(tx, binding, members)
            if answered and _holds(tx, binding, resource, now):
                open_questions -= answered
    return [permission for permission in permissions if permission not in open_questions]


def scopes_allow(caller: Caller, permission: str) -> bool:
    """Tell whether the token's OAuth scopes reach a permission; a token without scopes is not limited."""
    if not caller.scopes or not _EVERYTHING.isdisjoint(caller.scopes):
        return True
    service, verb = permission.partition(".")[0], permission.rpartition(".")[2]
    if _READ_ONLY in caller.scopes and verb in _READS:
        return True
    reached = [_SCOPED_SERVICES[scope] for scope in caller.scopes if scope in _SCOPED_SERVICES]
    return any(name == service and (verb in _READS or not read_only) for name, read_only in reached)


def denied(permission: str, resource: Resource) -> ApiError:
    """403 as most APIs word it; a resource's own wording may use ``{permission}``."""
    shown = f"//{resource.service}/{resource.name}"
    text = resource.denial or f"Permission '{{permission}}' denied on resource '{shown}' (or it may not exist)."
    return permission_denied(
        text.replace("{permission}", permission),
        [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "IAM_PERMISSION_DENIED",
                "domain": resource.service,
                "metadata": {"permission": permission, "resource": resource.name},
            }
        ],
    )


def insufficient_scopes(service: str, method: str) -> ApiError:
    """403: the token's scopes do not reach the method."""
    return permission_denied(
        "Request had insufficient authentication scopes.",
        [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"service": service, "method": method},
            }
        ],
    )


def _granted_by(tx: Transaction, binding: dict[str, Any], members: frozenset[str]) -> frozenset[str]:
    if members.isdisjoint(binding["members"]):
        return frozenset()
    return permissions_of(tx, binding["role"])


def _holds(tx: Transaction, binding: dict[str, Any], resource: Resource, now: datetime) -> bool:
    condition = binding.get("condition")
    if condition is None:
        return True
    facts: dict[str, Any] = {"name": resource.name, "type": resource.kind, "service": resource.service}
    if "Tag" in condition["expression"]:
        facts |= facts_for_conditions(tx, resource.policies)
    attributes: dict[str, Any] = {"resource": facts, "request": {"time": now}, "api": {}}
    try:
        return cel.evaluate(condition["expression"], attributes) is True
    except cel.CelError:
        return False  # as at Google: a condition that cannot be evaluated grants nothing


def _with_convenience_members(tx: Transaction, caller: Caller, resource: Resource, now: datetime) -> frozenset[str]:
    """Add ``projectOwner:p`` and the like, which buckets name in their legacy bindings."""
    extra = set()
    for name in resource.policies:
        if not name.startswith(_PROJECT):
            continue
        for binding in effective_bindings(tx, name, now):
            short = _CONVENIENCE.get(binding["role"])
            if short and not caller.members.isdisjoint(binding["members"]):
                extra.add(f"{short}:{name.removeprefix(_PROJECT)}")
    return caller.members | extra

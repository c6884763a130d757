"""getIamPolicy, setIamPolicy and testIamPermissions of any resource; services call these from their handlers.

    @method("run.projects.locations.services.getIamPolicy", permission="run.services.getIamPolicy", on=_service)
    def get_policy(call: Call) -> Json:
        return get_iam_policy(call, _service(call))

The policy is the nearest one of the resource (``resource.policies[0]``); whether the resource exists is for the
service to find out.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.identity.member_domains import check_member_domains
from provisioner.sandbox.google.identity.policies import read_policy, write_policy
from provisioner.sandbox.google.identity.roles import possible_permission
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.google.schema import camel

Json = dict[str, Any]
_MASKABLE = frozenset(("auditConfigs", "bindings", "etag", "version"))


def get_iam_policy(call: Call, resource: Resource) -> Json:
    """Return the policy in the version asked for, in the query or in the body."""
    asked = call.params.get("options.requestedPolicyVersion")
    if asked is None:
        asked = call.body.get("options", {}).get("requestedPolicyVersion", 1)
    return read_policy(call.tx, resource.policies[0], int(asked))


def set_iam_policy(call: Call, resource: Resource) -> Json:
    """Replace the policy with the body's; return it as it is now. Raises ApiError ABORTED for a stale etag."""
    if "policy" not in call.body:
        raise invalid_argument("The policy must be set.", ("policy", "The policy must be set."))
    check_member_domains(call, resource, call.body["policy"])
    return write_policy(
        call.tx,
        resource.policies[0],
        call.body["policy"],
        now=call.now,
        mask=_mask(call.body.get("updateMask", "")),
        propagation_seconds=float(call.world.settings["propagation_seconds"]),
    )


def test_iam_permissions(call: Call, resource: Resource) -> Json:
    """Return those of the body's permissions that the caller holds; ``{}`` for none."""
    asked = call.body.get("permissions") or []
    if any("*" in permission for permission in asked):
        raise invalid_argument("Permissions with wildcards are not allowed.")
    wrong = next((permission for permission in asked if not possible_permission(permission)), None)
    if wrong is not None:
        raise invalid_argument(f"Permission {wrong} is not valid for this resource.")
    held = call.identity.granted(call.tx, call.caller, asked, resource, call.now)
    return {"permissions": held} if held else {}


def _mask(text: str) -> frozenset[str]:
    names = frozenset(camel(name.strip()) for name in text.split(",") if name.strip())
    if not names <= _MASKABLE:
        raise invalid_argument(f"Invalid field mask: {text}", ("update_mask", f"Invalid field mask: {text}"))
    return names

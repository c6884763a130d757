"""What may be granted at all, of the IAM API (v1): permissions for custom roles, predefined roles."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.identity.roles import predefined, vocabulary_permissions
from provisioner.sandbox.google.method import Call, method
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]


@method("iam.permissions.queryTestablePermissions")
def query_permissions(call: Call) -> Json:
    """Return a page of the permissions that custom roles may hold: those the sandbox knows."""
    _check_resource(call)
    names, token = page(call, ((name, name) for name in sorted(vocabulary_permissions())), default=100)
    return {"permissions": [{"name": name, "stage": "GA"} for name in names]} | (
        {"nextPageToken": token} if token else {}
    )


@method("iam.roles.queryGrantableRoles")
def query_roles(call: Call) -> Json:
    """Return a page of the predefined roles; the sandbox does not know which suit a kind of resource."""
    _check_resource(call)
    names, token = page(call, ((name, name) for name in sorted(predefined())), default=300)
    return {"roles": [{"name": name} for name in names]} | ({"nextPageToken": token} if token else {})


def _check_resource(call: Call) -> None:
    if not call.body.get("fullResourceName", "").startswith("//"):
        raise invalid_argument("The full resource name must start with //.", ("full_resource_name", "required"))
    # These two methods take their page in the body.
    call.params |= {name: call.body[name] for name in ("pageSize", "pageToken") if name in call.body}

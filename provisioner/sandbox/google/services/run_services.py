"""Services of the Cloud Run Admin API (v2): records with revisions, traffic, addresses and conditions."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.checks import check_body, check_etag, perhaps
from provisioner.sandbox.google.run.deploying import create_service, delete_service, roll_out
from provisioner.sandbox.google.run.names import (
    SERVICES,
    canonical_name,
    find_service,
    location_resource,
    prefix_of,
    resource_of,
)
from provisioner.sandbox.google.run.starting import refreshed
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]
_API = "v2/run.projects.locations.services"
_BOTH = "run.projects.locations.services"


def _parent(call: Call) -> Resource:
    return location_resource(call.tx, call.params["parent"])


def _service(call: Call) -> Resource:
    return resource_of(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return resource_of(call.tx, call.params["resource"])


@method(f"{_API}.create", permission="run.services.create", on=_parent)
def create(call: Call) -> Json:
    """Create a service and its first revision; a revision that fails leaves the service behind, not ready."""
    check_body(call.body, "service")
    parent = canonical_name(call.tx, call.params["parent"])
    return perhaps(call, lambda: create_service(call, parent, call.params.get("serviceId", ""), call.body))


@method(f"{_API}.get", permission="run.services.get", on=_service)
def get(call: Call) -> Json:
    """Return a service."""
    return refreshed(call, find_service(call.tx, call.params["name"]))


@method(f"{_API}.list", permission="run.services.list", on=_parent)
def list_services(call: Call) -> Json:
    """Return a page of a location's services; ``-`` stands for all locations."""
    parent = canonical_name(call.tx, call.params["parent"])
    items, token = page(call, call.tx.scan(SERVICES, prefix_of(parent)))
    return ({"services": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="run.services.update", on=_service)
def patch(call: Call) -> Json:
    """Replace the user's part of a service (or what the mask names); a changed template makes a revision."""
    check_body(call.body, "service")
    if call.params.get("allowMissing"):
        call.require("run.services.create", location_resource(call.tx, call.params["name"]))
        name = canonical_name(call.tx, call.params["name"])
        if call.tx.get(SERVICES, name) is None:
            parent, _, short = name.partition("/services/")
            return perhaps(call, lambda: create_service(call, parent, short, call.body))
    found = find_service(call.tx, call.params["name"])
    check_etag(call.body.get("etag", ""), found)
    sent = call.body
    if call.params.get("updateMask"):
        paths = read_update_mask(call.params["updateMask"], "GoogleCloudRunV2Service", call.schemas)
        sent = apply_update(found, call.body, paths)
    return perhaps(call, lambda: roll_out(call, found, sent, force=bool(call.params.get("forceNewRevision"))))


@method(f"{_API}.delete", permission="run.services.delete", on=_service)
def delete(call: Call) -> Json:
    """Delete a service with its revisions."""
    found = find_service(call.tx, call.params["name"])
    check_etag(call.params.get("etag") or "", found)
    return perhaps(call, lambda: delete_service(call, found))


@method(f"{_BOTH}.getIamPolicy", permission="run.services.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may use the service."""
    find_service(call.tx, call.params["resource"])
    return get_iam_policy(call, _policy(call))


@method(f"{_BOTH}.setIamPolicy", permission="run.services.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may use the service."""
    find_service(call.tx, call.params["resource"])
    return set_iam_policy(call, _policy(call))


@method(f"{_BOTH}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    find_service(call.tx, call.params["resource"])
    return test_iam_permissions(call, _policy(call))

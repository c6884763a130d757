"""Services of the Cloud Run Admin API (v2): records with revisions, traffic, addresses and conditions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import aborted, already_exists, not_found, permission_denied, unimplemented
from provisioner.sandbox.google.hierarchy import inside_project, project, project_resource
from provisioner.sandbox.google.identity.accounts import account_resource, default_compute_email, find_account
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.run_defaults import check_service_id, uris, with_defaults
from provisioner.sandbox.google.services.run_revisions import (
    delete_revisions,
    new_revision,
    settle,
    template_changed,
)
from provisioner.sandbox.google.wire import fresh_etag, page, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "run.googleapis.com"
SERVICES = "google/run.services"  # by name with the project's id; fields as run v2
_API = "run.projects.locations.services"
_TYPE = "type.googleapis.com/google.cloud.run.v2.Service"
_DENIAL = "Permission '{permission}' denied on resource '%s' (or resource may not exist)."


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's id. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, rest = name.split("/", 2)
    return f"projects/{project(tx, owner)['projectId']}/{rest}"


def service_resource(tx: Transaction, name: str) -> Resource:
    """Return a service as a thing that permissions are asked for; ``name`` may go on below it."""
    own = "/".join(canonical_name(tx, name).split("/")[:6])
    found = inside_project(
        tx, own.split("/")[1], name=own, kind=f"{SERVICE}/Service", service=SERVICE, policy=f"//{SERVICE}/{own}"
    )
    return Resource(found.name, found.kind, SERVICE, found.policies, found.project, _DENIAL % own)


def find_service(tx: Transaction, name: str) -> Document:
    """Return a service. Raises ApiError NOT_FOUND."""
    full = canonical_name(tx, name)
    found = tx.get(SERVICES, full)
    if found is None:
        _, owner, _, location, _, service = full.split("/")
        raise not_found(
            f"Resource '{service}' of kind 'SERVICE' in region '{location}' in project '{owner}' does not exist."
        )
    return found


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _service(call: Call) -> Resource:
    return service_resource(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return service_resource(call.tx, call.params["resource"])


@method(f"{_API}.create", permission="run.services.create", on=_parent)
def create(call: Call) -> Json:
    """Create a service and its first revision; a revision that fails leaves the service behind, not ready."""
    service_id = call.params.get("serviceId", "")
    check_service_id(service_id)
    name = f"{canonical_name(call.tx, call.params['parent'])}/services/{service_id}"
    if call.tx.get(SERVICES, name) is not None:
        raise already_exists(f"Resource '{service_id}' already exists.")
    _, owner, _, location, _, _ = name.split("/")
    addresses = uris(project(call.tx, owner)["projectNumber"], location, service_id)
    fixed = {
        "name": name,
        "uid": str(uuid4()),
        "createTime": timestamp(call.now),
        "creator": _who(call),
        "uri": addresses[-1],
        "urls": addresses,
        "generation": "0",
    }
    return _roll_out(call, fixed, call.body)


@method(f"{_API}.get", permission="run.services.get", on=_service)
def get(call: Call) -> Json:
    """Return a service."""
    return find_service(call.tx, call.params["name"])


@method(f"{_API}.list", permission="run.services.list", on=_parent)
def list_services(call: Call) -> Json:
    """Return a page of a location's services; ``-`` stands for all locations."""
    parent = canonical_name(call.tx, call.params["parent"])
    prefix = parent.removesuffix("-") if parent.endswith("/-") else f"{parent}/"
    items, token = page(call, call.tx.scan(SERVICES, prefix))
    return ({"services": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="run.services.update", on=_service)
def patch(call: Call) -> Json:
    """Replace the user's part of a service (or what the mask names); a changed template makes a revision."""
    found = find_service(call.tx, call.params["name"])
    _check_etag(call.body.get("etag", ""), found)
    sent = call.body
    if call.params.get("updateMask"):
        paths = read_update_mask(call.params["updateMask"], "GoogleCloudRunV2Service", call.schemas)
        sent = apply_update(found, call.body, paths)
    return _roll_out(call, found, sent)


@method(f"{_API}.delete", permission="run.services.delete", on=_service)
def delete(call: Call) -> Json:
    """Delete a service with its revisions."""
    found = find_service(call.tx, call.params["name"])
    _check_etag(call.params.get("etag") or "", found)
    call.tx.delete(SERVICES, found["name"])
    delete_revisions(call.tx, found["name"])
    delete_policy(call.tx, f"//{SERVICE}/{found['name']}")
    return operations.succeeded(
        call, _operation_name(found), {"@type": _TYPE, **found, "deleteTime": timestamp(call.now)}, {"@type": _TYPE}
    )


@method(f"{_API}.getIamPolicy", permission="run.services.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may use the service."""
    find_service(call.tx, call.params["resource"])
    return get_iam_policy(call, _policy(call))


@method(f"{_API}.setIamPolicy", permission="run.services.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may use the service."""
    find_service(call.tx, call.params["resource"])
    return set_iam_policy(call, _policy(call))


@method(f"{_API}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    find_service(call.tx, call.params["resource"])
    return test_iam_permissions(call, _policy(call))


def _roll_out(call: Call, found: Document, sent: Json) -> Json:
    if call.params.get("validateOnly"):
        raise unimplemented("The sandbox does not implement validateOnly.")
    owner = project(call.tx, found["name"].split("/")[1])
    wanted = with_defaults(sent, default_compute_email(owner))
    _check_act_as(call, wanted["template"]["serviceAccount"])
    changed = {key: value for key, value in found.items() if key in _SERVER_FIELDS} | wanted
    changed["generation"] = str(int(found["generation"]) + 1)
    changed |= {"lastModifier": _who(call), "updateTime": timestamp(call.now), "etag": f'"{fresh_etag(call.tx)}"'}
    failure = None
    if template_changed(call.tx, changed) or call.params.get("forceNewRevision"):
        failure = new_revision(call, owner, changed)
    settle(call, changed, failure)
    call.tx.put(SERVICES, changed["name"], changed)
    name, metadata = _operation_name(changed), {"@type": _TYPE}
    if failure:
        return operations.failed(
            call, name, failure.error(changed["latestCreatedRevision"].rpartition("/")[2]), metadata
        )
    return operations.succeeded(call, name, {"@type": _TYPE, **changed}, metadata)


_SERVER_FIELDS = frozenset(
    (
        "name",
        "uid",
        "createTime",
        "creator",
        "uri",
        "urls",
        "generation",
        "latestCreatedRevision",
        "latestReadyRevision",
        "terminalCondition",
    )
)


def _check_act_as(call: Call, account: str) -> None:
    resource = account_resource(call.tx, f"projects/-/serviceAccounts/{account}")
    if find_account(call.tx, account) is None or not call.holds("iam.serviceAccounts.actAs", resource):
        raise permission_denied(
            f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
        )


def _check_etag(sent: str, found: Document) -> None:
    if sent and sent != found["etag"]:
        name = found["name"].rpartition("/")[2]
        raise aborted(
            f"Conflict for resource '{name}': version '{sent}' was specified but current version is '{found['etag']}'."
        )


def _operation_name(service: Document) -> str:
    return f"{service['name'].partition('/services/')[0]}/operations/{uuid4()}"


def _who(call: Call) -> str:
    return call.caller.email or call.caller.member

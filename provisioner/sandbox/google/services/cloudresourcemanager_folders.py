"""Resource Manager v3: folders and organisations; their IAM policies in v1 and v2 as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, permission_denied
from provisioner.sandbox.google.hierarchy import FOLDERS, ORGANIZATIONS, parent_policies
from provisioner.sandbox.google.identity.policies import grant
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import containers
from provisioner.sandbox.google.resourcemanager.containers import container_resource, find, named
from provisioner.sandbox.google.resourcemanager.projects import stamp
from provisioner.sandbox.google.resourcemanager.search import container_filter
from provisioner.sandbox.google.wire import check_etag, page, parse_timestamp, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_GRACE = timedelta(days=30)
_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v3.Folder"


def _new_parent(call: Call) -> Resource:
    return container_resource(call.tx, call.body.get("parent", ""))


@method("cloudresourcemanager.folders.create", permission="resourcemanager.folders.create", on=_new_parent)
def create(call: Call) -> Json:
    """Create a folder; its creator may administer it."""
    return _done(call, created(call, call.body["parent"], call.body.get("displayName", "")), "cf")


def created(call: Call, parent: str, display_name: str) -> Document:
    """Make a folder and let its creator administer it. Raises ApiError."""
    made = containers.create_folder(call.tx, parent, display_name, call.now)
    policy = parent_policies(call.tx, made["name"])[0]
    grant(call.tx, policy, "roles/resourcemanager.folderAdmin", [call.caller.member], call.now)
    return made


@method("cloudresourcemanager.folders.get", permission="resourcemanager.folders.get", on=named)
def get(call: Call) -> Json:
    """Return a folder."""
    return find(call.tx, call.params["name"])


def _listed(call: Call) -> Resource:
    return container_resource(call.tx, call.params["parent"])


@method("cloudresourcemanager.folders.list", permission="resourcemanager.folders.list", on=_listed)
def list_folders(call: Call) -> Json:
    """Return the folders directly below a folder or organisation."""
    parent, deleted = call.params["parent"], call.params.get("showDeleted")
    inside = [
        (key, found) for key, found in call.tx.find(FOLDERS, "parent", parent) if deleted or found["state"] == "ACTIVE"
    ]
    shown, token = page(call, inside)
    answer: Json = {"folders": shown} if shown else {}
    return answer | ({"nextPageToken": token} if token else {})


@method("cloudresourcemanager.folders.patch", permission="resourcemanager.folders.update", on=named)
def patch(call: Call) -> Json:
    """Rename a folder."""
    return _done(call, renamed(call), "uf")


def renamed(call: Call) -> Document:
    """Give a folder the display name of the body. Raises ApiError."""
    found = find(call.tx, call.params["name"])
    check_etag(call.body.get("etag", ""), found["etag"])
    if call.params.get("updateMask") not in {"displayName", "display_name"}:
        raise invalid_argument("Invalid field mask", ("update_mask", "only display_name can be changed"))
    containers.check_display_name(call.tx, found["parent"], call.body.get("displayName", ""))
    return containers.keep_folder(call.tx, found | {"displayName": call.body["displayName"]}, call.now)


@method("cloudresourcemanager.folders.delete", permission="resourcemanager.folders.delete", on=named)
def delete(call: Call) -> Json:
    """Begin the deletion of an empty folder."""
    return _done(call, deleted(call), "df")


def deleted(call: Call) -> Document:
    """Mark an empty folder as deleted. Raises ApiError."""
    found = find(call.tx, call.params["name"])
    if found["state"] != "ACTIVE" or containers.has_children(call.tx, found["name"]):
        raise failed_precondition("The folder is not active or not empty.")
    ends = {"deleteTime": stamp(call.now + _GRACE)}
    return containers.keep_folder(call.tx, found | {"state": "DELETE_REQUESTED"} | ends, call.now)


@method("cloudresourcemanager.folders.undelete", permission="resourcemanager.folders.undelete", on=named)
def undelete(call: Call) -> Json:
    """Bring a folder back."""
    return _done(call, undeleted(call), "uf")


def undeleted(call: Call) -> Document:
    """Make a deleted folder active again, within 30 days and while its name and parent are there. Raises ApiError."""
    found = find(call.tx, call.params["name"])
    if found["state"] != "DELETE_REQUESTED":
        raise failed_precondition("The folder is not pending deletion.")
    if parse_timestamp(found["deleteTime"]) <= call.now:
        raise permission_denied("The caller does not have permission")
    containers.check_display_name(call.tx, found["parent"], found["displayName"])
    kept = {key: value for key, value in found.items() if key != "deleteTime"}
    return containers.keep_folder(call.tx, kept | {"state": "ACTIVE"}, call.now)


@method("v3/cloudresourcemanager.folders.move", permission="resourcemanager.folders.move", on=named)
def move(call: Call) -> Json:
    """Put a folder with all it holds below another folder or organisation."""
    return _done(call, containers.move_folder(call, call.params["name"], call.body.get("destinationParent", "")), "fm")


@method("cloudresourcemanager.folders.search")
def search(call: Call) -> Json:
    """Return the folders the caller may see that a query describes."""
    return _search(call, FOLDERS, "resourcemanager.folders.get", "folders")


@method("v3/cloudresourcemanager.organizations.search")
def search_organizations(call: Call) -> Json:
    """Return the organisations the caller may see; ``domain:example.com`` narrows."""
    return _search(call, ORGANIZATIONS, "resourcemanager.organizations.get", "organizations")


@method("v3/cloudresourcemanager.organizations.get", permission="resourcemanager.organizations.get", on=named)
def get_organization(call: Call) -> Json:
    """Return an organisation."""
    return find(call.tx, call.params["name"])


@method(
    "cloudresourcemanager.folders.getIamPolicy",
    "cloudresourcemanager.organizations.getIamPolicy",
    permission=lambda call: (f"resourcemanager.{_collection(call)}.getIamPolicy",),
    on=named,
)
def get_policy(call: Call) -> Json:
    """Return the policy of a folder or organisation."""
    return get_iam_policy(call, named(call))


@method(
    "cloudresourcemanager.folders.setIamPolicy",
    "cloudresourcemanager.organizations.setIamPolicy",
    permission=lambda call: (f"resourcemanager.{_collection(call)}.setIamPolicy",),
    on=named,
)
def set_policy(call: Call) -> Json:
    """Replace the policy of a folder or organisation."""
    return set_iam_policy(call, named(call))


@method(
    "cloudresourcemanager.folders.testIamPermissions",
    "cloudresourcemanager.organizations.testIamPermissions",
    on=named,
)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, named(call))


def _collection(call: Call) -> str:
    return str(call.params["resource"]).partition("/")[0]


def _search(call: Call, collection: str, permission: str, field: str) -> Json:
    wanted = container_filter(call.params.get("query", ""))
    found = [
        (number, entry)
        for number, entry in call.tx.scan(collection)
        if wanted(entry) and call.holds(permission, container_resource(call.tx, entry["name"]))
    ]
    shown, token = page(call, found)
    answer: Json = {field: shown} if shown else {}
    return answer | ({"nextPageToken": token} if token else {})


def _done(call: Call, made: Document, letters: str) -> Json:
    return operations.succeeded(call, f"operations/{letters}.{random_number(19)}", {"@type": _TYPE, **made})

"""Cloud Storage JSON API: managed folders, which carry IAM policies for the objects below them.

https://cloud.google.com/storage/docs/managed-folders.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import acl, objects
from provisioner.sandbox.google.storage.buckets import SERVICE, bucket
from provisioner.sandbox.google.storage.preconditions import check, not_modified
from provisioner.sandbox.google.storage.refusals import conflict, invalid
from provisioner.sandbox.google.storage.resources import (
    bucket_policies,
    bucket_resource,
    denial,
    folder_policies,
    folder_policy_name,
    visit,
)
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.http import Response

Json = dict[str, Any]


def folder_resource(call: Call) -> Resource:
    """Return the managed folder of a call; one that does not exist has the policies of those around it."""
    holder = visit(call)
    name = _folder_name(call.params["managedFolder"])
    own = folder_policies(call.tx, holder["name"], name)
    return Resource(
        name=f"projects/_/buckets/{holder['name']}/managedFolders/{name}",
        kind=f"{SERVICE}/ManagedFolder",
        service=SERVICE,
        policies=own + bucket_policies(call.tx, holder),
        denial=denial(call, "managed folder"),
    )


@method("storage.managedFolders.insert", permission="storage.managedFolders.create", on=bucket_resource)
def insert(call: Call) -> Json:
    """Create a managed folder; the bucket needs uniform bucket-level access."""
    holder = bucket(call.tx, call.params["bucket"])
    if not acl.uniform(holder):
        raise invalid("Managed folders can only be created in buckets with uniform bucket-level access enabled.")
    name = _folder_name(objects.check_name(call.body.get("name")))
    key = f"{holder['name']}/{name}"
    if call.tx.get(objects.MANAGED_FOLDERS, key) is not None:
        raise conflict("The managed folder already exists.")
    moment, path = timestamp(call.now), name.replace("/", "%2F")
    made = {
        "kind": "storage#managedFolder",
        "id": key,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{holder['name']}/managedFolders/{path}",
        "bucket": holder["name"],
        "name": name,
        "metageneration": "1",
        "createTime": moment,
        "updateTime": moment,
    }
    call.tx.put(objects.MANAGED_FOLDERS, key, made)
    return made


@method("storage.managedFolders.get", permission="storage.managedFolders.get", on=folder_resource)
def get(call: Call) -> Json | Response:
    """Return a managed folder."""
    found = managed_folder(call)
    return not_modified(call.params, found) or found


@method("storage.managedFolders.list", permission="storage.managedFolders.list", on=bucket_resource)
def list_folders(call: Call) -> Json:
    """Return the managed folders of a bucket, by name."""
    inside = f"{bucket(call.tx, call.params['bucket'])['name']}/"
    found = call.tx.scan(objects.MANAGED_FOLDERS, inside + call.params.get("prefix", ""))
    items, token = page(call, found, size="pageSize", default=1000)
    answer: Json = {"kind": "storage#managedFolders"}
    return answer | ({"items": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method("storage.managedFolders.delete", permission="storage.managedFolders.delete", on=folder_resource)
def delete(call: Call) -> Response:
    """Delete a managed folder; ``allowNonEmpty`` leaves the objects below in place."""
    found = managed_folder(call)
    check(call.params, found)
    key = f"{found['bucket']}/{found['name']}"
    below = next(call.tx.scan(objects.LIVE, key), None)
    if below and not call.params.get("allowNonEmpty"):
        raise conflict("The managed folder you tried to delete is not empty.")
    call.tx.delete(objects.MANAGED_FOLDERS, key)
    delete_policy(call.tx, folder_policy_name(found["bucket"], found["name"]))
    return Response(204)


def managed_folder(call: Call) -> Json:
    """Return the managed folder of a call. Raises ApiError NOT_FOUND."""
    name = _folder_name(call.params["managedFolder"])
    found = call.tx.get(objects.MANAGED_FOLDERS, f"{call.params['bucket']}/{name}")
    if found is None:
        raise ApiError("NOT_FOUND", "The specified managed folder does not exist.")
    return found


def _folder_name(name: str) -> str:
    return name if name.endswith("/") else f"{name}/"

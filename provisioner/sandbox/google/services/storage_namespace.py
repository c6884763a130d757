"""Cloud Storage JSON API: folders of buckets with a hierarchical namespace, and operations of buckets.

https://cloud.google.com/storage/docs/hns-overview.
"""

from __future__ import annotations

import secrets
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import folders, objects, preconditions, retention, tasks
from provisioner.sandbox.google.storage.buckets import SERVICE, bucket
from provisioner.sandbox.google.storage.refusals import conflict
from provisioner.sandbox.google.storage.resources import (
    bucket_policies,
    bucket_resource,
    denial,
    folder_policies,
    visit,
)
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_PACKAGE = "type.googleapis.com/google.storage.control.v2"


def _resource(call: Call, name: str) -> Resource:
    holder = visit(call)
    return Resource(
        name=f"projects/_/buckets/{holder['name']}/folders/{name}",
        kind=f"{SERVICE}/Folder",
        service=SERVICE,
        policies=folder_policies(call.tx, holder["name"], name) + bucket_policies(call.tx, holder),
        denial=denial(call, "folder"),
    )


def _folder(call: Call) -> Resource:
    return _resource(call, folders.folder_name(call.params["folder"]))


def _sent(call: Call) -> Resource:
    return _resource(call, folders.folder_name(call.body.get("name")))


def _source(call: Call) -> Resource:
    return _resource(call, folders.folder_name(call.params["sourceFolder"]))


@method("storage.folders.insert", permission="storage.folders.create", on=_sent)
def insert(call: Call) -> Json:
    """Create a folder, and with ``recursive`` those above it."""
    name = folders.folder_name(call.body.get("name"))
    return folders.make(call, _holder(call), name, recursive=bool(call.params.get("recursive")))


@method("storage.folders.get", permission="storage.folders.get", on=_folder)
def get(call: Call) -> Json | Response:
    """Return a folder."""
    found = _found(call)
    return preconditions.not_modified(call.params, found) or found


@method("storage.folders.list", permission="storage.folders.list", on=bucket_resource)
def list_folders(call: Call) -> Json:
    """Return folders in the order of their names; with the delimiter ``/`` those directly below the prefix."""
    holder, params = _holder(call), call.params
    prefix, delimiter = params.get("prefix", ""), params.get("delimiter", "")
    start, end = params.get("startOffset", ""), params.get("endOffset", "")
    rows = []
    for key, found in call.tx.scan(folders.FOLDERS, f"{holder['name']}/{prefix}"):
        name = found["name"]
        deeper = delimiter and "/" in name[len(prefix) : -1]
        if not deeper and (not start or name >= start) and (not end or name < end):
            rows.append((key, found))
    items, token = page(call, rows, default=1000)
    answer: Json = {"kind": "storage#folders"}
    return answer | ({"items": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method("storage.folders.delete", permission="storage.folders.delete", on=_folder)
def delete(call: Call) -> Response:
    """Delete an empty folder."""
    found = _found(call)
    preconditions.check(call.params, found)
    if next(folders.below(call.tx, found["bucket"], found["name"]), None):
        raise conflict("The folder you tried to delete is not empty.")
    call.tx.delete(folders.FOLDERS, f"{found['bucket']}/{found['name']}")
    return Response(204)


@method("storage.folders.deleteRecursive", permission=("storage.folders.delete", "storage.objects.delete"), on=_folder)
def delete_recursive(call: Call) -> Json:
    """Delete a folder with everything in it; an operation tells when it is done."""
    found = _found(call)
    preconditions.check(call.params, found)
    holder = bucket(call.tx, found["bucket"])
    inside = list(folders.below(call.tx, found["bucket"], found["name"]))
    for collection, key, document in inside:
        if collection == objects.LIVE:
            objects.retire(call, holder, document)
        elif collection != objects.NONCURRENT:
            call.tx.delete(collection, key)
    call.tx.delete(folders.FOLDERS, f"{found['bucket']}/{found['name']}")
    metadata = {"@type": f"{_PACKAGE}.DeleteFolderRecursiveMetadata", "folderId": found["name"]}
    return tasks.finished(call, _operation_name(found), metadata)


@method("storage.folders.rename", permission="storage.folders.rename", on=_source)
def rename(call: Call) -> Json:
    """Rename a folder with everything in it, in one step; an operation tells when it is done."""
    holder = _holder(call)
    source, target = (folders.folder_name(call.params[name]) for name in ("sourceFolder", "destinationFolder"))
    call.require("storage.folders.create", _resource(call, target))
    found = folders.find(call.tx, holder["name"], source)
    preconditions.check(call.params, found, prefix="Source")
    for collection, _, document in folders.below(call.tx, holder["name"], source):
        if collection == objects.LIVE:
            retention.check_free(holder, document, call.now)
    made = folders.rename(call, holder["name"], source, target)
    metadata = {
        "@type": f"{_PACKAGE}.RenameFolderMetadata",
        "sourceFolderId": source,
        "destinationFolderId": target,
    }
    return tasks.finished(call, _operation_name(made), metadata, {"@type": f"{_PACKAGE}.Folder"} | made)


@method("storage.buckets.operations.get", permission="storage.bucketOperations.get", on=bucket_resource)
def get_operation(call: Call) -> Json:
    """Return an operation."""
    return tasks.polled(call, call.params["bucket"], call.params["operationId"])


@method("storage.buckets.operations.list", permission="storage.bucketOperations.list", on=bucket_resource)
def list_operations(call: Call) -> Json:
    """Return the operations of a bucket."""
    items, token = page(call, tasks.operations(call, call.params["bucket"]))
    answer: Json = {"kind": "storage#operations"}
    return answer | ({"operations": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method("storage.buckets.operations.cancel", permission="storage.bucketOperations.cancel", on=bucket_resource)
def cancel_operation(call: Call) -> Response:
    """Refuse: whatever an operation stands for is done when it is made."""
    tasks.polled(call, call.params["bucket"], call.params["operationId"])
    raise ApiError("FAILED_PRECONDITION", "The operation has already completed.")


def _holder(call: Call) -> Document:
    holder = bucket(call.tx, call.params["bucket"])
    folders.check_hierarchical(holder)
    return holder


def _found(call: Call) -> Document:
    return folders.find(call.tx, _holder(call)["name"], folders.folder_name(call.params["folder"]))


def _operation_name(found: Document) -> str:
    return f"projects/_/buckets/{found['bucket']}/operations/{secrets.token_urlsafe(12)}"

"""Cloud Storage JSON API: objects."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import unimplemented
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import acl, objects, preconditions, retention
from provisioner.sandbox.google.storage.buckets import bucket, merge
from provisioner.sandbox.google.storage.content import download
from provisioner.sandbox.google.storage.encryption import check_readable
from provisioner.sandbox.google.storage.listing import entries
from provisioner.sandbox.google.storage.projections import shown_object
from provisioner.sandbox.google.storage.resources import bucket_resource, folder_policies, object_resource
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]


@method("storage.objects.get", permission="storage.objects.get", on=object_resource)
def get(call: Call) -> Json | Response:
    """Return the metadata of a version, or its bytes with ``alt=media``."""
    params = call.params
    holder = bucket(call.tx, params["bucket"])
    if params.get("softDeleted"):
        return shown_object(
            call,
            objects.soft_deleted(call.tx, holder["name"], params["object"], params.get("generation", ""), call.now),
            holder,
        )
    found = objects.version(call.tx, holder["name"], params["object"], params.get("generation"))
    unchanged = preconditions.not_modified(params, found)
    if unchanged or params.get("alt") != "media":
        return unchanged or _without_sums(call, shown_object(call, found, holder))
    check_readable(call, found)
    return download(call.request, found, objects.content(call.tx, found))


def _without_sums(call: Call, shown: Json) -> Json:
    """Hide the checksums of an object under a customer's key from who does not send the key."""
    if "customerEncryption" not in shown or call.request.headers.get("x-goog-encryption-key"):
        return shown
    return {key: value for key, value in shown.items() if key not in {"crc32c", "md5Hash"}}


def _listed(call: Call) -> Resource:
    """Return what listing is asked of: the bucket, or the managed folder that holds the whole prefix."""
    resource = bucket_resource(call)
    folders = folder_policies(call.tx, call.params["bucket"], call.params.get("prefix", ""))
    return Resource(resource.name, resource.kind, resource.service, folders + resource.policies, denial=resource.denial)


@method("storage.objects.list", permission="storage.objects.list", on=_listed)
def list_objects(call: Call) -> Json:
    """Return objects and, with a delimiter, the prefixes that stand for those below."""
    holder = bucket(call.tx, call.params["bucket"])
    if call.params.get("filter"):
        raise unimplemented("The sandbox does not filter objects by contexts (storage.objects.list, filter).")
    found, token = page(call, entries(call, holder), size="maxResults", default=1000)
    answer: Json = {"kind": "storage#objects"}
    items = [shown_object(call, entry, holder) for entry in found if not isinstance(entry, str)]
    prefixes = [entry for entry in found if isinstance(entry, str)]
    return (
        answer
        | ({"items": items} if items else {})
        | ({"prefixes": prefixes} if prefixes else {})
        | ({"nextPageToken": token} if token else {})
    )


@method("storage.objects.delete", permission="storage.objects.delete", on=object_resource)
def delete(call: Call) -> Response:
    """Delete the live version (kept as noncurrent in a versioned bucket), or one generation for good."""
    holder = bucket(call.tx, call.params["bucket"])
    generation = call.params.get("generation")
    found = _target(call, generation)
    preconditions.check(call.params, found)
    if generation:
        objects.remove(call, holder, found)
    else:
        objects.retire(call, holder, found)
    return Response(204)


@method("storage.objects.patch", permission="storage.objects.update", on=object_resource)
def patch(call: Call) -> Json:
    """Change some metadata; null clears one."""
    found = _target(call, call.params.get("generation"))
    return _update(call, found, merge(objects.settings_of(found), call.body))


@method("storage.objects.update", permission="storage.objects.update", on=object_resource)
def update(call: Call) -> Json:
    """Replace all metadata."""
    return _update(call, _target(call, call.params.get("generation")), call.body)


def _update(call: Call, found: Document, settings: Json) -> Json:
    preconditions.check(call.params, found)
    holder = bucket(call.tx, call.params["bucket"])
    resource = object_resource(call)
    before, after = found.get("retention") or {}, settings.get("retention") or {}
    if before != after:
        call.require("storage.objects.setRetention", resource)
    if retention.loosens(before, after):
        override = bool(call.params.get("overrideUnlockedRetention"))
        if override:
            call.require("storage.objects.overrideUnlockedRetention", resource)
        retention.check_loosening(before, override=override)
    if call.body.get("acl") or call.params.get("predefinedAcl"):
        call.require("storage.objects.setIamPolicy", resource)
        _write_list(call, holder, found)
    return shown_object(call, objects.update(call, holder, found, settings), holder, default="full")


def _write_list(call: Call, holder: Document, found: Document) -> None:
    acl.refuse_uniform(holder, "update access control for an object")
    author = str((found.get("owner") or {}).get("entity", "")).removeprefix("user-")
    if call.params.get("predefinedAcl"):
        grants = acl.predefined("object", call.params["predefinedAcl"], holder, author)
    else:
        grants = acl.checked(call.tx, holder, call.body["acl"], "object")
    policy = acl.object_policy(holder["name"], found["name"], found["generation"])
    acl.write(call.tx, policy, acl.OBJECT_ROLES, grants, call.now)


def _target(call: Call, generation: str | None) -> Json:
    bucket(call.tx, call.params["bucket"])
    return objects.version(call.tx, call.params["bucket"], call.params["object"], generation)

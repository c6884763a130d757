"""Cloud Storage JSON API: objects."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import objects, preconditions
from provisioner.sandbox.google.storage.buckets import bucket, bucket_resource, merge
from provisioner.sandbox.google.storage.content import download
from provisioner.sandbox.google.storage.listing import entries
from provisioner.sandbox.google.storage.objects import object_resource
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response

Json = dict[str, Any]
_MOST_SOURCES = 32


@method("storage.objects.get", permission="storage.objects.get", on=object_resource)
def get(call: Call) -> Json | Response:
    """Return the metadata of a version, or its bytes with ``alt=media``."""
    params = call.params
    if params.get("softDeleted"):
        return objects.shown(
            objects.soft_deleted(call.tx, params["bucket"], params["object"], params.get("generation", ""), call.now)
        )
    found = objects.version(call.tx, params["bucket"], params["object"], params.get("generation"))
    unchanged = preconditions.not_modified(params, found)
    if unchanged or params.get("alt") != "media":
        return unchanged or objects.shown(found)
    return download(call.request, found, objects.content(call.tx, found))


def _listed(call: Call) -> Resource:
    """Return what listing is asked of: the bucket, or the managed folder that holds the whole prefix."""
    resource = bucket_resource(call)
    folders = objects.folder_policies(call.tx, call.params["bucket"], call.params.get("prefix", ""))
    return Resource(resource.name, resource.kind, resource.service, folders + resource.policies, denial=resource.denial)


@method("storage.objects.list", permission="storage.objects.list", on=_listed)
def list_objects(call: Call) -> Json:
    """Return objects and, with a delimiter, the prefixes that stand for those below."""
    holder = bucket(call.tx, call.params["bucket"])
    found, token = page(call, entries(call, holder["name"]), size="maxResults", default=1000)
    answer: Json = {"kind": "storage#objects"}
    items = [objects.shown(entry) for entry in found if not isinstance(entry, str)]
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
        objects.remove(call.tx, holder, found, call.now)
    else:
        objects.retire(call.tx, holder, found, call.now)
    return Response(204)


@method("storage.objects.patch", permission="storage.objects.update", on=object_resource)
def patch(call: Call) -> Json:
    """Change some metadata; null clears one."""
    found = _target(call, call.params.get("generation"))
    preconditions.check(call.params, found)
    return objects.shown(objects.update(call.tx, found, merge(objects.settings_of(found), call.body), call.now))


@method("storage.objects.update", permission="storage.objects.update", on=object_resource)
def update(call: Call) -> Json:
    """Replace all metadata."""
    found = _target(call, call.params.get("generation"))
    preconditions.check(call.params, found)
    return objects.shown(objects.update(call.tx, found, call.body, call.now))


@method("storage.objects.restore", permission=("storage.objects.restore", "storage.objects.create"), on=object_resource)
def restore(call: Call) -> Json:
    """Bring a soft-deleted version back as a new live one."""
    holder = bucket(call.tx, call.params["bucket"])
    name = call.params["object"]
    found = objects.soft_deleted(call.tx, holder["name"], name, call.params["generation"], call.now)
    preconditions.check(call.params, objects.live(call.tx, holder["name"], name))
    made = objects.create(call.tx, holder, name, objects.settings_of(found), objects.content(call.tx, found), call.now)
    call.tx.delete(objects.SOFT_DELETED, objects.version_key(holder["name"], name, found["generation"]))
    call.tx.delete_blob(found["blob"])
    return objects.shown(made)


@method("storage.objects.rewrite", "storage.objects.copy")
def copy(call: Call) -> Json:
    """Copy an object; a rewrite is done in one go whatever the size."""
    params = call.params
    source_name, target_name = params["sourceObject"], objects.check_name(params["destinationObject"])
    call.require("storage.objects.get", object_resource(call, source_name, params["sourceBucket"]))
    source = objects.version(call.tx, params["sourceBucket"], source_name, params.get("sourceGeneration"))
    preconditions.check(params, source, prefix="Source")
    settings = call.body or objects.settings_of(source)
    data = objects.content(call.tx, source)
    made = objects.shown(write(call, params["destinationBucket"], target_name, settings, data))
    if call.method == "storage.objects.copy":
        return made
    size = made["size"]
    progress = {"totalBytesRewritten": size, "objectSize": size, "done": True}
    return {"kind": "storage#rewriteResponse", **progress, "resource": made}


@method("storage.objects.compose")
def compose(call: Call) -> Json:
    """Join up to 32 objects of one bucket into another."""
    params = call.params
    sources = call.body.get("sourceObjects") or []
    if not 0 < len(sources) <= _MOST_SOURCES:
        raise invalid(f"The number of source components provided ({len(sources)}) must be 1 to {_MOST_SOURCES}.")
    data = b"".join(_component(call, source) for source in sources)
    settings = call.body.get("destination") or {}
    name = objects.check_name(params["destinationObject"])
    made = write(call, params["destinationBucket"], name, settings, data)
    return objects.shown(made)


def write(call: Call, bucket_name: str, name: str, settings: Json, data: bytes) -> Json:
    """Check permissions and preconditions of a write, then do it; return the new version."""
    resource = object_resource(call, name, bucket_name)
    call.require("storage.objects.create", resource)
    holder = bucket(call.tx, bucket_name)
    old = objects.live(call.tx, bucket_name, name)
    preconditions.check(call.params, old)
    if old is not None:
        call.require("storage.objects.delete", resource)
    return objects.create(call.tx, holder, name, settings, data, call.now)


def _component(call: Call, source: Json) -> bytes:
    name = source.get("name", "")
    bucket_name = call.params["destinationBucket"]
    call.require("storage.objects.get", object_resource(call, name, bucket_name))
    found = objects.version(call.tx, bucket_name, name, source.get("generation"))
    preconditions.check(source.get("objectPreconditions") or {}, found)
    return objects.content(call.tx, found)


def _target(call: Call, generation: str | None) -> Json:
    bucket(call.tx, call.params["bucket"])
    return objects.version(call.tx, call.params["bucket"], call.params["object"], generation)

"""Cloud Storage JSON API: new objects out of those that are there: copy, rewrite, compose, move."""

from __future__ import annotations

import secrets
from typing import Any

from provisioner.sandbox.google.method import Call, method
from provisioner.sandbox.google.storage import acl, folders, objects, preconditions, retention, writing
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.encryption import check_readable
from provisioner.sandbox.google.storage.projections import shown_object
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.storage.resources import object_resource
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_MOST_SOURCES = 32
_MOST_COMPONENTS = 1_073_741_824
_MEBIBYTE = 1024 * 1024
_REWRITES = "google/storage.rewrites"  # by token: {"done", "key"}: bytes so far, and what is being rewritten


@method("storage.objects.copy")
def copy(call: Call) -> Json:
    """Copy an object in one request."""
    source, settings = _source(call)
    return _copied(call, source, settings)


@method("storage.objects.rewrite")
def rewrite(call: Call) -> Json:
    """Copy an object in one or more requests.

    Between places or storage classes ``maxBytesRewrittenPerCall`` cuts the work into steps; else, as in the cloud, one
    request does it all whatever the size.
    """
    source, settings = _source(call)
    size = int(source["size"])
    done = _progress(call, source, settings, size)
    progress: Json = {"kind": "storage#rewriteResponse", "totalBytesRewritten": str(done), "objectSize": str(size)}
    if done < size:
        token = secrets.token_urlsafe(40)
        call.tx.put(_REWRITES, token, {"done": done, "key": _rewrite_key(call, source)})
        return progress | {"done": False, "rewriteToken": token}
    return progress | {"done": True, "resource": _copied(call, source, settings)}


@method("storage.objects.compose")
def compose(call: Call) -> Json:
    """Join up to 32 objects of one bucket into another."""
    params = call.params
    sources = call.body.get("sourceObjects") or []
    if not 0 < len(sources) <= _MOST_SOURCES:
        raise invalid(f"The number of source components provided ({len(sources)}) must be 1 to {_MOST_SOURCES}.")
    found = [_component(call, source) for source in sources]
    settings = _without_sums(call.body.get("destination") or {})
    planned = writing.plan(call, params["destinationBucket"], objects.check_name(params["destinationObject"]), settings)
    count = sum(int(part.get("componentCount", 1)) for part in found)
    if count > _MOST_COMPONENTS:
        raise invalid(f"The object would have {count} components; {_MOST_COMPONENTS} are allowed.")
    data = b"".join(objects.content(call.tx, part) for part in found)
    made = writing.carry_out(call, planned, data, {"componentCount": count})
    if call.body.get("deleteSourceObjects"):
        _delete_sources(call, found)
    return shown_object(call, made, bucket(call.tx, made["bucket"]))


@method("storage.objects.move")
def move(call: Call) -> Json:
    """Rename an object within its bucket, in one step: no soft-deleted version stays behind."""
    params = call.params
    name, target = params["sourceObject"], objects.check_name(params["destinationObject"])
    if name == target:
        raise invalid("The source and destination objects must have different names.")
    resource = object_resource(call, name)
    if not call.holds("storage.objects.move", resource):
        call.require("storage.objects.get", resource)
        call.require("storage.objects.delete", resource)
    holder = bucket(call.tx, params["bucket"])
    source = objects.version(call.tx, holder["name"], name, None)
    preconditions.check(params, source, prefix="Source")
    retention.check_free(holder, source, call.now)
    planned = writing.plan(call, holder["name"], target, objects.settings_of(source))
    planned |= {"grants": _grants_of(call, source), "facts": _kept_facts(source)}
    made = writing.carry_out(call, planned, objects.content(call.tx, source))
    objects.take_away(call.tx, source)
    objects.forget(call.tx, source)
    folders.make_parents(call, holder, target)
    return shown_object(call, made, holder)


def _source(call: Call) -> tuple[Document, Json]:
    """Return the version to copy and the metadata of the copy. Raises ApiError."""
    params = call.params
    name, generation = params["sourceObject"], params.get("sourceGeneration")
    objects.check_name(params["destinationObject"])
    call.require("storage.objects.get", object_resource(call, name, params["sourceBucket"], generation or ""))
    source = objects.version(call.tx, params["sourceBucket"], name, generation)
    preconditions.check(params, source, prefix="Source")
    prefix = "x-goog-copy-source-encryption" if _other_key(call) else "x-goog-encryption"
    check_readable(call, source, prefix)
    settings = _without_sums(call.body) or objects.copied_settings(source)
    settings.setdefault("contentType", source["contentType"])
    return source, settings


def _without_sums(sent: Json) -> Json:
    """Leave out what the server finds out by itself; gcloud sends the checksums of a first component along."""
    return {key: value for key, value in sent.items() if key not in {"crc32c", "md5Hash"}}


def _other_key(call: Call) -> bool:
    sent = call.request.headers
    return "x-goog-copy-source-encryption-key" in sent or call.method == "storage.objects.rewrite"


def _copied(call: Call, source: Document, settings: Json) -> Json:
    target, name = call.params["destinationBucket"], call.params["destinationObject"]
    planned = writing.plan(call, target, name, settings)
    facts = {"componentCount": source["componentCount"]} if "componentCount" in source else {}
    made = writing.carry_out(call, planned, objects.content(call.tx, source), facts)
    return shown_object(call, made, bucket(call.tx, target), default="full" if call.body.get("acl") else "noAcl")


def _progress(call: Call, source: Document, settings: Json, size: int) -> int:
    """Return how many bytes are rewritten after this request. Raises ApiError."""
    step = call.params.get("maxBytesRewrittenPerCall")
    done = _earlier(call, source)
    if not step:
        return size
    if int(step) <= 0 or int(step) % _MEBIBYTE:
        raise invalid("maxBytesRewrittenPerCall must be a positive multiple of 1048576.")
    origin, target = bucket(call.tx, source["bucket"]), bucket(call.tx, call.params["destinationBucket"])
    wanted = settings.get("storageClass") or target["storageClass"]
    if origin["location"] == target["location"] and source["storageClass"] == wanted:
        return size
    return min(done + int(step), size)


def _earlier(call: Call, source: Document) -> int:
    token = call.params.get("rewriteToken")
    if not token:
        return 0
    kept = call.tx.get(_REWRITES, token)
    if kept is None or kept["key"] != _rewrite_key(call, source):
        raise invalid("Invalid rewrite token", location="rewriteToken")
    call.tx.delete(_REWRITES, token)
    return int(kept["done"])


def _rewrite_key(call: Call, source: Document) -> str:
    target = f"{call.params['destinationBucket']}/{call.params['destinationObject']}"
    return f"{source['id']} -> {target}"


def _component(call: Call, source: Json) -> Document:
    name, bucket_name = source.get("name", ""), call.params["destinationBucket"]
    generation = str(source.get("generation") or "")
    call.require("storage.objects.get", object_resource(call, name, bucket_name, generation))
    found = objects.version(call.tx, bucket_name, name, generation)
    preconditions.check(source.get("objectPreconditions") or {}, found)
    check_readable(call, found)
    return found


def _delete_sources(call: Call, found: list[Document]) -> None:
    for part in found:
        call.require("storage.objects.delete", object_resource(call, part["name"], part["bucket"]))
        if objects.live(call.tx, part["bucket"], part["name"]) == part:
            objects.retire(call, bucket(call.tx, part["bucket"]), part)


def _grants_of(call: Call, source: Document) -> list[acl.Grant]:
    policy = acl.object_policy(source["bucket"], source["name"], source["generation"])
    return acl.read(call.tx, policy, acl.OBJECT_ROLES)


def _kept_facts(source: Document) -> Json:
    names = ("componentCount", "customerEncryption", "kmsKeyName", "owner", "storageClass")
    return {name: source[name] for name in names if name in source}

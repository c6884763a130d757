"""Cloud Storage JSON API: soft-deleted objects brought back, one by one or many at once.

https://cloud.google.com/storage/docs/use-soft-deleted-objects.
"""

from __future__ import annotations

import secrets
from typing import Any

from provisioner.sandbox.google.method import Call, method
from provisioner.sandbox.google.storage import acl, objects, preconditions, tasks, writing
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.listing import glob
from provisioner.sandbox.google.storage.projections import shown_object
from provisioner.sandbox.google.storage.resources import bucket_resource, object_resource
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_BULK = "type.googleapis.com/google.storage.control.v2.BulkRestoreObjectsMetadata"


@method("storage.objects.restore", permission=("storage.objects.restore", "storage.objects.create"), on=object_resource)
def restore(call: Call) -> Json:
    """Bring a soft-deleted version back as a new live one."""
    holder, name = bucket(call.tx, call.params["bucket"]), call.params["object"]
    found = objects.soft_deleted(call.tx, holder["name"], name, call.params["generation"], call.now)
    preconditions.check(call.params, objects.live(call.tx, holder["name"], name))
    return shown_object(call, _restored(call, found, with_list=bool(call.params.get("copySourceAcl"))), holder)


@method("storage.objects.bulkRestore", permission="storage.buckets.restore", on=bucket_resource)
def bulk_restore(call: Call) -> Json:
    """Bring back the newest soft-deleted version of each name that fits; an operation tells how many."""
    holder = bucket(call.tx, call.params["bucket"])
    restored = skipped = 0
    for found in _wanted(call, holder):
        if objects.live(call.tx, holder["name"], found["name"]) and not call.body.get("allowOverwrite"):
            skipped += 1
            continue
        _restored(call, found, with_list=bool(call.body.get("copySourceAcl")))
        restored += 1
    name = f"projects/_/buckets/{holder['name']}/operations/{secrets.token_urlsafe(12)}"
    metadata = {
        "@type": _BULK,
        "commonMetadata": {"type": "bulk-restore-objects", "progressPercent": 100},
        "succeededCount": str(restored),
        "skippedCount": str(skipped),
    }
    return tasks.finished(call, name, metadata)


def _wanted(call: Call, holder: Document) -> list[Document]:
    """Return the newest soft-deleted version of each name that the body's conditions let through."""
    globs = [glob(pattern) for pattern in call.body.get("matchGlobs") or []]
    newest: dict[str, Document] = {}
    for _, found in call.tx.scan(objects.SOFT_DELETED, f"{holder['name']}/"):
        fits = not globs or any(pattern.fullmatch(found["name"]) for pattern in globs)
        if fits and parse_timestamp(found["hardDeleteTime"]) > call.now and _in_time(call.body, found):
            newest[found["name"]] = found
    return list(newest.values())


def _in_time(body: Json, found: Document) -> bool:
    for name, field in (("softDeleted", "softDeleteTime"), ("created", "timeCreated")):
        moment = parse_timestamp(found[field])
        after, before = body.get(f"{name}AfterTime"), body.get(f"{name}BeforeTime")
        if (after and moment < parse_timestamp(after)) or (before and moment > parse_timestamp(before)):
            return False
    return True


def _restored(call: Call, found: Document, *, with_list: bool) -> Document:
    planned = writing.plan(call, found["bucket"], found["name"], objects.settings_of(found), {})
    if with_list:
        policy = acl.object_policy(found["bucket"], found["name"], found["generation"])
        planned["grants"] = acl.read(call.tx, policy, acl.OBJECT_ROLES)
    kept = ("componentCount", "customerEncryption", "kmsKeyName", "storageClass")
    facts = {name: found[name] for name in kept if name in found}
    made = writing.carry_out(call, planned, objects.content(call.tx, found), facts)
    key = objects.version_key(found["bucket"], found["name"], found["generation"])
    call.tx.delete(objects.SOFT_DELETED, key)
    objects.forget(call.tx, found)
    return made

"""What time does in a bucket: lifecycle rules, and the end of soft-deleted versions.

Cloud Storage works through its rules about once a day (https://cloud.google.com/storage/docs/lifecycle#behavior). Here
the first request to a bucket on a new day does so, before it is answered: moving the sandbox's clock is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import objects
from provisioner.sandbox.google.storage.lifecycle import AGES, Candidate, applies
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document

PASSES = "google/storage.lifecycle"  # by bucket: {"day"}: when its rules were last worked through
UPLOADS = "google/storage.multipart"  # "<bucket>/<object>\n<upload id>": XML multipart uploads


def catch_up(call: Call, holder: Document) -> None:
    """Work through the rules of a bucket, once a day."""
    day = timestamp(call.now)[:10]
    if (call.tx.get(PASSES, holder["name"]) or {}).get("day") == day:
        return
    call.tx.put(PASSES, holder["name"], {"day": day})
    _end_soft_deleted(call, holder)
    rules = (holder.get("lifecycle") or {}).get("rule") or []
    if rules:
        _work_through(call, holder, rules)


def _end_soft_deleted(call: Call, holder: Document) -> None:
    for key, found in list(call.tx.scan(objects.SOFT_DELETED, f"{holder['name']}/")):
        if parse_timestamp(found["hardDeleteTime"]) <= call.now:
            call.tx.delete(objects.SOFT_DELETED, key)
            objects.forget(call.tx, found)


def _work_through(call: Call, holder: Document, rules: list[Mapping[str, Any]]) -> None:
    newer, last = 0, ""
    for found in _versions(call, holder):
        newer = newer + 1 if found["name"] == last else 0
        last = found["name"]
        candidate = Candidate(found, newer, _noncurrent_since(found))
        wanted = [rule["action"] for rule in rules if applies(rule["condition"], candidate, call.now)]
        _act(call, holder, found, wanted)
    _abort_uploads(call, holder, rules)


def _versions(call: Call, holder: Document) -> list[Document]:
    """Return all versions, those of one name newest first."""
    inside = f"{holder['name']}/"
    found = [document for _, document in call.tx.scan(objects.LIVE, inside)]
    found += [document for _, document in call.tx.scan(objects.NONCURRENT, inside)]
    return sorted(found, key=lambda document: (document["name"], -int(document["generation"])))


def _noncurrent_since(found: Document) -> datetime | None:
    return parse_timestamp(found["timeDeleted"]) if "timeDeleted" in found else None


def _act(call: Call, holder: Document, found: Document, actions: list[Mapping[str, Any]]) -> None:
    """Do the one action that counts: Delete before any SetStorageClass, then the cheapest class."""
    if any(action["type"] == "Delete" for action in actions):
        _delete(call, holder, found)
        return
    classes = [action["storageClass"] for action in actions if action["type"] == "SetStorageClass"]
    target = max(classes, key=lambda name: AGES.get(name, 0), default=found["storageClass"])
    if target != found["storageClass"] and AGES.get(target, 0) >= AGES.get(found["storageClass"], 0):
        changed = objects.touched(found | {"storageClass": target}, call.now)
        objects.put_back(call.tx, changed | {"timeStorageClassUpdated": timestamp(call.now)})


def _delete(call: Call, holder: Document, found: Document) -> None:
    try:
        if "timeDeleted" in found:
            objects.remove(call, holder, found)
        else:
            objects.retire(call, holder, found)
    except ApiError:
        return  # held or retained: https://cloud.google.com/storage/docs/lifecycle#delete waits until it is free


def _abort_uploads(call: Call, holder: Document, rules: list[Mapping[str, Any]]) -> None:
    aborting = [rule["condition"] for rule in rules if rule["action"]["type"] == "AbortIncompleteMultipartUpload"]
    if not aborting:
        return
    for key, upload in list(call.tx.scan(UPLOADS, f"{holder['name']}/")):
        candidate = Candidate(upload, 0, None)
        if any(applies(condition, candidate, call.now) for condition in aborting):
            call.tx.delete(UPLOADS, key)
            for part in upload["parts"].values():
                call.tx.delete_blob(part["blob"])

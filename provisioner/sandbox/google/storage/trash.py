"""Deleted buckets that can still be restored, and what is left of them.

https://cloud.google.com/storage/docs/soft-delete#bucket: a deleted bucket is a generation of its name; the name itself
is free again. Its soft-deleted objects wait with it, its IAM policy as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from provisioner.sandbox.google.identity.policies import POLICIES, delete_policy
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import events, expiry, folders, objects
from provisioner.sandbox.google.storage.buckets import BUCKETS, policy_name
from provisioner.sandbox.google.storage.refusals import no_bucket
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

_BUCKETS = "google/storage.deleted-buckets"  # "<name>\n<generation>", with "policy"
_OBJECTS = "google/storage.deleted-buckets.objects"  # "<name>\n<generation>/<key in SOFT_DELETED>"
_CONTENTS = (objects.LIVE, objects.NONCURRENT, objects.MANAGED_FOLDERS, folders.FOLDERS)
_POLICY = "policy"


def is_empty(tx: Transaction, name: str) -> bool:
    """Tell whether a bucket has neither versions nor folders."""
    return not any(next(tx.scan(collection, f"{name}/"), None) for collection in _CONTENTS)


def delete_bucket(call: Call, found: Document) -> None:
    """Take an empty bucket away; kept for a while where its soft-delete policy says so."""
    tx, name = call.tx, found["name"]
    seconds = int(found["softDeletePolicy"]["retentionDurationSeconds"])
    key = f"{name}\n{found['generation']}"
    for place, version in list(tx.scan(objects.SOFT_DELETED, f"{name}/")):
        tx.delete(objects.SOFT_DELETED, place)
        if seconds:
            tx.put(_OBJECTS, f"{key}/{place}", version)
        else:
            objects.forget(tx, version)
    if seconds:
        ends = call.now + timedelta(seconds=seconds)
        gone = {"softDeleteTime": timestamp(call.now), "hardDeleteTime": timestamp(ends)}
        tx.put(_BUCKETS, key, found | gone | {_POLICY: tx.get(POLICIES, policy_name(name))})
    for place, _ in list(tx.scan(events.NOTIFICATIONS, f"{name}/")):
        tx.delete(events.NOTIFICATIONS, place)
    tx.delete(expiry.PASSES, name)
    tx.delete(BUCKETS, name)
    delete_policy(tx, policy_name(name))


def deleted_buckets(tx: Transaction, prefix: str, now: datetime) -> Iterator[tuple[str, Document]]:
    """Yield (key, bucket) of what can be restored, by name; what cannot any more is forgotten."""
    for key, found in list(tx.scan(_BUCKETS, prefix)):
        if parse_timestamp(found["hardDeleteTime"]) <= now:
            _forget(tx, key)
        else:
            yield key, _shown(found)


def deleted_bucket(tx: Transaction, name: str, generation: str, now: datetime) -> Document:
    """Return a deleted generation of a bucket. Raises ApiError NOT_FOUND."""
    found = dict(deleted_buckets(tx, f"{name}\n", now)).get(f"{name}\n{generation}")
    if found is None:
        raise no_bucket()
    return found


def restore_bucket(call: Call, found: Document) -> Document:
    """Put a deleted bucket back with its policy and its soft-deleted objects; return it."""
    tx, name = call.tx, found["name"]
    key = f"{name}\n{found['generation']}"
    kept = tx.get(_BUCKETS, key) or {}
    back = {field: value for field, value in found.items() if field not in {"softDeleteTime", "hardDeleteTime"}}
    back |= {"updated": timestamp(call.now)}
    tx.put(BUCKETS, name, back)
    if kept.get(_POLICY):
        tx.put(POLICIES, policy_name(name), kept[_POLICY])
    for place, version in list(tx.scan(_OBJECTS, f"{key}/")):
        tx.put(objects.SOFT_DELETED, place[len(key) + 1 :], version)
        tx.delete(_OBJECTS, place)
    tx.delete(_BUCKETS, key)
    return back


def _shown(found: Document) -> Document:
    return {field: value for field, value in found.items() if field != _POLICY}


def _forget(tx: Transaction, key: str) -> None:
    for place, version in list(tx.scan(_OBJECTS, f"{key}/")):
        tx.delete(_OBJECTS, place)
        objects.forget(tx, version)
    tx.delete(_BUCKETS, key)

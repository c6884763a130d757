"""Log buckets, locations and settings of the Cloud Logging API (v2).

Buckets are kept and shown; entries stay where they are, thirty days (audit logs of activity 400).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import (
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
)
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.parents import below, number_of, owner_of, owner_resource
from provisioner.sandbox.google.regions import REGIONS, get_location, list_locations
from provisioner.sandbox.google.wire import page, parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_OWNERS = ("", "projects.", "folders.", "organizations.", "billingAccounts.")
BUCKETS = "google/logging.buckets"  # by name with the project's id; fields as logging v2
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")
_BUILT_IN: dict[str, Json] = {
    "_Required": {"retentionDays": 400, "locked": True, "description": "Audit bucket"},
    "_Default": {"retentionDays": 30, "description": "Default bucket"},
}
_DELETED_FOR = timedelta(days=7)
_MULTI = ("global", "us", "eu")
_MOST_DAYS = 3650
_OPERATION = "type.googleapis.com/google.logging.v2"


def _ids(kind: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"logging.{owner}{kind}.{verb}" for owner in _OWNERS for verb in verbs)


def _parent(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["parent"])


def _named(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["name"])


def bucket_name(call: Call, name: str) -> str:
    """Return a name below an owner in its canonical spelling."""
    return below(owner_of(call.tx, name), name)


def find_bucket(tx: Transaction, name: str) -> Document | None:
    """Return a bucket; ``_Required`` and ``_Default`` are always there."""
    kept = tx.get(BUCKETS, name)
    place, _, short = name.rpartition("/buckets/")
    if kept is not None or short not in _BUILT_IN or not place.endswith("/locations/global"):
        return kept
    return {"name": name, "lifecycleState": "ACTIVE"} | _BUILT_IN[short]


@method(*_ids("locations", "list"), permission="logging.locations.list", on=_named)
def locations(call: Call) -> Json:
    """Return the places where buckets can be."""
    return list_locations(call, owner_of(call.tx, call.params["name"]))


@method(*_ids("locations", "get"), permission="logging.locations.get", on=_named)
def location(call: Call) -> Json:
    """Return one place."""
    owner, place = owner_of(call.tx, call.params["name"]), call.params["name"].rpartition("/")[2]
    return (
        {"name": f"{owner}/locations/{place}", "locationId": place} if place in _MULTI else get_location(owner, place)
    )


@method(*_ids("locations.buckets", "create"), permission="logging.buckets.create", on=_parent)
def create(call: Call) -> Json:
    """Create a bucket."""
    return _create(call)


@method(*_ids("locations.buckets", "createAsync"), permission="logging.buckets.create", on=_parent)
def create_async(call: Call) -> Json:
    """Create a bucket, as a long-running operation."""
    return _operation(call, _create(call))


@method(*_ids("locations.buckets", "get"), permission="logging.buckets.get", on=_named)
def get(call: Call) -> Json:
    """Return a bucket, one that is being deleted as well."""
    return _existing(call)


@method(*_ids("locations.buckets", "list"), permission="logging.buckets.list", on=_parent)
def list_buckets(call: Call) -> Json:
    """Return a page of buckets, of every location if the location is ``-``."""
    items, token = page(call, sorted((bucket["name"], bucket) for bucket in _all(call)))
    return ({"buckets": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(*_ids("locations.buckets", "patch"), permission="logging.buckets.update", on=_named)
def patch(call: Call) -> Json:
    """Change what the mask names."""
    return _patch(call)


@method(*_ids("locations.buckets", "updateAsync"), permission="logging.buckets.update", on=_named)
def patch_async(call: Call) -> Json:
    """Change what the mask names, as a long-running operation."""
    return _operation(call, _patch(call))


@method(*_ids("locations.buckets", "delete"), permission="logging.buckets.delete", on=_named)
def delete(call: Call) -> None:
    """Delete a bucket; it can be had back for seven days."""
    found = _existing(call)
    if found["name"].rpartition("/")[2] in _BUILT_IN:
        raise invalid_argument(f"The bucket {found['name']} cannot be deleted.")
    if found.get("locked"):
        raise failed_precondition("A locked bucket cannot be deleted while it has entries.")
    gone = {"lifecycleState": "DELETE_REQUESTED", "updateTime": timestamp(call.now)}
    call.tx.put(BUCKETS, found["name"], found | gone)


@method(*_ids("locations.buckets", "undelete"), permission="logging.buckets.undelete", on=_named)
def undelete(call: Call) -> None:
    """Take back the deletion of a bucket."""
    found = _existing(call)
    if found["lifecycleState"] != "DELETE_REQUESTED":
        raise failed_precondition(f"Bucket {found['name']} is not being deleted.")
    call.tx.put(BUCKETS, found["name"], found | {"lifecycleState": "ACTIVE"})


@method(*(f"logging.{owner}getSettings" for owner in _OWNERS[:4]), permission="logging.settings.get", on=_named)
def get_settings(call: Call) -> Json:
    """Return the settings of an owner: nothing but its own identity, as none can be changed here."""
    owner = owner_of(call.tx, call.params["name"])
    agent = f"service-{number_of(call.tx, owner)}@gcp-sa-logging.iam.gserviceaccount.com"
    return {"name": f"{owner}/settings", "loggingServiceAccountId": agent}


def _create(call: Call) -> Document:
    parent = bucket_name(call, call.params["parent"])
    place, bucket_id = parent.rpartition("/")[2], call.params.get("bucketId", "")
    if place not in (*REGIONS, *_MULTI) or not _ID.fullmatch(bucket_id):
        raise invalid_argument(f"Bucket {bucket_id!r} in location {place!r} is invalid.")
    name = f"{parent}/buckets/{bucket_id}"
    if _living(call, name) is not None:
        raise already_exists(f"Bucket {name} already exists")
    now = timestamp(call.now)
    fixed = {"name": name, "lifecycleState": "ACTIVE", "createTime": now}
    return _put(call, {"retentionDays": 30} | call.body | fixed)


def _patch(call: Call) -> Document:
    found = _existing(call)
    if found["name"].endswith("/_Required"):
        raise permission_denied("The _Required bucket cannot be changed.")
    if found["lifecycleState"] != "ACTIVE":
        raise failed_precondition(f"Bucket {found['name']} is being deleted.")
    paths = read_update_mask(call.params.get("updateMask", ""), "LogBucket", call.schemas)
    if not paths:
        raise invalid_argument("The update mask is empty.", ("update_mask", "required"))
    changed = apply_update(found, call.body, paths)
    if found.get("locked") and any(path[0] in {"retentionDays", "locked"} for path in paths):
        raise failed_precondition("The retention of a locked bucket cannot be changed.")
    return _put(call, changed)


def _put(call: Call, bucket: Document) -> Document:
    bucket["retentionDays"] = int(bucket.get("retentionDays") or 30)
    if not 1 <= bucket["retentionDays"] <= _MOST_DAYS:
        raise invalid_argument(f"retention_days must be between 1 and {_MOST_DAYS}.")
    changed = bucket | {"updateTime": timestamp(call.now)}
    call.tx.put(BUCKETS, changed["name"], changed)
    return changed


def _existing(call: Call) -> Document:
    found = _living(call, bucket_name(call, call.params["name"]))
    if found is None:
        raise not_found(f"Bucket {call.params['name']} does not exist")
    return found


def _living(call: Call, name: str) -> Document | None:
    """Return a bucket; one whose days of grace are over goes when somebody looks."""
    found = find_bucket(call.tx, name)
    if found is None or found["lifecycleState"] == "ACTIVE":
        return found
    if parse_timestamp(found["updateTime"]) + _DELETED_FOR <= call.now:
        call.tx.delete(BUCKETS, name)
        return None
    return found


def _all(call: Call) -> Iterator[Document]:
    parent = bucket_name(call, call.params["parent"])
    owner, place = parent.rpartition("/locations/")[0], parent.rpartition("/")[2]
    prefix = f"{owner}/locations/" if place == "-" else f"{parent}/buckets/"
    kept = dict(call.tx.scan(BUCKETS, prefix))
    if place in {"-", "global"}:
        for short in _BUILT_IN:
            name = f"{owner}/locations/global/buckets/{short}"
            found = find_bucket(call.tx, name)
            kept |= {name: found} if found else {}
    yield from kept.values()


def _operation(call: Call, bucket: Document) -> Json:
    place = bucket["name"].partition("/buckets/")[0]
    name = f"{place}/operations/{uuid.uuid4()}"
    metadata = {"@type": f"{_OPERATION}.BucketMetadata", "state": "OPERATION_STATE_SUCCEEDED"}
    return operations.succeeded(call, name, {"@type": f"{_OPERATION}.LogBucket"} | bucket, metadata)

"""Buckets: where they are kept, their names, defaults and rules.

https://cloud.google.com/storage/docs/json_api/v1/buckets, https://cloud.google.com/storage/docs/buckets#naming.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.storage.checksums import bucket_etag
from provisioner.sandbox.google.storage.locations import location_type
from provisioner.sandbox.google.storage.refusals import invalid, no_bucket
from provisioner.sandbox.google.storage.settings import check_place, check_settings
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
BUCKETS = "google/storage.buckets"  # by name: the resource as the API shows it
SERVICE = "storage.googleapis.com"
DEFAULT_OBJECT_ACL = "default object acl"  # a bucket's own field: [[entity, role], …], never shown as it is

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_LONGEST_PART = 63
_SERVER_MADE = frozenset(
    (
        *("kind", "id", "selfLink", "projectNumber", "generation", "metageneration", "etag", "timeCreated", "updated"),
        *("locationType", "name", "owner", "softDeleteTime", "hardDeleteTime", "satisfiesPZI", "satisfiesPZS"),
        *("acl", "defaultObjectAcl", DEFAULT_OBJECT_ACL),
    )
)
_FIXED = ("hierarchicalNamespace", "customPlacementConfig")
_DEFAULT_SOFT_DELETE = "604800"
_UNIFORM_LOCK = timedelta(days=90)


def bucket(tx: Transaction, name: str) -> Document:
    """Return a bucket. Raises ApiError NOT_FOUND."""
    found = tx.get(BUCKETS, name)
    if found is None:
        raise no_bucket()
    return found


def hierarchical(found: Mapping[str, Any]) -> bool:
    """Tell whether a bucket has real folders (hierarchical namespace)."""
    return bool((found.get("hierarchicalNamespace") or {}).get("enabled"))


def policy_name(name: str) -> str:
    """Return the full name under which a bucket's IAM policy is kept."""
    return f"//{SERVICE}/projects/_/buckets/{name}"


def check_name(name: object) -> str:
    """Return a valid bucket name. Raises ApiError INVALID_ARGUMENT."""
    if not isinstance(name, str) or not name:
        raise invalid("Required parameter: name", reason="required", location="name")
    parts = name.split(".")
    fits = _NAME.fullmatch(name) and all(0 < len(part) <= _LONGEST_PART for part in parts)
    if not fits or name.startswith("goog") or "google" in name or re.fullmatch(r"(\d+\.){3}\d+", name):
        raise invalid(f"Invalid bucket name: '{name}'")
    return name


def new_bucket(body: Json, owner: Document, now: datetime) -> Document:
    """Return a new bucket with everything the server fills in; the caller has checked that the name is free."""
    check_settings(body)
    name = check_name(body.get("name"))
    location = str(body.get("location") or "US").upper()
    moment = timestamp(now)
    made = {key: value for key, value in body.items() if key not in _SERVER_MADE and value is not None}
    made |= {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
        "projectNumber": owner["projectNumber"],
        "generation": str(int(now.timestamp() * 1_000_000)),
        "metageneration": "1",
        "etag": bucket_etag(1),
        "location": location,
        "locationType": location_type(location, body.get("customPlacementConfig") or {}),
        "storageClass": body.get("storageClass") or "STANDARD",
        "timeCreated": moment,
        "updated": moment,
        "softDeletePolicy": body.get("softDeletePolicy") or {"retentionDurationSeconds": _DEFAULT_SOFT_DELETE},
    }
    if made["locationType"] != "region":
        made.setdefault("rpo", "DEFAULT")
    check_place(made)
    return _with_derived(made, {}, now)


def changed_bucket(old: Document, new: Json, now: datetime) -> Document:
    """Return a bucket after a change of its settings (``new`` holds all of them). Raises ApiError."""
    check_settings(new)
    if str(new.get("location", old["location"])).upper() != old["location"]:
        raise invalid("The location of a bucket cannot be changed.")
    if any(name in new and (new[name] or {}) != (old.get(name) or {}) for name in _FIXED):
        raise invalid("The hierarchical namespace and the placement of a bucket cannot be changed.")
    settings = {key: value for key, value in new.items() if key not in _SERVER_MADE and value is not None}
    kept = {key: value for key, value in old.items() if key in _SERVER_MADE}
    metageneration = int(old["metageneration"]) + 1
    made = kept | settings | {name: old[name] for name in ("location", *_FIXED) if name in old}
    made.setdefault("storageClass", "STANDARD")
    made.setdefault("softDeletePolicy", {"retentionDurationSeconds": _DEFAULT_SOFT_DELETE})
    made |= {"metageneration": str(metageneration), "etag": bucket_etag(metageneration), "updated": timestamp(now)}
    check_place(made)
    return _with_derived(made, old, now)


def merge(old: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return ``old`` patched as RFC 7396 says: null removes, objects merge, the rest replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _with_derived(made: Document, old: Mapping[str, Any], now: datetime) -> Document:
    """Fill in what the server derives: effective times, the old name of uniform access."""
    soft = made["softDeletePolicy"]
    before = old.get("softDeletePolicy") or {}
    same = before.get("retentionDurationSeconds") == soft.get("retentionDurationSeconds")
    effective = before["effectiveTime"] if same and before else timestamp(now)
    made["softDeletePolicy"] = {
        "effectiveTime": effective,
        "retentionDurationSeconds": soft.get("retentionDurationSeconds", "0"),
    }
    made["iamConfiguration"] = _access(made.get("iamConfiguration") or {}, old.get("iamConfiguration") or {}, now)
    _date_retention(made, old, now)
    _date_autoclass(made, old, now)
    return {key: made[key] for key in sorted(made)}


def _access(wanted: Mapping[str, Any], old: Mapping[str, Any], now: datetime) -> Json:
    uniform = wanted.get("uniformBucketLevelAccess") or wanted.get("bucketPolicyOnly") or {}
    access: Json = {"enabled": bool(uniform.get("enabled"))}
    before = old.get("uniformBucketLevelAccess") or {}
    if access["enabled"]:
        access["lockedTime"] = before.get("lockedTime") or timestamp(now + _UNIFORM_LOCK)
    elif before.get("enabled") and before["lockedTime"] <= timestamp(now):
        raise ApiError("INVALID_ARGUMENT", "Cannot disable uniform bucket-level access: it is locked.", code=412)
    return {
        "bucketPolicyOnly": dict(access),
        "publicAccessPrevention": _prevention(wanted),
        "uniformBucketLevelAccess": access,
    }


def _prevention(wanted: Mapping[str, Any]) -> str:
    return "enforced" if wanted.get("publicAccessPrevention") == "enforced" else "inherited"


def _date_autoclass(made: Document, old: Mapping[str, Any], now: datetime) -> None:
    wanted, before = made.get("autoclass"), old.get("autoclass") or {}
    if not wanted:
        return
    enabled, moment = bool(wanted.get("enabled")), timestamp(now)
    same = before.get("enabled") == enabled
    made["autoclass"] = {"enabled": enabled, "toggleTime": before["toggleTime"] if same else moment}
    if enabled:
        terminal = wanted.get("terminalStorageClass") or "NEARLINE"
        kept = same and before.get("terminalStorageClass") == terminal
        since = before["terminalStorageClassUpdateTime"] if kept else moment
        made["autoclass"] |= {"terminalStorageClass": terminal, "terminalStorageClassUpdateTime": since}


def _date_retention(made: Document, old: Mapping[str, Any], now: datetime) -> None:
    policy = made.get("retentionPolicy")
    before = old.get("retentionPolicy") or {}
    shorter = int((policy or {}).get("retentionPeriod") or 0) < int(before.get("retentionPeriod") or 0)
    if before.get("isLocked") and shorter:
        raise ApiError("PERMISSION_DENIED", "Cannot reduce or remove a locked retention policy.")
    if policy:
        since = before.get("effectiveTime") if before.get("retentionPeriod") == policy.get("retentionPeriod") else None
        policy["effectiveTime"] = since or timestamp(now)
        if before.get("isLocked"):
            policy["isLocked"] = True

"""Objects: live, noncurrent and soft-deleted versions of named bytes.

https://cloud.google.com/storage/docs/object-versioning, https://cloud.google.com/storage/docs/soft-delete.
A version is one document; its bytes are one blob. Documents have what the API shows, and ``blob``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.google.storage import checksums
from provisioner.sandbox.google.storage.buckets import SERVICE, bucket, bucket_policies, denial
from provisioner.sandbox.google.storage.refusals import invalid, no_object
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
LIVE = "google/storage.objects"  # "<bucket>/<name>"
NONCURRENT = "google/storage.noncurrent"  # "<bucket>/<name>\n<generation>"
SOFT_DELETED = "google/storage.soft-deleted"  # likewise
MANAGED_FOLDERS = "google/storage.managed-folders"  # "<bucket>/<folder>/"
_CLOCK = "google/storage.clock"
_LONGEST_NAME = 1024
_SETTABLE = frozenset(
    (
        *("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType", "customTime"),
        *("eventBasedHold", "metadata", "temporaryHold"),
    )
)


def object_resource(call: Call, name: str = "", bucket_name: str = "") -> Resource:
    """Return an object (by default that of the call) as a thing that permissions are asked for.

    Policies of managed folders around it count, inmost first. Raises ApiError NOT_FOUND for a missing bucket.
    """
    holder = bucket(call.tx, bucket_name or call.params["bucket"])
    name = name or call.params.get("object", "")
    return Resource(
        name=f"projects/_/buckets/{holder['name']}/objects/{name}",
        kind=f"{SERVICE}/Object",
        service=SERVICE,
        policies=(*folder_policies(call.tx, holder["name"], name), *bucket_policies(call.tx, holder)),
        denial=denial(call, "object"),
    )


def folder_policies(tx: Transaction, bucket_name: str, name: str) -> tuple[str, ...]:
    """Return the full names of the managed folders that hold an object or prefix, inmost first."""
    folders = []
    end = name.rfind("/")
    while end > 0:
        folder = name[: end + 1]
        if tx.get(MANAGED_FOLDERS, f"{bucket_name}/{folder}") is not None:
            folders.append(folder_policy_name(bucket_name, folder))
        end = name.rfind("/", 0, end)
    return tuple(folders)


def folder_policy_name(bucket_name: str, folder: str) -> str:
    """Return the full name under which a managed folder's IAM policy is kept."""
    return f"//{SERVICE}/projects/_/buckets/{bucket_name}/managedFolders/{folder}"


def live(tx: Transaction, bucket_name: str, name: str) -> Document | None:
    """Return the live version of an object, or None."""
    return tx.get(LIVE, f"{bucket_name}/{name}")


def version(tx: Transaction, bucket_name: str, name: str, generation: str | None) -> Document:
    """Return the live version, or the one of a generation. Raises ApiError NOT_FOUND."""
    found = live(tx, bucket_name, name)
    if generation and (found is None or found["generation"] != generation):
        found = tx.get(NONCURRENT, version_key(bucket_name, name, generation))
    if found is None:
        raise no_object(bucket_name, name)
    return found


def version_key(bucket_name: str, name: str, generation: str) -> str:
    """Return the key of a version that is not live; names cannot hold a line feed, so keys are unique."""
    return f"{bucket_name}/{name}\n{generation}"


def check_name(name: object) -> str:
    """Return a valid object name. Raises ApiError INVALID_ARGUMENT."""
    if not isinstance(name, str) or not name:
        raise invalid("Required parameter: name", reason="required", location="name")
    bad = len(name.encode()) > _LONGEST_NAME or "\n" in name or "\r" in name or name in {".", ".."}
    if bad or name.startswith(".well-known/acme-challenge/"):
        raise invalid("Disallowed unicode characters present in object name or invalid length.")
    return name


def create(  # noqa: PLR0913, PLR0917 - a write has this many facts
    tx: Transaction, holder: Document, name: str, settings: Mapping[str, Any], data: bytes, now: datetime
) -> Document:
    """Write a new live version; the old one becomes noncurrent or soft-deleted. Raises ApiError."""
    old = live(tx, holder["name"], name)
    if old is not None:
        retire(tx, holder, old, now)
    generation = _next_generation(tx, now)
    made = _resource(holder, name, settings, data, generation, now)
    _check_sums(settings, made)
    blob = f"storage/{holder['name']}/{generation}"
    tx.put_blob(blob, data)
    document = made | {"blob": blob}
    tx.put(LIVE, f"{holder['name']}/{name}", document)
    return document


def update(tx: Transaction, found: Document, settings: Mapping[str, Any], now: datetime) -> Document:
    """Replace the settable metadata of a version (``settings`` holds all of it)."""
    kept = {key: value for key, value in found.items() if key not in _SETTABLE}
    new = {key: value for key, value in settings.items() if key in _SETTABLE and value not in (None, {})}
    metageneration = int(found["metageneration"]) + 1
    changed = (
        kept
        | new
        | {
            "metageneration": str(metageneration),
            "etag": checksums.object_etag(int(found["generation"]), metageneration),
            "updated": timestamp(now),
        }
    )
    _put_back(tx, changed)
    return changed


def retire(tx: Transaction, holder: Document, found: Document, now: datetime) -> None:
    """Take a live version away: noncurrent where the bucket keeps versions, else deleted. Raises ApiError."""
    _check_retention(holder, found, now)
    tx.delete(LIVE, f"{holder['name']}/{found['name']}")
    if (holder.get("versioning") or {}).get("enabled"):
        key = version_key(holder["name"], found["name"], found["generation"])
        tx.put(NONCURRENT, key, found | {"timeDeleted": timestamp(now)})
    else:
        _soft_delete(tx, holder, found, now)


def remove(tx: Transaction, holder: Document, found: Document, now: datetime) -> None:
    """Delete one version for good, as far as the bucket's soft-delete policy lets that be. Raises ApiError."""
    _check_retention(holder, found, now)
    if "timeDeleted" in found:
        tx.delete(NONCURRENT, version_key(holder["name"], found["name"], found["generation"]))
    else:
        tx.delete(LIVE, f"{holder['name']}/{found['name']}")
    _soft_delete(tx, holder, found, now)


def purge(tx: Transaction, bucket_name: str) -> None:
    """Forget the soft-deleted versions of a bucket that is going away."""
    for key, found in list(tx.scan(SOFT_DELETED, f"{bucket_name}/")):
        tx.delete(SOFT_DELETED, key)
        tx.delete_blob(found["blob"])


def soft_deleted(tx: Transaction, bucket_name: str, name: str, generation: str, now: datetime) -> Document:
    """Return a soft-deleted version that can still be restored. Raises ApiError NOT_FOUND."""
    found = tx.get(SOFT_DELETED, version_key(bucket_name, name, generation))
    if found is None or parse_timestamp(found["hardDeleteTime"]) <= now:
        raise no_object(bucket_name, name)
    return found


def content(tx: Transaction, found: Document) -> bytes:
    """Return the bytes of a version."""
    data = tx.get_blob(found["blob"])
    if data is None:
        raise ApiError("INTERNAL", f"The bytes of {found['id']} are gone.")
    return data


def shown(found: Document) -> Json:
    """Return a version as the API shows it."""
    return {key: value for key, value in found.items() if key != "blob"}


def settings_of(found: Mapping[str, Any]) -> Json:
    """Return the metadata a client may set."""
    return {key: value for key, value in found.items() if key in _SETTABLE}


def _resource(  # noqa: PLR0913, PLR0917 - an object has this many facts
    holder: Document, name: str, settings: Mapping[str, Any], data: bytes, generation: int, now: datetime
) -> Document:
    bucket_name, moment, path = holder["name"], timestamp(now), quote(name, safe="")
    made = {key: value for key, value in settings.items() if key in _SETTABLE and value not in (None, {})}
    made |= {
        "kind": "storage#object",
        "id": f"{bucket_name}/{name}/{generation}",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket_name}/o/{path}",
        "mediaLink": (
            f"https://storage.googleapis.com/download/storage/v1/b/{bucket_name}/o/{path}"
            f"?generation={generation}&alt=media"
        ),
        "name": name,
        "bucket": bucket_name,
        "generation": str(generation),
        "metageneration": "1",
        "contentType": settings.get("contentType") or "application/octet-stream",
        "storageClass": settings.get("storageClass") or holder["storageClass"],
        "size": str(len(data)),
        "md5Hash": checksums.md5(data),
        "crc32c": checksums.crc32c(data),
        "etag": checksums.object_etag(generation, 1),
        "timeCreated": moment,
        "updated": moment,
        "timeStorageClassUpdated": moment,
    }
    period = int((holder.get("retentionPolicy") or {}).get("retentionPeriod") or 0)
    if period:
        made["retentionExpirationTime"] = timestamp(now + timedelta(seconds=period))
    return made


def _check_sums(settings: Mapping[str, Any], made: Document) -> None:
    for field, words in (("md5Hash", "MD5 hash"), ("crc32c", "CRC32C")):
        if settings.get(field) and settings[field] != made[field]:
            text = f'Provided {words} "{settings[field]}" doesn\'t match calculated {words} "{made[field]}".'
            raise invalid(text)


def _next_generation(tx: Transaction, now: datetime) -> int:
    last = int((tx.get(_CLOCK, "generation") or {"value": 0})["value"])
    generation = max(last + 1, int(now.timestamp() * 1_000_000))
    tx.put(_CLOCK, "generation", {"value": generation})
    return generation


def _put_back(tx: Transaction, changed: Document) -> None:
    if "timeDeleted" in changed:
        tx.put(NONCURRENT, version_key(changed["bucket"], changed["name"], changed["generation"]), changed)
    else:
        tx.put(LIVE, f"{changed['bucket']}/{changed['name']}", changed)


def _soft_delete(tx: Transaction, holder: Document, found: Document, now: datetime) -> None:
    seconds = int(holder["softDeletePolicy"]["retentionDurationSeconds"])
    if not seconds:
        tx.delete_blob(found["blob"])
        return
    gone = {"softDeleteTime": timestamp(now), "hardDeleteTime": timestamp(now + timedelta(seconds=seconds))}
    tx.put(SOFT_DELETED, version_key(holder["name"], found["name"], found["generation"]), found | gone)


def _check_retention(holder: Document, found: Document, now: datetime) -> None:
    place = f"'{holder['name']}/{found['name']}'"
    if found.get("temporaryHold") or found.get("eventBasedHold"):
        raise ApiError(
            "PERMISSION_DENIED", f"Object {place} is under active hold and cannot be deleted or overwritten."
        )
    until = found.get("retentionExpirationTime")
    if until and parse_timestamp(until) > now:
        raise ApiError(
            "PERMISSION_DENIED",
            f"Object {place} is subject to bucket's retention policy or object retention and cannot be deleted or "
            f"overwritten until {until}",
            reason="retentionPolicyNotMet",
        )

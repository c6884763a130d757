"""Objects: live, noncurrent and soft-deleted versions of named bytes.

https://cloud.google.com/storage/docs/object-versioning, https://cloud.google.com/storage/docs/soft-delete.
A version is one document; its bytes are one blob. Documents have what the API shows, and ``blob``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from provisioner.sandbox.google.errors import ApiError, unimplemented
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import acl, checksums, events, retention
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
_OWN_FIELDS = frozenset(("blob", "owner", retention.HOLD_RELEASED))
_SETTABLE = frozenset(
    (
        *("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType", "customTime"),
        *("eventBasedHold", "metadata", "retention", "temporaryHold"),
    )
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A version about to be written.

    ``settings`` is the resource as a client sent it; ``facts`` are fields that the server adds (the key it is
    encrypted with, its owner, how many components it was made of). ``grants`` is its access control list.
    """

    name: str
    settings: Mapping[str, Any]
    data: bytes
    facts: Mapping[str, Any] = field(default_factory=dict)
    grants: tuple[acl.Grant, ...] = ()


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


def create(call: Call, holder: Document, draft: Draft) -> Document:
    """Write a new live version; the old one becomes noncurrent or soft-deleted. Raises ApiError."""
    tx, now = call.tx, call.now
    check_settings(holder, draft.settings, now)
    generation = _next_generation(tx, now)
    made = _resource(holder, draft, generation, now)
    _check_sums(draft.settings, made)
    old = live(tx, holder["name"], draft.name)
    if old is not None:
        retire(call, holder, old, replaced_by=str(generation))
    blob = f"storage/{holder['name']}/{generation}"
    tx.put_blob(blob, draft.data)
    document = made | {"blob": blob}
    tx.put(LIVE, f"{holder['name']}/{draft.name}", document)
    if draft.grants:
        policy = acl.object_policy(holder["name"], draft.name, str(generation))
        acl.write(tx, policy, acl.OBJECT_ROLES, draft.grants, now)
    events.announce(call, "OBJECT_FINALIZE", shown(document, holder), replaced=old)
    return document


def update(call: Call, holder: Document, found: Document, settings: Mapping[str, Any]) -> Document:
    """Replace the settable metadata of a version (``settings`` holds all of it)."""
    check_settings(holder, settings, call.now, known=found)
    kept = {key: value for key, value in found.items() if key not in _SETTABLE}
    new = {key: value for key, value in settings.items() if key in _SETTABLE and value not in (None, {})}
    changed = touched(retention.released(found, kept | new, call.now), call.now)
    put_back(call.tx, changed)
    events.announce(call, "OBJECT_METADATA_UPDATE", shown(changed, holder))
    return changed


def touched(found: Document, now: datetime) -> Document:
    """Return a version with its next metageneration."""
    metageneration = int(found["metageneration"]) + 1
    return found | {
        "metageneration": str(metageneration),
        "etag": checksums.object_etag(int(found["generation"]), metageneration),
        "updated": timestamp(now),
    }


def put_back(tx: Transaction, changed: Document) -> None:
    """Keep a changed version where it is, live or noncurrent."""
    if "timeDeleted" in changed:
        tx.put(NONCURRENT, version_key(changed["bucket"], changed["name"], changed["generation"]), changed)
    else:
        tx.put(LIVE, f"{changed['bucket']}/{changed['name']}", changed)


def check_settings(
    holder: Document, settings: Mapping[str, Any], now: datetime, known: Mapping[str, Any] | None = None
) -> None:
    """Raise ApiError for metadata that Cloud Storage refuses or that the sandbox does not have."""
    if settings.get("contexts"):
        raise unimplemented("The sandbox's objects have no contexts.")
    wanted = settings.get("retention")
    if wanted and wanted != (known or {}).get("retention"):
        retention.check_retention(holder, wanted, now)
    before = (known or {}).get("customTime")
    after = settings.get("customTime")
    if before and (not after or parse_timestamp(after) < parse_timestamp(before)):
        raise invalid("Custom time cannot be removed or set to an earlier date time.")


def retire(call: Call, holder: Document, found: Document, replaced_by: str = "") -> None:
    """Take a live version away: noncurrent where the bucket keeps versions, else deleted. Raises ApiError."""
    tx, now = call.tx, call.now
    keeps = (holder.get("versioning") or {}).get("enabled")
    if not keeps:
        retention.check_free(holder, found, now)
    tx.delete(LIVE, f"{holder['name']}/{found['name']}")
    if keeps:
        key = version_key(holder["name"], found["name"], found["generation"])
        tx.put(NONCURRENT, key, found | {"timeDeleted": timestamp(now)})
    else:
        _soft_delete(tx, holder, found, now)
    event = "OBJECT_ARCHIVE" if keeps else "OBJECT_DELETE"
    events.announce(call, event, shown(found, holder), replaced_by=replaced_by)


def remove(call: Call, holder: Document, found: Document) -> None:
    """Delete one version for good, as far as the bucket's soft-delete policy lets that be. Raises ApiError."""
    retention.check_free(holder, found, call.now)
    take_away(call.tx, found)
    _soft_delete(call.tx, holder, found, call.now)
    events.announce(call, "OBJECT_DELETE", shown(found, holder))


def take_away(tx: Transaction, found: Document) -> None:
    """Forget the document of a live or noncurrent version; its bytes stay."""
    if "timeDeleted" in found:
        tx.delete(NONCURRENT, version_key(found["bucket"], found["name"], found["generation"]))
    else:
        tx.delete(LIVE, f"{found['bucket']}/{found['name']}")


def forget(tx: Transaction, found: Document) -> None:
    """Drop the bytes and the access control list of a version that is gone for good."""
    tx.delete_blob(found["blob"])
    acl.forget(tx, acl.object_policy(found["bucket"], found["name"], found["generation"]))


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


def shown(found: Document, holder: Mapping[str, Any] | None = None) -> Json:
    """Return a version as the API shows it, without its list; ``holder`` is its bucket, for retention."""
    document = {key: value for key, value in found.items() if key not in _OWN_FIELDS}
    until = retention.expiration(holder, found) if holder else ""
    return document | ({"retentionExpirationTime": until} if until else {})


def settings_of(found: Mapping[str, Any]) -> Json:
    """Return the metadata a client may set."""
    return {key: value for key, value in found.items() if key in _SETTABLE}


def copied_settings(found: Mapping[str, Any]) -> Json:
    """Return the metadata that a copy takes over: holds and retention stay with the original."""
    left = ("eventBasedHold", "retention", "temporaryHold")
    return {key: value for key, value in settings_of(found).items() if key not in left}


def _resource(holder: Document, draft: Draft, generation: int, now: datetime) -> Document:
    bucket_name, moment, path = holder["name"], timestamp(now), quote(draft.name, safe="")
    made = {key: value for key, value in draft.settings.items() if key in _SETTABLE and value not in (None, {})}
    made |= {
        "kind": "storage#object",
        "id": f"{bucket_name}/{draft.name}/{generation}",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket_name}/o/{path}",
        "mediaLink": (
            f"https://storage.googleapis.com/download/storage/v1/b/{bucket_name}/o/{path}"
            f"?generation={generation}&alt=media"
        ),
        "name": draft.name,
        "bucket": bucket_name,
        "generation": str(generation),
        "metageneration": "1",
        "contentType": draft.settings.get("contentType") or "application/octet-stream",
        "storageClass": _storage_class(holder, draft.settings),
        "size": str(len(draft.data)),
        "crc32c": checksums.crc32c(draft.data),
        "etag": checksums.object_etag(generation, 1),
        "timeCreated": moment,
        "updated": moment,
        "timeStorageClassUpdated": moment,
    }
    if "componentCount" not in draft.facts:
        made["md5Hash"] = checksums.md5(draft.data)
    if holder.get("defaultEventBasedHold") and "eventBasedHold" not in draft.settings:
        made["eventBasedHold"] = True
    return {key: value for key, value in (made | dict(draft.facts)).items() if value is not None}


def _storage_class(holder: Document, settings: Mapping[str, Any]) -> str:
    # https://cloud.google.com/storage/docs/autoclass: every object starts in Standard storage, whatever was asked for.
    if (holder.get("autoclass") or {}).get("enabled"):
        return "STANDARD"
    return str(settings.get("storageClass") or holder["storageClass"])


def _check_sums(settings: Mapping[str, Any], made: Document) -> None:
    for name, words in (("md5Hash", "MD5 hash"), ("crc32c", "CRC32C")):
        if settings.get(name) and name in made and settings[name] != made[name]:
            text = f'Provided {words} "{settings[name]}" doesn\'t match calculated {words} "{made[name]}".'
            raise invalid(text)


def _next_generation(tx: Transaction, now: datetime) -> int:
    last = int((tx.get(_CLOCK, "generation") or {"value": 0})["value"])
    generation = max(last + 1, int(now.timestamp() * 1_000_000))
    tx.put(_CLOCK, "generation", {"value": generation})
    return generation


def _soft_delete(tx: Transaction, holder: Document, found: Document, now: datetime) -> None:
    seconds = int(holder["softDeletePolicy"]["retentionDurationSeconds"])
    if not seconds:
        forget(tx, found)
        return
    gone = {"softDeleteTime": timestamp(now), "hardDeleteTime": timestamp(now + timedelta(seconds=seconds))}
    tx.put(SOFT_DELETED, version_key(holder["name"], found["name"], found["generation"]), found | gone)

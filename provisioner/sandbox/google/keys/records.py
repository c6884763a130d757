"""Key rings, keys and versions: where they are kept, their names and states.

https://cloud.google.com/kms/docs/resource-hierarchy, https://cloud.google.com/kms/docs/key-states. Time works when
somebody looks: a version whose destruction is due is destroyed, a key whose rotation is due gets a new primary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_id
from provisioner.sandbox.google.keys import material
from provisioner.sandbox.google.method import Resource
from provisioner.sandbox.google.storage.locations import regions
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "cloudkms.googleapis.com"
RINGS = "google/cloudkms.keyRings"  # by name with the project's id; fields as cloudkms v1
KEYS = "google/cloudkms.cryptoKeys"  # likewise, without "primary", with "primaryVersion" (a number) and "versions"
VERSIONS = "google/cloudkms.cryptoKeyVersions"  # likewise, the number in six digits at the end
_KINDS = {"keyRings": "KeyRing", "cryptoKeys": "CryptoKey", "cryptoKeyVersions": "CryptoKeyVersion"}
_MULTI_REGIONS = ("global", "us", "europe", "asia", "eur4", "nam4", "asia1")
_DENIAL = "Permission '{permission}' denied on resource '"
_ID = re.compile(r"[a-zA-Z0-9_-]{1,63}")
_MOST_ROTATIONS = 1000


def locations() -> tuple[str, ...]:
    """Return where keys may be, sorted."""
    return tuple(sorted((*_MULTI_REGIONS, *(name.lower() for name in regions()))))


def canonical(tx: Transaction, name: str) -> str:
    """Return a name with the project's id and a place that exists. Raises ApiError."""
    _, owner, _, place, *rest = name.split("/")
    if place not in locations():
        raise invalid_argument(f"The request concerns location '{place}', where Cloud KMS is not available.")
    return "/".join(["projects", project_id(tx, owner), "locations", place, *rest])


def check_id(text: str, field: str) -> str:
    """Return a valid id of a ring or key. Raises ApiError INVALID_ARGUMENT."""
    if not _ID.fullmatch(text):
        raise invalid_argument(f"The {field} '{text}' does not match the pattern ([a-zA-Z0-9_-]{{1,63}}).")
    return text


def place_resource(tx: Transaction, name: str) -> Resource:
    """Return the project and place of a name as a thing that permissions are asked for."""
    full = "/".join(canonical(tx, name).split("/")[:4])
    return inside_project(tx, full.split("/")[1], name=full, kind=f"{SERVICE}/Location", service=SERVICE)


def key_resource(tx: Transaction, name: str) -> Resource:
    """Return a ring, key or version as a thing that permissions are asked for: ring and key have policies."""
    full = canonical(tx, name)
    parts = full.split("/")
    ring, key = "/".join(parts[:6]), "/".join(parts[:8])
    kind = f"{SERVICE}/{_kind(full)}"
    found = inside_project(tx, parts[1], name=full, kind=kind, service=SERVICE, policy=f"//{SERVICE}/{ring}")
    own = (f"//{SERVICE}/{key}",) if key != ring else ()
    text = _DENIAL + f"{full}' (or it may not exist)."
    return Resource(found.name, found.kind, found.service, own + found.policies, found.project, text)


def _kind(full: str) -> str:
    kind = _KINDS.get(full.split("/")[-2])
    if kind is None:
        raise invalid_argument(f"Malformed resource name: {full}")
    return kind


def find(tx: Transaction, collection: str, name: str) -> Document:
    """Return a ring or key. Raises ApiError NOT_FOUND."""
    full = canonical(tx, name)
    found = tx.get(collection, full)
    if found is None:
        raise not_found(f"{_kind(full)} {full} not found.")
    return found


def find_version(tx: Transaction, name: str, now: datetime) -> Document:
    """Return a version as it is now. Raises ApiError NOT_FOUND."""
    full = canonical(tx, name)
    key, _, number = full.rpartition("/cryptoKeyVersions/")
    found = tx.get(VERSIONS, version_key(key, int(number))) if number.isdigit() else None
    if found is None:
        raise not_found(f"CryptoKeyVersion {full} not found.")
    return aged(tx, found, now)


def version_key(key: str, number: int) -> str:
    """Return the store key of a version: they sort by number."""
    return f"{key}/{number:06d}"


def versions_of(tx: Transaction, key: str, now: datetime) -> Iterator[tuple[str, Document]]:
    """Yield (store key, version) of a key, oldest first."""
    for place, found in tx.scan(VERSIONS, f"{key}/"):
        yield place, aged(tx, found, now)


def aged(tx: Transaction, found: Document, now: datetime) -> Document:
    """Return a version as it is now: destroyed, with its material gone, once its time has come."""
    if found["state"] != "DESTROY_SCHEDULED" or parse_timestamp(found["destroyTime"]) > now:
        return found
    gone = {key: value for key, value in found.items() if key != "destroyTime"}
    gone |= {"state": "DESTROYED", "destroyEventTime": found["destroyTime"]}
    material.forget(tx, found["name"])
    keep_version(tx, gone)
    return gone


def keep_version(tx: Transaction, version: Document) -> None:
    """Write a version."""
    key, _, number = version["name"].rpartition("/cryptoKeyVersions/")
    tx.put(VERSIONS, version_key(key, int(number)), version)


def add_version(tx: Transaction, key: Document, now: datetime) -> Document:
    """Make the next version of a key (``key`` is changed and kept)."""
    number = int(key["versions"]) + 1
    name, moment = f"{key['name']}/cryptoKeyVersions/{number}", timestamp(now)
    template = key["versionTemplate"]
    made = {
        "name": name,
        "state": "ENABLED",
        "createTime": moment,
        "protectionLevel": template["protectionLevel"],
        "algorithm": template["algorithm"],
        "generateTime": moment,
    }
    material.generate(tx, name, template["algorithm"])
    keep_version(tx, made)
    key["versions"] = number
    tx.put(KEYS, key["name"], key)
    return made


def rotated(tx: Transaction, key: Document, now: datetime) -> Document:
    """Return a key as it is now: with a new primary version for each rotation that has become due."""
    for _ in range(_MOST_ROTATIONS):
        due = key.get("nextRotationTime")
        if not due or not key.get("rotationPeriod") or parse_timestamp(due) > now:
            break
        made = add_version(tx, key, parse_timestamp(due))
        following = parse_timestamp(due) + timedelta(seconds=float(key["rotationPeriod"].removesuffix("s")))
        key |= {"primaryVersion": int(made["name"].rpartition("/")[2]), "nextRotationTime": timestamp(following)}
        tx.put(KEYS, key["name"], key)
    return key


def shown_key(tx: Transaction, key: Document, now: datetime) -> Json:
    """Return a key as the API shows it, with its primary version."""
    key = rotated(tx, key, now)
    document = {name: value for name, value in key.items() if name not in {"primaryVersion", "versions"}}
    if not key.get("primaryVersion"):
        return document
    primary = tx.get(VERSIONS, version_key(key["name"], key["primaryVersion"]))
    return document | ({"primary": aged(tx, primary, now)} if primary else {})


def usable_version(tx: Transaction, key: Document, now: datetime) -> str | None:
    """Return the name of the primary version of a symmetric key, or None while it cannot encrypt."""
    primary = shown_key(tx, key, now).get("primary")
    return primary["name"] if primary and primary["state"] == "ENABLED" else None


def version_state(tx: Transaction, name: str, now: datetime) -> str:
    """Return the state of a version; empty when there is none of that name."""
    try:
        return str(find_version(tx, name, now)["state"])
    except ApiError:
        return ""

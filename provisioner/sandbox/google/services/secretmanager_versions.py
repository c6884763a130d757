"""Versions of secrets (Secret Manager API, v1): their content is kept apart and shown by ``access`` only."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.messaging.records import seconds_of
from provisioner.sandbox.google.messaging.secret_events import announce
from provisioner.sandbox.google.messaging.secret_times import VERSIONS, destroyed, note_times, version_key
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.secretmanager_secrets import (
    canonical_name,
    filtered,
    find_secret,
    secret_methods,
    secret_resource,
)
from provisioner.sandbox.google.storage import checksums
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_MAX_BYTES = 65536
_HIGHEST = 10**10
_STALE = "The etag does not match the version's current one."


def _parent(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["parent"])


def _version(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["name"])


@method(*secret_methods("addVersion"), permission="secretmanager.versions.add", on=_parent)
def add(call: Call) -> Json:
    """Add a version; it is enabled at once."""
    secret = find_secret(call.tx, call.params["parent"])
    payload = call.body.get("payload", {})
    data = payload.get("data", "")
    content = base64.b64decode(data, altchars=b"-_" if "_" in data or "-" in data else None)
    if not content or len(content) > _MAX_BYTES:
        raise invalid_argument(f"The payload must have 1 to {_MAX_BYTES} bytes.", ("payload.data", "wrong size"))
    checked = "dataCrc32c" in payload
    if checked and int(payload["dataCrc32c"]) != crc32c(content):
        raise invalid_argument("The checksum does not match the payload.", ("payload.data_crc32c", "no match"))
    number = call.tx.next_number(f"secret/{secret['name']}/{secret['createTime']}")
    version: Json = {
        "name": f"{secret['name']}/versions/{number}",
        "createTime": timestamp(call.now),
        "state": "ENABLED",
    } | ({"clientSpecifiedPayloadChecksum": True} if checked else {}) | _replication(secret)  # fmt: skip
    call.tx.put_blob(version_key(version["name"]), content)
    made = _put(call, version)
    announce(call.world, call.tx, secret, "SECRET_VERSION_ADD", call.now, version=made)
    return made


@method(*secret_methods("versions.get"), permission="secretmanager.versions.get", on=_version)
def get(call: Call) -> Json:
    """Return a version by number, alias or ``latest``."""
    return _existing(call)


@method(*secret_methods("versions.list"), permission="secretmanager.versions.list", on=_parent)
def list_versions(call: Call) -> Json:
    """Return a page of a secret's versions, newest first."""
    secret = find_secret(call.tx, call.params["parent"])["name"]
    found = filtered(call, [version for _, version in call.tx.scan(VERSIONS, f"{secret}/versions/")])[::-1]
    rows = ((f"{_HIGHEST - _number(version):010d}", version) for version in found)
    items, token = page(call, rows, default=25000, maximum=25000)
    shown: Json = {"versions": items, "totalSize": len(found)} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(*secret_methods("versions.access"), permission="secretmanager.versions.access", on=_version)
def access(call: Call) -> Json:
    """Return a version's content."""
    version = _existing(call)
    if version["state"] != "ENABLED":
        raise failed_precondition(f"Secret Version [{version['name']}] is in {version['state']} state.")
    content = call.tx.get_blob(version_key(version["name"])) or b""
    data = base64.b64encode(content).decode()
    return {"name": version["name"], "payload": {"data": data, "dataCrc32c": str(crc32c(content))}}


@method(*secret_methods("versions.enable"), permission="secretmanager.versions.enable", on=_version)
def enable(call: Call) -> Json:
    """Let a version be accessed again; a destruction that was to come is called off."""
    return _change(call, "ENABLED")


@method(*secret_methods("versions.disable"), permission="secretmanager.versions.disable", on=_version)
def disable(call: Call) -> Json:
    """Stop a version from being accessed."""
    return _change(call, "DISABLED")


@method(*secret_methods("versions.destroy"), permission="secretmanager.versions.destroy", on=_version)
def destroy(call: Call) -> Json:
    """Destroy a version's content for good, after the secret's delay if it has one."""
    version = _changeable(call)
    secret = find_secret(call.tx, version["name"].partition("/versions/")[0])
    delay = seconds_of(secret.get("versionDestroyTtl", ""))
    if not delay:
        gone = destroyed(call.tx, version, call.now)
        announce(call.world, call.tx, secret, "SECRET_VERSION_DESTROY", call.now, version=gone)
        return gone
    ends = timestamp(call.now + timedelta(seconds=delay))
    waiting = _put(call, version | {"state": "DISABLED", "scheduledDestroyTime": ends})
    note_times(call.tx, waiting, call.now)
    call.world.errands.wake()
    announce(call.world, call.tx, secret, "SECRET_VERSION_DESTROY_SCHEDULED", call.now, version=waiting)
    return waiting


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of bytes: RFC 3720, appendix B.4."""
    return int.from_bytes(base64.b64decode(checksums.crc32c(content)), "big")


def _number(version: Document) -> int:
    return int(version["name"].rpartition("/")[2])


def _replication(secret: Document) -> Json:
    replication = secret.get("replication")
    if not replication:
        return {}
    managed = replication.get("userManaged")
    status = {"replicas": [{"location": each["location"]} for each in managed["replicas"]]} if managed else {}
    return {"replicationStatus": {"userManaged": status} if managed else {"automatic": {}}}


def _existing(call: Call) -> Document:
    name = canonical_name(call.tx, call.params["name"])
    secret_name, _, number = name.partition("/versions/")
    secret = find_secret(call.tx, secret_name)
    if number == "latest":
        newest = [version for _, version in call.tx.scan(VERSIONS, f"{secret_name}/versions/")][-1:]
        found = newest[0] if newest else None
    else:
        number = secret.get("versionAliases", {}).get(number, number)
        usable = number.isascii() and number.isdigit()
        found = call.tx.get(VERSIONS, version_key(f"{secret_name}/versions/{number}")) if usable else None
    if found is None:
        raise not_found(f"Secret Version [{name}] not found.")
    return found


def _changeable(call: Call) -> Document:
    version = _existing(call)
    check_etag(call.body.get("etag", ""), version["etag"], _STALE)
    if version["state"] == "DESTROYED":
        raise failed_precondition(f"Secret Version [{version['name']}] is in DESTROYED state.")
    return version


def _change(call: Call, state: str) -> Document:
    version = _changeable(call)
    if version["state"] == state and "scheduledDestroyTime" not in version:
        return version
    kept = {key: value for key, value in version.items() if key != "scheduledDestroyTime" or state == "DISABLED"}
    changed = _put(call, kept | {"state": state})
    secret = find_secret(call.tx, version["name"].partition("/versions/")[0])
    event = f"SECRET_VERSION_{state.removesuffix('D')}"
    announce(call.world, call.tx, secret, event, call.now, version=changed)
    return changed


def _put(call: Call, version: Document) -> Document:
    changed = version | {"etag": f'"{fresh_etag(call.tx)}"'}
    call.tx.put(VERSIONS, version_key(version["name"]), changed)
    return changed

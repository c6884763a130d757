"""Versions of secrets (Secret Manager API, v1): their content is kept apart and shown by ``access`` only."""

from __future__ import annotations

import base64
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.secretmanager_secrets import (
    VERSIONS,
    canonical_name,
    find_secret,
    secret_resource,
)
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "secretmanager.projects.secrets"
_MAX_BYTES = 65536
_CASTAGNOLI = 0x82F63B78


def _parent(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["parent"])


def _version(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["name"])


@method(f"{_API}.addVersion", permission="secretmanager.versions.add", on=_parent)
def add(call: Call) -> Json:
    """Add a version; it is enabled at once."""
    secret = find_secret(call.tx, call.params["parent"])["name"]
    payload = call.body.get("payload", {})
    content = base64.b64decode(payload.get("data", ""), altchars=b"-_" if "_" in payload.get("data", "") else None)
    if not content or len(content) > _MAX_BYTES:
        raise invalid_argument(f"The payload must have 1 to {_MAX_BYTES} bytes.", ("payload.data", "wrong size"))
    if "dataCrc32c" in payload and int(payload["dataCrc32c"]) != crc32c(content):
        raise invalid_argument("The checksum does not match the payload.", ("payload.data_crc32c", "no match"))
    number = call.tx.next_number(f"secret/{secret}/{find_secret(call.tx, secret)['createTime']}")
    version: Json = {
        "name": f"{secret}/versions/{number}",
        "createTime": timestamp(call.now),
        "state": "ENABLED",
        "replicationStatus": {"automatic": {}},
        "clientSpecifiedPayloadChecksum": True,
    }
    call.tx.put_blob(_key(version["name"]), content)
    return _put(call, version)


@method(f"{_API}.versions.get", permission="secretmanager.versions.get", on=_version)
def get(call: Call) -> Json:
    """Return a version by number or ``latest``."""
    return _existing(call)


@method(f"{_API}.versions.list", permission="secretmanager.versions.list", on=_parent)
def list_versions(call: Call) -> Json:
    """Return a page of a secret's versions."""
    secret = find_secret(call.tx, call.params["parent"])["name"]
    items, token = page(call, call.tx.scan(VERSIONS, f"{secret}/versions/"), default=25000, maximum=25000)
    return {"versions": items, "totalSize": len(items)} | ({"nextPageToken": token} if token else {}) if items else {}


@method(f"{_API}.versions.access", permission="secretmanager.versions.access", on=_version)
def access(call: Call) -> Json:
    """Return a version's content."""
    version = _existing(call)
    if version["state"] != "ENABLED":
        raise failed_precondition(f"Secret Version [{version['name']}] is in {version['state']} state.")
    content = call.tx.get_blob(_key(version["name"])) or b""
    data = base64.b64encode(content).decode()
    return {"name": version["name"], "payload": {"data": data, "dataCrc32c": str(crc32c(content))}}


@method(f"{_API}.versions.enable", permission="secretmanager.versions.enable", on=_version)
def enable(call: Call) -> Json:
    """Let a version be accessed again."""
    return _change(call, "ENABLED")


@method(f"{_API}.versions.disable", permission="secretmanager.versions.disable", on=_version)
def disable(call: Call) -> Json:
    """Stop a version from being accessed."""
    return _change(call, "DISABLED")


@method(f"{_API}.versions.destroy", permission="secretmanager.versions.destroy", on=_version)
def destroy(call: Call) -> Json:
    """Destroy a version's content for good."""
    version = _change(call, "DESTROYED")
    call.tx.delete_blob(_key(version["name"]))
    return version


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of bytes: RFC 3720, appendix B.4."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (_CASTAGNOLI if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def _existing(call: Call) -> Document:
    name = canonical_name(call.tx, call.params["name"])
    secret, _, number = name.partition("/versions/")
    find_secret(call.tx, secret)
    if number == "latest":
        newest = [version for _, version in call.tx.scan(VERSIONS, f"{secret}/versions/")][-1:]
        found = newest[0] if newest else None
    else:
        found = call.tx.get(VERSIONS, _key(name)) if number.isdigit() else None
    if found is None:
        raise not_found(f"Secret Version [{name}] not found.")
    return found


def _change(call: Call, state: str) -> Document:
    version = _existing(call)
    check_etag(call.body.get("etag", ""), version["etag"], "The etag does not match the version's current one.")
    if version["state"] == "DESTROYED":
        raise failed_precondition(f"Secret Version [{version['name']}] is in DESTROYED state.")
    if version["state"] == state:
        return version
    gone = {"destroyTime": timestamp(call.now)} if state == "DESTROYED" else {}
    return _put(call, version | {"state": state} | gone)


def _put(call: Call, version: Document) -> Document:
    changed = version | {"etag": f'"{fresh_etag(call.tx)}"'}
    call.tx.put(VERSIONS, _key(version["name"]), changed)
    return changed


def _key(name: str) -> str:
    secret, _, number = name.partition("/versions/")
    return f"{secret}/versions/{int(number):010d}"

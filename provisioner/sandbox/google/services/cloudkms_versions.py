"""Cloud KMS API v1: versions of keys, and what is done with them.

Destruction is scheduled first and may be taken back until it is due: https://cloud.google.com/kms/docs/destroy-restore.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, unimplemented
from provisioner.sandbox.google.keys import material
from provisioner.sandbox.google.keys.records import (
    KEYS,
    add_version,
    find,
    find_version,
    keep_version,
    key_resource,
    rotated,
    versions_of,
)
from provisioner.sandbox.google.masks import read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage.checksums import crc32c
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "cloudkms.projects.locations.keyRings.cryptoKeys"
_VERSIONS = f"{_API}.cryptoKeyVersions"
_SWITCHED = ("ENABLED", "DISABLED")
_MOST_BYTES = 65536


def _name(call: Call) -> Resource:
    return key_resource(call.tx, call.params["name"])


def _key(call: Call) -> Resource:
    return key_resource(call.tx, call.params["parent"])


@method(f"{_VERSIONS}.create", permission="cloudkms.cryptoKeyVersions.create", on=_key)
def create(call: Call) -> Json:
    """Make the next version of a key; the primary one stays what it is."""
    return add_version(call.tx, find(call.tx, KEYS, call.params["parent"]), call.now)


@method(f"{_VERSIONS}.get", permission="cloudkms.cryptoKeyVersions.get", on=_name)
def get(call: Call) -> Json:
    """Return a version."""
    return find_version(call.tx, call.params["name"], call.now)


@method(f"{_VERSIONS}.list", permission="cloudkms.cryptoKeyVersions.list", on=_key)
def list_versions(call: Call) -> Json:
    """Return the versions of a key, oldest first."""
    if call.params.get("filter") or call.params.get("orderBy"):
        raise unimplemented("The sandbox's Cloud KMS has no filter or orderBy for lists.")
    key = rotated(call.tx, find(call.tx, KEYS, call.params["parent"]), call.now)
    rows = list(versions_of(call.tx, key["name"], call.now))
    items, token = page(call, rows)
    answer: Json = {"cryptoKeyVersions": items} if items else {}
    return answer | ({"nextPageToken": token} if token else {}) | {"totalSize": len(rows)}


@method(f"{_VERSIONS}.patch", permission="cloudkms.cryptoKeyVersions.update", on=_name)
def patch(call: Call) -> Json:
    """Switch a version on or off."""
    found = find_version(call.tx, call.params["name"], call.now)
    paths = read_update_mask(call.params.get("updateMask", ""), "CryptoKeyVersion", call.schemas)
    if paths != [("state",)]:
        raise invalid_argument("Only the field 'state' of a CryptoKeyVersion can be updated.")
    wanted = call.body.get("state")
    if wanted not in _SWITCHED:
        raise invalid_argument(f"The state of a CryptoKeyVersion cannot be set to {wanted}.")
    _require_state(found, _SWITCHED)
    return _changed(call, found | {"state": wanted})


@method(f"{_VERSIONS}.destroy", permission="cloudkms.cryptoKeyVersions.destroy", on=_name)
def destroy(call: Call) -> Json:
    """Schedule the destruction of a version."""
    found = find_version(call.tx, call.params["name"], call.now)
    _require_state(found, _SWITCHED)
    key = find(call.tx, KEYS, found["name"].partition("/cryptoKeyVersions/")[0])
    waits = timedelta(seconds=float(key["destroyScheduledDuration"].removesuffix("s")))
    return _changed(call, found | {"state": "DESTROY_SCHEDULED", "destroyTime": timestamp(call.now + waits)})


@method(f"{_VERSIONS}.restore", permission="cloudkms.cryptoKeyVersions.restore", on=_name)
def restore(call: Call) -> Json:
    """Take a scheduled destruction back; the version is switched off then."""
    found = find_version(call.tx, call.params["name"], call.now)
    _require_state(found, ("DESTROY_SCHEDULED",))
    kept = {key: value for key, value in found.items() if key != "destroyTime"}
    return _changed(call, kept | {"state": "DISABLED"})


@method(f"{_API}.encrypt", permission="cloudkms.cryptoKeyVersions.useToEncrypt", on=_name)
def encrypt(call: Call) -> Json:
    """Encrypt up to 64 KiB with the primary version, or with the version named."""
    version = _encrypting(call)
    plaintext, associated = _bytes(call, "plaintext"), _bytes(call, "additionalAuthenticatedData")
    if len(plaintext) > _MOST_BYTES or len(associated) > _MOST_BYTES:
        raise invalid_argument(f"The plaintext must be no larger than {_MOST_BYTES} bytes.")
    sealed = material.encrypt(call.tx, version["name"], plaintext, associated)
    return {
        "name": version["name"],
        "ciphertext": _text(sealed),
        "ciphertextCrc32c": _sum(sealed),
        "protectionLevel": version["protectionLevel"],
        "verifiedPlaintextCrc32c": "plaintextCrc32c" in call.body,
        "verifiedAdditionalAuthenticatedDataCrc32c": "additionalAuthenticatedDataCrc32c" in call.body,
    }


@method(f"{_API}.decrypt", permission="cloudkms.cryptoKeyVersions.useToDecrypt", on=_name)
def decrypt(call: Call) -> Json:
    """Decrypt with whichever version of the key encrypted."""
    key = rotated(call.tx, find(call.tx, KEYS, call.params["name"]), call.now)
    _require_purpose(key, "ENCRYPT_DECRYPT")
    ciphertext, associated = _bytes(call, "ciphertext"), _bytes(call, "additionalAuthenticatedData")
    number = material.version_of(ciphertext)
    if not 0 < number <= int(key["versions"]):
        raise invalid_argument("Decryption failed: the ciphertext is invalid.")
    version = find_version(call.tx, f"{key['name']}/cryptoKeyVersions/{number}", call.now)
    _require_enabled(version)
    plaintext = material.decrypt(call.tx, version["name"], ciphertext, associated)
    answer: Json = {"plaintext": _text(plaintext)} if plaintext else {}
    return answer | {
        "plaintextCrc32c": _sum(plaintext),
        "usedPrimary": number == key.get("primaryVersion"),
        "protectionLevel": version["protectionLevel"],
    }


@method(f"{_VERSIONS}.asymmetricSign", permission="cloudkms.cryptoKeyVersions.useToSign", on=_name)
def asymmetric_sign(call: Call) -> Json:
    """Sign a digest, or data that is hashed here."""
    version = _usable(call, "ASYMMETRIC_SIGN")
    name = version["algorithm"].rpartition("_")[2].lower()
    digest = call.body.get("digest") or {}
    if digest and name not in digest:
        raise invalid_argument(f"The digest of {version['algorithm']} must be {name}.")
    given = base64.b64decode(digest[name]) if digest else hashlib.new(name, _bytes(call, "data")).digest()
    signature = material.sign(call.tx, version["name"], version["algorithm"], given)
    return {
        "name": version["name"],
        "signature": _text(signature),
        "signatureCrc32c": _sum(signature),
        "protectionLevel": version["protectionLevel"],
        "verifiedDigestCrc32c": "digestCrc32c" in call.body,
        "verifiedDataCrc32c": "dataCrc32c" in call.body,
    }


@method(f"{_VERSIONS}.getPublicKey", permission="cloudkms.cryptoKeyVersions.viewPublicKey", on=_name)
def get_public_key(call: Call) -> Json:
    """Return the public half of a signing key."""
    if call.params.get("publicKeyFormat", "PEM") not in {"PEM", "PUBLIC_KEY_FORMAT_UNSPECIFIED"}:
        raise unimplemented("The sandbox shows public keys as PEM only.")
    version = _usable(call, "ASYMMETRIC_SIGN")
    pem = material.public_key(call.tx, version["name"])
    return {
        "name": version["name"],
        "algorithm": version["algorithm"],
        "pem": pem,
        "pemCrc32c": _sum(pem.encode()),
        "protectionLevel": version["protectionLevel"],
    }


@method(f"{_VERSIONS}.macSign", permission="cloudkms.cryptoKeyVersions.useToSign", on=_name)
def mac_sign(call: Call) -> Json:
    """Return the HMAC of data."""
    version = _usable(call, "MAC")
    code = material.authenticate(call.tx, version["name"], version["algorithm"], _bytes(call, "data"))
    return {
        "name": version["name"],
        "mac": _text(code),
        "macCrc32c": _sum(code),
        "protectionLevel": version["protectionLevel"],
        "verifiedDataCrc32c": "dataCrc32c" in call.body,
    }


@method(f"{_VERSIONS}.macVerify", permission="cloudkms.cryptoKeyVersions.useToVerify", on=_name)
def mac_verify(call: Call) -> Json:
    """Tell whether an HMAC is that of data."""
    version = _usable(call, "MAC")
    code = material.authenticate(call.tx, version["name"], version["algorithm"], _bytes(call, "data"))
    good = hmac.compare_digest(code, _bytes(call, "mac"))
    return {
        "name": version["name"],
        "success": good,
        "verifiedSuccessIntegrity": good,
        "protectionLevel": version["protectionLevel"],
        "verifiedDataCrc32c": "dataCrc32c" in call.body,
        "verifiedMacCrc32c": "macCrc32c" in call.body,
    }


def _encrypting(call: Call) -> Document:
    name = call.params["name"]
    if "/cryptoKeyVersions/" in name:
        return _usable(call, "ENCRYPT_DECRYPT")
    key = rotated(call.tx, find(call.tx, KEYS, name), call.now)
    _require_purpose(key, "ENCRYPT_DECRYPT")
    if not key.get("primaryVersion"):
        raise failed_precondition(f"{key['name']} has no primary version.")
    version = find_version(call.tx, f"{key['name']}/cryptoKeyVersions/{key['primaryVersion']}", call.now)
    _require_enabled(version)
    return version


def _usable(call: Call, purpose: str) -> Document:
    """Return the version of the call, which must be enabled and of a purpose. Raises ApiError."""
    version = find_version(call.tx, call.params["name"], call.now)
    _require_purpose(find(call.tx, KEYS, version["name"].partition("/cryptoKeyVersions/")[0]), purpose)
    _require_enabled(version)
    return version


def _require_purpose(key: Document, purpose: str) -> None:
    if key["purpose"] != purpose:
        raise failed_precondition(f"The purpose of {key['name']} is {key['purpose']}, not {purpose}.")


def _require_enabled(version: Document) -> None:
    if version["state"] != "ENABLED":
        raise failed_precondition(f"{version['name']} is not enabled, current state is: {version['state']}.")


def _require_state(version: Document, states: tuple[str, ...]) -> None:
    if version["state"] not in states:
        raise failed_precondition(
            f"The request cannot be fulfilled. Resource {version['name']} has value {version['state']} in field "
            "crypto_key_version.state."
        )


def _changed(call: Call, version: Document) -> Document:
    keep_version(call.tx, version)
    return version


def _bytes(call: Call, field: str) -> bytes:
    """Return a field of bytes, its promised checksum verified. Raises ApiError INVALID_ARGUMENT."""
    content = base64.b64decode(call.body.get(field, "").replace("-", "+").replace("_", "/"))
    promised = call.body.get(f"{field}Crc32c")
    if promised is not None and promised != _sum(content):
        text = f"The checksum in field {field}_crc32c did not match the data in field {field}."
        raise invalid_argument(text, (f"{field}_crc32c", text))
    return content


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _sum(content: bytes) -> str:
    return str(int.from_bytes(base64.b64decode(crc32c(content)), "big"))

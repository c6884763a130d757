"""Keys that objects are encrypted with: the bucket's or the request's KMS key, or one the customer sends along.

The bytes themselves are kept as they are; what counts here is who may read and write them.
https://cloud.google.com/storage/docs/encryption/customer-managed-keys, .../customer-supplied-keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.keys.records import KEYS, key_resource, usable_version, version_state
from provisioner.sandbox.google.method import Call, Caller
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_KEY = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_PERMISSIONS = ("cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt")
_KEY_BYTES = 32
_MULTI_REGIONS = {"US": ("us",), "EU": ("europe", "eu"), "ASIA": ("asia",)}


def service_agent(project_number: str) -> str:
    """Return the address of the Cloud Storage service agent of a project."""
    return f"service-{project_number}@gs-project-accounts.iam.gserviceaccount.com"


def check_kms_key(call: Call, holder: Mapping[str, Any], name: str) -> str:
    """Return the version of a KMS key that encrypts in a bucket. Raises ApiError.

    The key must be in the bucket's place and enabled, and the project's Cloud Storage agent must be allowed to use it.
    """
    found = _KEY.fullmatch(name)
    if not found:
        raise invalid(f"Malformed Cloud KMS crypto key: {name}", location="kmsKeyName")
    _check_place(holder, found["location"])
    key = call.tx.get(KEYS, name)
    member = f"serviceAccount:{service_agent(holder['projectNumber'])}"
    agent = Caller(member, frozenset((member, "allUsers", "allAuthenticatedUsers")))
    if key is None or len(granted(call.tx, agent, _PERMISSIONS, key_resource(call.tx, name), call.now)) < len(
        _PERMISSIONS
    ):
        raise ApiError(
            "PERMISSION_DENIED",
            "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been "
            "authorized to use this key.",
        )
    version = usable_version(call.tx, key, call.now)
    if version is None:
        raise invalid(f"Cloud KMS key version is disabled or destroyed: {name}", location="kmsKeyName")
    return version


def key_facts(call: Call, holder: Document, kms_key: str = "") -> Json:
    """Return the fields that say how a new version is encrypted. Raises ApiError.

    A key sent along comes first, then the one named in the request, then the bucket's default.
    """
    sent = customer_key(call.request.headers)
    if sent:
        if kms_key:
            raise invalid("A customer-supplied encryption key cannot be combined with a Cloud KMS key.")
        return {"customerEncryption": {"encryptionAlgorithm": "AES256", "keySha256": sent}}
    name = kms_key or (holder.get("encryption") or {}).get("defaultKmsKeyName", "")
    return {"kmsKeyName": check_kms_key(call, holder, name)} if name else {}


def customer_key(headers: Mapping[str, str], prefix: str = "x-goog-encryption") -> str:
    """Return the SHA-256 (base64) of the key a request sends along, empty if it sends none. Raises ApiError."""
    key, algorithm = headers.get(f"{prefix}-key", ""), headers.get(f"{prefix}-algorithm", "")
    if not key and not algorithm:
        return ""
    try:
        raw = base64.b64decode(key, validate=True)
    except binascii.Error:
        raw = b""
    if algorithm != "AES256" or len(raw) != _KEY_BYTES:
        raise invalid(
            "Missing an encryption key, or it is not base64 encoded, or it does not meet the required length of the "
            "encryption algorithm.",
            reason="customerEncryptionKeyFormatIsInvalid",
        )
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    if headers.get(f"{prefix}-key-sha256", digest) != digest:
        raise invalid(
            "The provided encryption key SHA256 does not match.", reason="customerEncryptionKeySha256IsInvalid"
        )
    return digest


def check_readable(call: Call, found: Mapping[str, Any], prefix: str = "x-goog-encryption") -> None:
    """Raise ApiError unless a request that reads bytes sends the customer's key they are encrypted with."""
    wanted = (found.get("customerEncryption") or {}).get("keySha256", "")
    sent = customer_key(call.request.headers, prefix)
    if wanted and not sent:
        raise invalid(
            "The target object is encrypted by a customer-supplied encryption key.",
            reason="resourceIsEncryptedWithCustomerEncryptionKey",
        )
    if sent and not wanted:
        raise invalid(
            "The target object is not encrypted by a customer-supplied encryption key.",
            reason="resourceNotEncryptedWithCustomerEncryptionKey",
        )
    if sent != wanted:
        raise invalid("The provided encryption key is incorrect.", reason="customerEncryptionKeyIsIncorrect")
    _check_kms_readable(call, found)


def _check_kms_readable(call: Call, found: Mapping[str, Any]) -> None:
    name = found.get("kmsKeyName", "")
    if not name:
        return
    if version_state(call.tx, name, call.now) != "ENABLED":
        raise invalid(f"Cloud KMS key version is disabled or destroyed: {name}")


def _check_place(holder: Mapping[str, Any], location: str) -> None:
    place = holder["location"]
    if location.upper() != place and location not in _MULTI_REGIONS.get(place, ()):
        text = f"Cloud KMS key location {location} is not compatible with the bucket location {place}."
        raise invalid(text, location="kmsKeyName")

"""Keys of service accounts that people hold: made or uploaded, listed, switched off, deleted.

https://cloud.google.com/iam/docs/service-account-creds#key-types. Of a key that was made here only the public half
is kept; the private one is in the answer to its creation and nowhere else. The key that Google signs with for the
account (``keys.py``) is shown among them as SYSTEM_MANAGED.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509 import Certificate, load_pem_x509_certificate

from provisioner.sandbox.google.errors import ApiError, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.identity.keys import self_signed_certificate, signing_key
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_COLLECTION = "google/iam.serviceAccountKeys"  # "<unique id>/<key id>"
_MOST = 10
_BITS = {"KEY_ALG_UNSPECIFIED": 2048, "KEY_ALG_RSA_2048": 2048, "KEY_ALG_RSA_1024": 1024}
_FOREVER = "9999-12-31T23:59:59Z"
_P12_PASSWORD = b"notasecret"
_EXPONENT = 65537


def create_key(tx: Transaction, account: Document, sent: Json, now: datetime, ends: datetime | None) -> Json:
    """Make a key pair; return it as the API shows it once, with ``privateKeyData``. Raises ApiError.

    ``sent`` is the request's body (``keyAlgorithm``, ``privateKeyType``); ``ends`` when the key expires, if ever.
    """
    _check_room(tx, account)
    algorithm = sent.get("keyAlgorithm") or "KEY_ALG_UNSPECIFIED"
    private = generate_private_key(public_exponent=_EXPONENT, key_size=_BITS[algorithm])
    certificate = self_signed_certificate(private, account["uniqueId"], now, ends or _year_9999())
    bits = f"KEY_ALG_RSA_{_BITS[algorithm]}"
    kept = _keep(tx, account, certificate, now, {"keyAlgorithm": bits, "keyOrigin": "GOOGLE_PROVIDED"}, ends)
    form = sent.get("privateKeyType") or "TYPE_UNSPECIFIED"
    data = _pkcs12(private, certificate) if form == "TYPE_PKCS12_FILE" else _file(account, kept, private)
    shown_type = "TYPE_PKCS12_FILE" if form == "TYPE_PKCS12_FILE" else "TYPE_GOOGLE_CREDENTIALS_FILE"
    return shown(account, kept) | {
        "privateKeyType": shown_type,
        "privateKeyData": base64.b64encode(data).decode(),
    }


def upload_key(tx: Transaction, account: Document, encoded: str, now: datetime) -> Json:
    """Keep the public key of an uploaded certificate (base64 of PEM). Raises ApiError."""
    _check_room(tx, account)
    try:
        certificate = load_pem_x509_certificate(base64.b64decode(encoded))
    except ValueError:
        raise invalid_argument("The public key data is not a valid X.509 certificate.") from None
    public = certificate.public_key()
    if not isinstance(public, RSAPublicKey):
        raise invalid_argument("The public key must be an RSA key wrapped in an X.509 v3 certificate.")
    if certificate.not_valid_after_utc <= now:
        raise invalid_argument("The certificate of the public key has expired.")
    facts = {"keyAlgorithm": f"KEY_ALG_RSA_{public.key_size}", "keyOrigin": "USER_PROVIDED"}
    return shown(account, _keep(tx, account, certificate, now, facts, certificate.not_valid_after_utc))


def keys_of(tx: Transaction, account: Document, now: datetime) -> Iterator[Document]:
    """Yield all keys of an account: the one that Google holds, then the ones that people hold."""
    own = signing_key(tx, account["uniqueId"])
    certificate = own.certificate(account["uniqueId"], now)
    yield {
        "id": own.kid,
        "pem": certificate,
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "SYSTEM_MANAGED",
        "validAfterTime": _stamp(now),
        "validBeforeTime": _stamp(now + timedelta(days=14)),
    }
    for _, kept in tx.scan(_COLLECTION, f"{account['uniqueId']}/"):
        yield kept


def find_key(tx: Transaction, account: Document, key_id: str, now: datetime) -> Document:
    """Return a key of an account. Raises ApiError NOT_FOUND."""
    found = next((kept for kept in keys_of(tx, account, now) if kept["id"] == key_id), None)
    if found is None:
        raise not_found(f"Service account key {key_id} does not exist.")
    return found


def usable_public_key(tx: Transaction, account: Document, key_id: str, now: datetime) -> str:
    """Return the public half (PEM) of a key that may sign now, empty for none."""
    for kept in keys_of(tx, account, now):
        good = kept["id"] == key_id and not kept.get("disabled") and kept["validBeforeTime"] > _stamp(now)
        if good:
            public = load_pem_x509_certificate(kept["pem"].encode()).public_key()
            return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return ""


def set_disabled(tx: Transaction, account: Document, found: Document, *, disabled: bool) -> None:
    """Switch a key off or on. Raises ApiError for a key that Google manages."""
    _check_held_by_people(found)
    changed = {key: value for key, value in found.items() if key not in {"disabled", "disableReason"}}
    if disabled:
        reason = "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"
        changed |= {"disabled": True, "disableReason": reason}
    tx.put(_COLLECTION, f"{account['uniqueId']}/{found['id']}", changed)


def delete_key(tx: Transaction, account: Document, found: Document) -> None:
    """Forget a key: what it signed is worthless from now on. Raises ApiError for a key that Google manages."""
    _check_held_by_people(found)
    tx.delete(_COLLECTION, f"{account['uniqueId']}/{found['id']}")


def shown(account: Document, kept: Document, public_type: str = "") -> Json:
    """Return a key as the API shows it; ``public_type`` asks for ``publicKeyData`` too."""
    public = {"publicKeyData": _public_data(kept["pem"], public_type)} if public_type not in {"", "TYPE_NONE"} else {}
    hidden = {"id", "pem"}
    name = f"projects/{account['projectId']}/serviceAccounts/{account['email']}/keys/{kept['id']}"
    return {"name": name} | {key: value for key, value in kept.items() if key not in hidden} | public


def _check_room(tx: Transaction, account: Document) -> None:
    if sum(1 for _ in tx.scan(_COLLECTION, f"{account['uniqueId']}/")) >= _MOST:
        raise failed_precondition("Precondition check failed.")


def _check_held_by_people(found: Document) -> None:
    if found["keyType"] == "SYSTEM_MANAGED":
        raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")


def _keep(  # noqa: PLR0913, PLR0917 - what there is to know of a key
    tx: Transaction, account: Document, certificate: Certificate, now: datetime, facts: Json, ends: datetime | None
) -> Document:
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_id = hashlib.sha1(public, usedforsecurity=False).hexdigest()
    kept = {
        "id": key_id,
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
        "keyType": "USER_MANAGED",
        "validAfterTime": _stamp(now),
        "validBeforeTime": _stamp(ends) if ends else _FOREVER,
        **facts,
    }
    tx.put(_COLLECTION, f"{account['uniqueId']}/{key_id}", kept)
    return kept


def _file(account: Document, kept: Document, private: RSAPrivateKey) -> bytes:
    """Return the JSON file that client libraries read."""
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    document = {
        "type": "service_account",
        "project_id": account["projectId"],
        "private_key_id": kept["id"],
        "private_key": pem,
        "client_email": account["email"],
        "client_id": account["uniqueId"],
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{quote(account['email'])}",
        "universe_domain": "googleapis.com",
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _pkcs12(private: RSAPrivateKey, certificate: Certificate) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"privatekey", private, certificate, None, BestAvailableEncryption(_P12_PASSWORD)
    )


def _public_data(pem: str, form: str) -> str:
    if form == "TYPE_RAW_PUBLIC_KEY":
        public = load_pem_x509_certificate(pem.encode()).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return base64.b64encode(pem.encode()).decode()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _year_9999() -> datetime:
    return datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

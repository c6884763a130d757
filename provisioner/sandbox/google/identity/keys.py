"""RSA signing keys, made on first use and kept in the store; their public halves as JWKS documents.

A private key never leaves the store: no log, no answer of any API shows it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import (
    Certificate,
    CertificateBuilder,
    Name,
    NameAttribute,
    load_pem_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from provisioner.sandbox.store import Transaction

Json = dict[str, Any]
GOOGLE = "accounts.google.com"
_COLLECTION = "google/identity.keys"  # owner (an issuer or an account's unique id) -> {"kid", "pem"}
_BITS = 2048
_CERTIFICATE_LIFE = timedelta(days=730)


class SigningKey:
    """One private key with its id."""

    def __init__(self, kid: str, pem: str) -> None:
        self.kid = kid
        self._pem = pem

    def sign_jwt(self, claims: Mapping[str, Any]) -> str:
        """Return a compact RS256 JWT (RFC 7519)."""
        header = {"alg": "RS256", "kid": self.kid, "typ": "JWT"}
        return jwt.encode(header, dict(claims), _jwk(self._pem), algorithms=["RS256"])

    def sign_bytes(self, content: bytes) -> bytes:
        """Return an RSASSA-PKCS1-v1_5 signature with SHA-256."""
        return self._private().sign(content, padding.PKCS1v15(), hashes.SHA256())

    def jwks(self) -> Json:
        """Return the public key as a JSON Web Key Set (RFC 7517)."""
        public = _jwk(self._pem).as_dict(private=False)
        return {"keys": [public | {"kid": self.kid, "alg": "RS256", "use": "sig"}]}

    def certificate(self, subject: str, now: datetime) -> str:
        """Return a self-signed certificate in PEM, as ``/service_accounts/v1/metadata/x509`` serves it."""
        made = self_signed_certificate(self._private(), subject, now, now + _CERTIFICATE_LIFE)
        return made.public_bytes(Encoding.PEM).decode()

    def _private(self) -> RSAPrivateKey:
        return _parsed(self._pem)


def jwk_of(certificate: str, kid: str) -> Json:
    """Return the public key of a certificate (PEM) as a JSON Web Key (RFC 7517)."""
    public = load_pem_x509_certificate(certificate.encode()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return RSAKey.import_key(pem).as_dict(private=False) | {"kid": kid, "alg": "RS256", "use": "sig"}


def self_signed_certificate(private: RSAPrivateKey, subject: str, starts: datetime, ends: datetime) -> Certificate:
    """Return the certificate that Google wraps public keys in: issuer and subject are the owner's name."""
    name = Name([NameAttribute(NameOID.COMMON_NAME, subject[:64])])
    builder = CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=private.public_key(),
        serial_number=random_serial_number(),
        not_valid_before=starts,
        not_valid_after=ends,
    )
    return builder.sign(private, hashes.SHA256())


@lru_cache(maxsize=64)
def _parsed(pem: str) -> RSAPrivateKey:
    """Read a key; OpenSSL tests its primes each time, which takes tens of milliseconds."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - only _generate writes the collection
    return key


@lru_cache(maxsize=64)
def _jwk(pem: str) -> RSAKey:
    return RSAKey.import_key(pem)


def signing_key(tx: Transaction, owner: str) -> SigningKey:
    """Return the signing key of an issuer or account, made on first use."""
    kept = tx.get(_COLLECTION, owner)
    if kept is None:
        kept = _generate()
        tx.put(_COLLECTION, owner, kept)
    return SigningKey(kept["kid"], kept["pem"])


def jwks_text_problem(text: str) -> str:
    """Return why an uploaded JWKS is not one, empty when it is."""
    try:
        keys = json.loads(text)["keys"]
        kinds = {key["kty"] for key in keys}
    except (ValueError, TypeError, KeyError):
        return "Input JWK is not in a valid json format."
    if not keys or not kinds <= {"RSA", "EC"}:
        return "Invalid JWKs. Only RSA, EC key types are supported."
    return ""


def _generate() -> Json:
    private = generate_private_key(public_exponent=65537, key_size=_BITS)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(private.public_key().public_numbers().n.to_bytes(_BITS // 8, "big"))
    kid = base64.b16encode(digest.finalize()[:20]).decode().lower()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"kid": kid, "pem": pem.decode()}

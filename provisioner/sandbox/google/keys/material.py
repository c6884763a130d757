"""The secret part of key versions, and what it is used for.

Algorithms: https://cloud.google.com/kms/docs/algorithms. Material is kept in the store and never shown by any API.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.store import Transaction

SYMMETRIC = "GOOGLE_SYMMETRIC_ENCRYPTION"
PURPOSES: Mapping[str, tuple[str, ...]] = {
    "ENCRYPT_DECRYPT": (SYMMETRIC,),
    "MAC": ("HMAC_SHA256", "HMAC_SHA384", "HMAC_SHA512"),
    "ASYMMETRIC_SIGN": (
        "EC_SIGN_P256_SHA256",
        "EC_SIGN_P384_SHA384",
        "RSA_SIGN_PKCS1_2048_SHA256",
        "RSA_SIGN_PKCS1_3072_SHA256",
        "RSA_SIGN_PKCS1_4096_SHA256",
        "RSA_SIGN_PSS_2048_SHA256",
        "RSA_SIGN_PSS_3072_SHA256",
        "RSA_SIGN_PSS_4096_SHA256",
    ),
}
_COLLECTION = "google/cloudkms.material"  # by name of the version -> {"secret": base64} or {"pem"}
_NONCE, _HEAD = 12, 5
_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


def generate(tx: Transaction, name: str, algorithm: str) -> None:
    """Make the material of a new version."""
    if algorithm.startswith(("EC_", "RSA_")):
        pem = _private_key(algorithm).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        tx.put(_COLLECTION, name, {"pem": pem.decode()})
    else:
        tx.put(_COLLECTION, name, {"secret": base64.b64encode(secrets.token_bytes(32)).decode()})


def forget(tx: Transaction, name: str) -> None:
    """Destroy the material of a version."""
    tx.delete(_COLLECTION, name)


def encrypt(tx: Transaction, name: str, plaintext: bytes, associated: bytes) -> bytes:
    """Return what ``decrypt`` reads: a mark, the number of the version, a nonce, AES-256-GCM."""
    nonce = secrets.token_bytes(_NONCE)
    head = b"\x01" + int(name.rpartition("/")[2]).to_bytes(_HEAD - 1, "big")
    return head + nonce + AESGCM(_secret(tx, name)).encrypt(nonce, plaintext, associated)


def version_of(ciphertext: bytes) -> int:
    """Return the number of the version that a ciphertext was made with. Raises ApiError INVALID_ARGUMENT."""
    if len(ciphertext) <= _HEAD + _NONCE or ciphertext[0] != 1:
        raise invalid_argument("Decryption failed: the ciphertext is invalid.")
    return int.from_bytes(ciphertext[1:_HEAD], "big")


def decrypt(tx: Transaction, name: str, ciphertext: bytes, associated: bytes) -> bytes:
    """Return the plaintext. Raises ApiError INVALID_ARGUMENT for anything that ``encrypt`` did not make."""
    nonce, sealed = ciphertext[_HEAD : _HEAD + _NONCE], ciphertext[_HEAD + _NONCE :]
    try:
        return AESGCM(_secret(tx, name)).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise invalid_argument("Decryption failed: the ciphertext is invalid.") from None


def authenticate(tx: Transaction, name: str, algorithm: str, data: bytes) -> bytes:
    """Return the HMAC of data."""
    code = hmac.HMAC(_secret(tx, name), _HASHES[algorithm.rpartition("_")[2]]())
    code.update(data)
    return code.finalize()


def sign(tx: Transaction, name: str, algorithm: str, digest: bytes) -> bytes:
    """Return the signature of a digest (of the algorithm's hash). Raises ApiError INVALID_ARGUMENT."""
    kind = _HASHES[algorithm.rpartition("_")[2]]()
    if len(digest) != kind.digest_size:
        raise invalid_argument(f"The digest has {len(digest)} bytes instead of {kind.digest_size}.")
    key = load_pem_private_key(str((tx.get(_COLLECTION, name) or {})["pem"]).encode(), None)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(digest, ec.ECDSA(Prehashed(kind)))
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - only generate() writes the collection
    if "_PSS_" in algorithm:
        pad: padding.AsymmetricPadding = padding.PSS(padding.MGF1(kind), kind.digest_size)
    else:
        pad = padding.PKCS1v15()
    return key.sign(digest, pad, Prehashed(kind))


def public_key(tx: Transaction, name: str) -> str:
    """Return the public half in PEM (SubjectPublicKeyInfo)."""
    key = load_pem_private_key(str((tx.get(_COLLECTION, name) or {})["pem"]).encode(), None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _secret(tx: Transaction, name: str) -> bytes:
    return base64.b64decode((tx.get(_COLLECTION, name) or {})["secret"])


def _private_key(algorithm: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if algorithm.startswith("EC_"):
        return ec.generate_private_key(ec.SECP384R1() if "P384" in algorithm else ec.SECP256R1())
    bits = next(int(part) for part in algorithm.split("_") if part.isdigit())
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)

"""Signed commits: SSH signatures are verified, and commits that GitHub makes itself are signed with its own key.

The format is OpenSSH's (PROTOCOL.sshsig) in the commit's ``gpgsig`` header. PGP and S/MIME signatures are recognised
and never count as verified: the sandbox keeps no such keys.
https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_public_key,
)

from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.store import Transaction

SIGNING_KEYS = "github/signing_keys"
_MAGIC, _NAMESPACE, _KIND = b"SSHSIG", b"git", b"ssh-ed25519"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_OWN_KEY = "github/web-flow-key"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_LINE = 70


def verification(tx: Transaction, git: Repository, sha: str) -> dict[str, Any]:
    """Return what GitHub says of a commit's signature."""
    signature, payload = split(git.run("cat-file", "commit", sha))
    if signature is None:
        return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
    reason = _reason(tx, signature, payload)
    said = {"signature": signature, "payload": payload.decode(errors="replace")}
    when = _committed_at(payload) if reason == "valid" else None
    return {"verified": reason == "valid", "reason": reason, **said, "verified_at": when}


def is_verified(tx: Transaction, git: Repository, sha: str) -> bool:
    """Tell whether a commit has a signature that counts."""
    signature, payload = split(git.run("cat-file", "commit", sha))
    return signature is not None and _reason(tx, signature, payload) == "valid"


def split(commit: bytes) -> tuple[str | None, bytes]:
    """Return the signature of a raw commit (None without one) and the commit as it was signed."""
    head, blank, message = commit.partition(b"\n\n")
    kept, signature, inside = list[bytes](), list[bytes](), False
    for line in head.split(b"\n"):
        inside = line.startswith(b"gpgsig ") or (inside and line.startswith(b" "))
        (signature if inside else kept).append(line)
    if not signature:
        return None, commit
    text = "\n".join(line.removeprefix(b"gpgsig").removeprefix(b" ").decode("latin-1") for line in signature)
    return text, b"\n".join(kept) + blank + message


def _reason(tx: Transaction, signature: str, payload: bytes) -> str:
    if not signature.startswith(_BEGIN):
        return "unknown_key"
    try:
        fields = _parsed(signature)
        key = load_ssh_public_key(_KIND + b" " + base64.b64encode(fields["key"]))
        known = fields["key"] in {*_people_keys(tx), _public(_own_key(tx))}
        if not isinstance(key, Ed25519PublicKey) or not known:
            return "unknown_key"
        key.verify(fields["signature"], _to_sign(fields["hash"], payload))
    except (ValueError, KeyError, struct.error, binascii.Error, UnsupportedAlgorithm):
        return "malformed_signature"
    except InvalidSignature:
        return "invalid"
    return "valid"


def _people_keys(tx: Transaction) -> set[bytes]:
    return {base64.b64decode(row["key"].split()[1]) for _, row in tx.scan(SIGNING_KEYS)}


def _parsed(signature: str) -> dict[str, bytes]:
    data = base64.b64decode("".join(signature.replace(_BEGIN, "").replace(_END, "").split()))
    if not data.startswith(_MAGIC):
        raise ValueError("not an SSH signature")
    key, namespace, _, hash_name, blob = _strings(data[len(_MAGIC) + 4 :])
    if namespace != _NAMESPACE:
        raise ValueError("made for another purpose")
    kind, raw = _strings(blob)
    if kind != _KIND:
        raise ValueError("only ed25519 keys are understood")
    return {"key": key, "hash": hash_name, "signature": raw}


def _strings(data: bytes) -> list[bytes]:
    found, position = [], 0
    while position < len(data):
        (size,) = struct.unpack_from(">I", data, position)
        found.append(data[position + 4 : position + 4 + size])
        position += 4 + size
    return found


def _packed(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _to_sign(hash_name: bytes, payload: bytes) -> bytes:
    return _MAGIC + _packed(_NAMESPACE, b"", hash_name, _HASHES[hash_name](payload).digest())


def _committed_at(payload: bytes) -> str | None:

    for line in payload.split(b"\n"):
        if line.startswith(b"committer "):
            seconds = int(line.rsplit(b" ", 2)[1])
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def signed(tx: Transaction, git: Repository, sha: str) -> str:
    """Write a commit again with GitHub's own signature; return its new id."""
    payload, key = git.run("cat-file", "commit", sha), _own_key(tx)
    raw = key.sign(_to_sign(b"sha512", payload))
    blob = _packed(_public(key), _NAMESPACE, b"", b"sha512", _packed(_KIND, raw))
    text = base64.b64encode(_MAGIC + struct.pack(">I", 1) + blob).decode()
    lines = [_BEGIN, *(text[start : start + _LINE] for start in range(0, len(text), _LINE)), _END]
    header = "gpgsig " + "\n ".join(lines)
    head, blank, message = payload.partition(b"\n\n")
    commit = head + b"\n" + header.encode() + blank + message
    return git.run("hash-object", "-t", "commit", "-w", "--stdin", data=commit).decode().strip()


def _own_key(tx: Transaction) -> Ed25519PrivateKey:
    raw = tx.get_blob(_OWN_KEY)
    if raw is None:
        raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        tx.put_blob(_OWN_KEY, raw)
    return Ed25519PrivateKey.from_private_bytes(raw)


def _public(key: Ed25519PrivateKey) -> bytes:
    return _packed(_KIND, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

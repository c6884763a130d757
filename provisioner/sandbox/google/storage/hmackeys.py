"""HMAC keys: where they are kept, with their secrets apart. https://cloud.google.com/storage/docs/authentication/hmackeys."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from datetime import datetime

from provisioner.sandbox.google.storage.checksums import bucket_etag
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction

_KEYS = "google/storage.hmac-keys"  # by access id; fields as storage v1
_SECRETS = "google/storage.hmac-secrets"  # by access id -> {"secret"}
_SECRET_BYTES, _ID_BYTES = 30, 35


def create(tx: Transaction, project_id: str, email: str, now: datetime) -> tuple[Document, str]:
    """Make a key; return what is known of it, and its secret (40 characters)."""
    access_id = "GOOG1E" + base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().rstrip("=")[:55]
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    made = {
        "kind": "storage#hmacKeyMetadata",
        "id": f"{project_id}/{access_id}",
        "selfLink": f"https://www.googleapis.com/storage/v1/projects/{project_id}/hmacKeys/{access_id}",
        "accessId": access_id,
        "projectId": project_id,
        "serviceAccountEmail": email,
        "state": "ACTIVE",
        "timeCreated": timestamp(now),
        "updated": timestamp(now),
        "etag": bucket_etag(1),
    }
    tx.put(_KEYS, access_id, made)
    tx.put(_SECRETS, access_id, {"secret": secret})
    return made, secret


def find(tx: Transaction, access_id: str) -> Document | None:
    """Return what is known of a key, or None."""
    return tx.get(_KEYS, access_id)


def active(tx: Transaction, access_id: str) -> tuple[str, str] | None:
    """Return the account's e-mail and the secret of a key that may sign, or None."""
    found, kept = tx.get(_KEYS, access_id), tx.get(_SECRETS, access_id)
    if found is None or kept is None or found["state"] != "ACTIVE":
        return None
    return found["serviceAccountEmail"], kept["secret"]


def of_project(tx: Transaction, project_id: str) -> Iterator[tuple[str, Document]]:
    """Yield (access id, key) of a project, deleted ones included."""
    return ((key, found) for key, found in tx.scan(_KEYS) if found["projectId"] == project_id)


def of_account(tx: Transaction, project_id: str, email: str) -> list[Document]:
    """Return the keys of an account that are not deleted."""
    mine = (found for _, found in of_project(tx, project_id) if found["serviceAccountEmail"] == email)
    return [found for found in mine if found["state"] != "DELETED"]


def change(tx: Transaction, found: Document, fields: Document) -> Document:
    """Write some fields of a key under a new etag."""
    number = tx.next_number("google/storage.hmac-etag")
    changed = found | fields | {"etag": bucket_etag(number + 1)}
    tx.put(_KEYS, found["accessId"], changed)
    return changed


def forget_secret(tx: Transaction, access_id: str) -> None:
    """Drop the secret of a deleted key."""
    tx.delete(_SECRETS, access_id)

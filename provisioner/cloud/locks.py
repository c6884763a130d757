"""Locks on Terraform's states in a bucket: who holds them, and how one is taken away.

Terraform's gcs backend keeps a lock as the object ``<prefix>/<workspace>.tflock`` with its Lock Info as JSON, and names
it by the object's generation (https://developer.hashicorp.com/terraform/language/backend/gcs).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from provisioner.cloud.session import Session, expected

_STORAGE = "https://storage.googleapis.com/storage/v1"
_FILE = "default.tflock"


@dataclass(frozen=True, slots=True)
class StateLock:
    """A held lock; what Terraform wrote of its holder is text, empty where it wrote nothing."""

    bucket: str
    name: str
    generation: str
    who: str
    operation: str
    created: str

    @property
    def address(self) -> str:
        """Return the object's address."""
        return f"gs://{self.bucket}/{self.name}"


def find_lock(session: Session, bucket: str, prefix: str) -> StateLock | None:
    """Return the lock on the state below a prefix, None where nobody holds it. Raises ProvisionError."""
    name = f"{prefix}/{_FILE}"
    url = _url(bucket, name)
    facts = session.get(url)
    if facts.status == HTTPStatus.NOT_FOUND:
        return None
    generation = str(expected(facts, url).document["generation"])
    content = session.get(f"{url}?alt=media&generation={generation}")
    if content.status == HTTPStatus.NOT_FOUND:
        return None  # given back between the two questions
    said: dict[str, Any] = dict(expected(content, url).document)
    created = str(said.get("Created") or facts.document.get("timeCreated", ""))
    return StateLock(bucket, name, generation, str(said.get("Who", "")), str(said.get("Operation", "")), created)


def take_away(session: Session, lock: StateLock) -> bool:
    """Remove exactly this lock; false when it is gone, or another one is held, by now. Raises ProvisionError."""
    url = f"{_url(lock.bucket, lock.name)}?ifGenerationMatch={lock.generation}"
    answer = session.call("DELETE", url)
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED}:
        return False
    expected(answer, url)
    return True


def _url(bucket: str, name: str) -> str:
    return f"{_STORAGE}/b/{bucket}/o/{quote(name, safe='')}"

"""Deployments and their statuses as stored.

https://docs.github.com/rest/deployments/deployments
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.store import Document, Transaction

DEPLOYMENTS, STATUSES = "github/deployments", "github/deployment_statuses"
# A deployment that succeeded makes the earlier ones of its environment inactive.
_ENDING = "success"
_STILL_ACTIVE = ("success", "queued", "in_progress", "pending")


def create(  # noqa: PLR0913 - what a deployment is of
    tx: Transaction,
    repository: Document,
    *,
    ref: str,
    sha: str,
    environment: str,
    creator_id: int,
    stamp: str,
    more: Document | None = None,
) -> int:
    """Write a deployment; return its number. ``more`` has task, payload, description and the two flags."""
    number = next_id(tx, "deployment")
    document = {
        "id": number,
        "ref": ref,
        "sha": sha,
        "environment": environment,
        "original_environment": environment,
        "task": "deploy",
        "payload": {},
        "description": None,
        "transient_environment": False,
        "production_environment": environment == "production",
        **(more or {}),
        "creator_id": creator_id,
        "created_at": stamp,
        "updated_at": stamp,
    }
    tx.put(DEPLOYMENTS, f"{repository['id']}/{number:014}", document)
    return number


def add_status(  # noqa: PLR0913 - what a status says
    tx: Transaction,
    repository: Document,
    deployment_id: int,
    *,
    state: str,
    creator_id: int,
    stamp: str,
    log_url: str = "",
    environment_url: str = "",
    description: str = "",
    auto_inactive: bool = True,
) -> Document:
    """Add a status to a deployment; success makes earlier ones of the environment inactive. Raises GithubError."""
    deployment = get(tx, repository, str(deployment_id))
    status = {
        "id": next_id(tx, "deployment_status"),
        "state": state,
        "description": description,
        "environment": deployment["environment"],
        "log_url": log_url,
        "environment_url": environment_url,
        "creator_id": creator_id,
        "created_at": stamp,
        "updated_at": stamp,
    }
    _put_status(tx, repository, deployment_id, status)
    deployment["updated_at"] = stamp
    tx.put(DEPLOYMENTS, f"{repository['id']}/{deployment_id:014}", deployment)
    if state == _ENDING and auto_inactive and not deployment["transient_environment"]:
        _retire_earlier(tx, repository, deployment, stamp)
    return status


def _put_status(tx: Transaction, repository: Document, deployment_id: int, status: Document) -> None:
    tx.put(STATUSES, f"{repository['id']}/{deployment_id:014}/{status['id']:014}", status)


def _retire_earlier(tx: Transaction, repository: Document, latest: Document, stamp: str) -> None:
    for other in of_repository(tx, repository):
        same = other["environment"] == latest["environment"] and other["id"] < latest["id"]
        if same and not other["production_environment"] and state_of(tx, repository, other) == _ENDING:
            number = next_id(tx, "deployment_status")
            last = statuses(tx, repository, other["id"])[-1]
            times = {"created_at": stamp, "updated_at": stamp}
            _put_status(tx, repository, other["id"], {**last, **times, "id": number, "state": "inactive"})


def get(tx: Transaction, repository: Document, number: str) -> Document:
    """Return a deployment. Raises GithubError (404)."""
    found = tx.get(DEPLOYMENTS, f"{repository['id']}/{number.zfill(14)}")
    if found is None:
        raise not_found()
    return found


def delete(tx: Transaction, repository: Document, number: int) -> None:
    """Remove a deployment with its statuses."""
    for key, _ in list(tx.scan(STATUSES, f"{repository['id']}/{number:014}/")):
        tx.delete(STATUSES, key)
    tx.delete(DEPLOYMENTS, f"{repository['id']}/{number:014}")


def of_repository(tx: Transaction, repository: Document) -> list[Document]:
    """Return all deployments, oldest first."""
    return [document for _, document in tx.scan(DEPLOYMENTS, f"{repository['id']}/")]


def statuses(tx: Transaction, repository: Document, number: int) -> list[Document]:
    """Return the statuses of a deployment, oldest first."""
    return [document for _, document in tx.scan(STATUSES, f"{repository['id']}/{number:014}/")]


def state_of(tx: Transaction, repository: Document, deployment: Document) -> str:
    """Return the state a deployment is in; ``pending`` before anything was said."""
    said = statuses(tx, repository, deployment["id"])
    return str(said[-1]["state"]) if said else "pending"


def is_active(tx: Transaction, repository: Document, deployment: Document) -> bool:
    """Tell whether a deployment is active: it cannot be deleted then, unless it is the only one."""
    said: list[Any] = statuses(tx, repository, deployment["id"])
    return bool(said) and said[-1]["state"] in _STILL_ACTIVE

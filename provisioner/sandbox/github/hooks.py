"""Webhooks as stored: of a repository, an organisation or an App; and their deliveries, which wait to be sent.

https://docs.github.com/webhooks/using-webhooks/creating-webhooks
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.store import Document, Transaction

HOOKS, DELIVERIES, PENDING = "github/hooks", "github/hook_deliveries", "github/hook_pending"
HIDDEN = "********"
_KEPT = 100  # deliveries of one hook; GitHub keeps three days of them


def repository_scope(number: int) -> str:
    """Return the scope of a repository's hooks."""
    return str(number)


def organization_scope(number: int) -> str:
    """Return the scope of an organisation's hooks."""
    return f"organization-{number}"


def app_scope(number: int) -> str:
    """Return the scope of an App's one hook."""
    return f"app-{number}"


def create(tx: Transaction, scope: str, wanted: Mapping[str, Any], stamp: str) -> Document:
    """Write a hook; ``wanted`` has ``config`` (url, content_type, secret, insecure_ssl), ``events``, ``active``."""
    hook = {
        "id": next_id(tx, "hook"),
        "scope": scope,
        **wanted,
        "last_response": {"code": None, "status": "unused", "message": None},
        "created_at": stamp,
        "updated_at": stamp,
    }
    put(tx, hook)
    return hook


def put(tx: Transaction, hook: Document) -> None:
    """Write a hook back."""
    tx.put(HOOKS, f"{hook['scope']}/{hook['id']:012}", hook)


def get(tx: Transaction, scope: str, number: str) -> Document:
    """Return a hook. Raises GithubError (404)."""
    hook = tx.get(HOOKS, f"{scope}/{number.zfill(12)}")
    if hook is None:
        raise not_found()
    return hook


def of_scope(tx: Transaction, scope: str) -> list[Document]:
    """Return the hooks of a scope in the order they were made."""
    return [hook for _, hook in tx.scan(HOOKS, f"{scope}/")]


def delete(tx: Transaction, hook: Document) -> None:
    """Remove a hook with its deliveries."""
    for document in deliveries(tx, hook):
        tx.delete(PENDING, document["key"])
        tx.delete(DELIVERIES, document["key"])
    tx.delete(HOOKS, f"{hook['scope']}/{hook['id']:012}")


def wants(hook: Mapping[str, Any], event: str) -> bool:
    """Tell whether a hook is to hear of an event; a ping comes whatever it asked for."""
    return bool(hook["active"]) and (event == "ping" or "*" in hook["events"] or event in hook["events"])


def enqueue(tx: Transaction, hook: Document, event: str, payload: Mapping[str, Any], stamp: str) -> Document:
    """Write a delivery that is to be sent."""
    repository, installation = payload.get("repository") or {}, payload.get("installation") or {}
    facts = {
        "guid": str(uuid.uuid4()),
        "event": event,
        "action": payload.get("action"),
        "repository_id": repository.get("id"),
        "installation_id": installation.get("id"),
        "redelivery": False,
        "payload": json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
    }
    return _enqueued(tx, hook, facts, stamp)


def enqueue_again(tx: Transaction, hook: Document, before: Document, stamp: str) -> Document:
    """Write a delivery that repeats another, under the same GUID."""
    names = ("guid", "event", "action", "repository_id", "installation_id", "payload")
    return _enqueued(tx, hook, {**{name: before[name] for name in names}, "redelivery": True}, stamp)


def _enqueued(tx: Transaction, hook: Document, facts: Document, stamp: str) -> Document:
    number = next_id(tx, "delivery")
    key = f"{hook['scope']}/{hook['id']:012}/{number:016}"
    document = {
        **facts,
        "id": number,
        "key": key,
        "delivered_at": stamp,
        "duration": 0.0,
        "status": "pending",
        "status_code": 0,
        "url": hook["config"].get("url", ""),
        "request": {},
        "response": {"headers": {}, "payload": None},
    }
    tx.put(DELIVERIES, key, document)
    tx.put(PENDING, key, {"scope": hook["scope"], "hook": hook["id"]})
    _forget_oldest(tx, hook)
    return document


def _forget_oldest(tx: Transaction, hook: Document) -> None:
    rows = [key for key, document in tx.scan(DELIVERIES, f"{hook['scope']}/{hook['id']:012}/") if document["request"]]
    for key in rows[:-_KEPT]:
        tx.delete(DELIVERIES, key)


def deliveries(tx: Transaction, hook: Document) -> list[Document]:
    """Return the deliveries of a hook, newest first."""
    return [row for _, row in tx.scan(DELIVERIES, f"{hook['scope']}/{hook['id']:012}/")][::-1]


def delivery(tx: Transaction, hook: Document, number: str) -> Document:
    """Return one delivery. Raises GithubError (404)."""
    found = tx.get(DELIVERIES, f"{hook['scope']}/{hook['id']:012}/{number.zfill(16)}")
    if found is None:
        raise not_found()
    return found

"""Sending webhooks: real POSTs, to this machine alone, signed as GitHub signs them.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

from provisioner.sandbox.github import hooks
from provisioner.sandbox.store import Document
from provisioner.sandbox.world import World

if TYPE_CHECKING:
    import httpx

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_TIMEOUT = 10.0  # seconds, as GitHub's
_LARGEST_ANSWER = 65536  # bytes kept of what a receiver says
_ELSEWHERE = "The sandbox delivers webhooks to this machine only (localhost, 127.0.0.1, ::1)."


def send_waiting(world: World) -> datetime | None:
    """Send every delivery that waits, oldest first; an errand (see errands.py) that never has a next instant."""
    while (claimed := _claim(world)) is not None:
        delivery, hook = claimed
        _record(world, delivery, hook, _attempt(delivery, hook))
    return None


def _claim(world: World) -> tuple[Document, Document] | None:
    with world.store.transaction() as tx:
        for key, entry in list(tx.scan(hooks.PENDING)):
            tx.delete(hooks.PENDING, key)
            delivery = tx.get(hooks.DELIVERIES, key)
            hook = tx.get(hooks.HOOKS, f"{entry['scope']}/{entry['hook']:012}")
            if delivery and hook:
                return delivery, hook
    return None


def _attempt(delivery: Document, hook: Document) -> Document:
    config, body = hook["config"], _body(delivery, hook["config"])
    headers = headers_of(delivery, hook, body)
    sent = {"request": {"headers": headers, "payload": json.loads(delivery["payload"])}, "url": config["url"]}
    if urlsplit(config["url"]).hostname not in _LOOPBACK:
        return {**sent, **_failed(_ELSEWHERE, 0.0)}
    import httpx  # noqa: PLC0415 - a server must be up at once; few have hooks to call

    started = time.monotonic()
    try:
        with httpx.Client(trust_env=False, timeout=_TIMEOUT, verify=config["insecure_ssl"] == "0") as client:
            answer = client.post(config["url"], content=body, headers=headers)
    except (httpx.HTTPError, ValueError) as problem:
        return {**sent, **_failed(str(problem) or type(problem).__name__, time.monotonic() - started)}
    return {**sent, **_answered(answer, time.monotonic() - started)}


def _body(delivery: Document, config: Mapping[str, Any]) -> bytes:
    payload = str(delivery["payload"])
    return payload.encode() if config["content_type"] == "json" else f"payload={quote_plus(payload)}".encode()


def headers_of(delivery: Document, hook: Document, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery, signatures included where the hook has a secret."""
    config, kind = hook["config"], str(hook["scope"])
    target = {"o": "organization", "a": "integration"}.get(kind[0], "repository")
    forms = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
    headers = {
        "Accept": "*/*",
        "Content-Type": forms[config["content_type"]],
        "User-Agent": "GitHub-Hookshot/sandbox",
        "X-GitHub-Delivery": delivery["guid"],
        "X-GitHub-Event": delivery["event"],
        "X-GitHub-Hook-ID": str(hook["id"]),
        "X-GitHub-Hook-Installation-Target-ID": kind.rpartition("-")[2],
        "X-GitHub-Hook-Installation-Target-Type": target,
    }
    if config.get("secret"):
        secret = config["secret"].encode()
        headers["X-Hub-Signature"] = "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return headers


def _failed(why: str, seconds: float) -> Document:
    status = "failed to connect to host" if why != _ELSEWHERE else why
    return {
        "status": status,
        "status_code": 502,
        "duration": round(seconds, 2),
        "response": {"headers": {}, "payload": why},
    }


def _answered(answer: httpx.Response, seconds: float) -> Document:
    good = answer.is_success
    text = answer.content[:_LARGEST_ANSWER].decode(errors="replace")
    return {
        "status": "OK" if good else f"Invalid HTTP Response: {answer.status_code}",
        "status_code": answer.status_code,
        "duration": round(seconds, 2),
        "response": {"headers": dict(answer.headers), "payload": text},
    }


def _record(world: World, delivery: Document, hook: Document, outcome: Document) -> None:
    with world.store.transaction() as tx:
        if tx.get(hooks.HOOKS, f"{hook['scope']}/{hook['id']:012}") is None:
            return
        tx.put(hooks.DELIVERIES, delivery["key"], {**delivery, **outcome})
        code, good = outcome["status_code"], outcome["status"] == "OK"
        said = {"code": code, "status": "active" if good else "misconfigured", "message": outcome["status"]}
        hooks.put(tx, {**hook, "last_response": said})

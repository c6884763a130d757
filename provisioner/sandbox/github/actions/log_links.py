"""Addresses for a minute: where logs and artifacts are fetched from without a token."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.identifiers import moment_of, stamp
from provisioner.sandbox.store import Transaction

HOST = "results-receiver.actions.githubusercontent.com"
_LINKS = "github/log_links"
_LIFETIME = timedelta(minutes=1)


def link(tx: Transaction, what: str, now: datetime) -> str:
    """Return an address for ``job/<repository>/<job>``, ``run/<repository>/<run>`` or ``artifact/…``."""
    for key, row in list(tx.scan(_LINKS)):
        if moment_of(row["expires_at"]) <= now:
            tx.delete(_LINKS, key)
    token = secrets.token_urlsafe(32)
    tx.put(_LINKS, token, {"what": what, "expires_at": stamp(now + _LIFETIME)})
    return f"https://{HOST}/downloads/{token}"


def opened(tx: Transaction, token: str, now: datetime) -> str:
    """Return what an address is for. Raises GithubError (404) once its minute is over."""
    row = tx.get(_LINKS, token)
    if row is None or moment_of(row["expires_at"]) <= now:
        raise GithubError(404, "the address is no longer valid")
    return str(row["what"])


def milliseconds(start: str, end: str) -> int:
    """Return how long it is from one stamp to another."""
    return int((moment_of(end) - moment_of(start)).total_seconds() * 1000)

"""Access tokens: random opaque strings, kept as a hash with what they stand for and when they end.

Only the operator's token is kept readable: the control interface hands it out again after a restart.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.wire import parse_timestamp, random_number, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_COLLECTION = "google/identity.tokens"  # by SHA-256 of the token
_OPERATOR = "google/identity.operator"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_LONGEST_DOWNSCOPED = timedelta(hours=1)
_OPERATOR_SCOPES = (CLOUD_PLATFORM, "https://www.googleapis.com/auth/userinfo.email", "openid")


@dataclass(frozen=True, slots=True)
class Operator:
    """The person who runs the sandbox, and their access token."""

    email: str
    token: str


def operator(tx: Transaction, domain: str = "") -> Operator:
    """Return the operator, made on first use as ``operator@<domain>``; a later domain renames them, once known."""
    kept = tx.get(_OPERATOR, "operator")
    if kept is None:
        kept = {"token": f"ya29.sandbox-{secrets.token_urlsafe(32)}", "uniqueId": random_number(21), "email": ""}
    if not kept["email"] or (domain and kept["email"] != f"operator@{domain}"):
        kept["email"] = f"operator@{domain or 'sandbox.invalid'}"
        tx.put(_OPERATOR, "operator", kept)
        _put(tx, kept["token"], _operator_entry(kept))
    return Operator(kept["email"], kept["token"])


def issue_user_token(tx: Transaction, email: str) -> str:
    """Return a token of another person, good until the sandbox is reset: what ``gcloud auth login`` would give."""
    token = f"ya29.sandbox-{secrets.token_urlsafe(32)}"
    scopes = list(_OPERATOR_SCOPES)
    _put(tx, token, {"kind": "user", "email": email, "uniqueId": random_number(21), "scopes": scopes, "expires": ""})
    return token


def issue_account_token(
    tx: Transaction, account: Document, scopes: Iterable[str], now: datetime, lifetime: timedelta
) -> tuple[str, datetime]:
    """Return (access token, end) of a service account."""
    entry = {
        "kind": "serviceAccount",
        "email": account["email"],
        "uniqueId": account["uniqueId"],
        "scopes": list(scopes),
        "expires": timestamp(now + lifetime),
    }
    token = f"ya29.c.{secrets.token_urlsafe(64)}"
    _put(tx, token, entry)
    return token, now + lifetime


def issue_federated_token(tx: Transaction, principal: Json, now: datetime, lifetime: timedelta) -> str:
    """Return a federated token; the principal has pool (name), subject, groups, attributes and scopes."""
    token = f"ya29.d.{secrets.token_urlsafe(64)}"
    _put(tx, token, principal | {"kind": "federated", "expires": timestamp(now + lifetime)})
    return token


def issue_downscoped_token(tx: Transaction, entry: Json, rules: list[Json], now: datetime) -> tuple[str, int]:
    """Return (token, seconds) that stands for the same as another's entry, within a boundary; an hour at most."""
    ends = now + _LONGEST_DOWNSCOPED
    if entry["expires"]:
        ends = min(ends, parse_timestamp(entry["expires"]))
    token = f"ya29.dr.{secrets.token_urlsafe(64)}"
    _put(tx, token, entry | {"boundary": rules, "expires": timestamp(ends)})
    return token, int((ends - now).total_seconds())


def find_token(tx: Transaction, token: str, now: datetime) -> Json | None:
    """Return what a token stands for, or None when it is unknown or over."""
    entry = tx.get(_COLLECTION, _digest(token))
    if entry is None or (entry["expires"] and parse_timestamp(entry["expires"]) <= now):
        return None
    return entry


def _operator_entry(kept: Json) -> Json:
    return {
        "kind": "operator",
        "email": kept["email"],
        "uniqueId": kept["uniqueId"],
        "scopes": list(_OPERATOR_SCOPES),
        "expires": "",
    }


def _put(tx: Transaction, token: str, entry: Json) -> None:
    tx.put(_COLLECTION, _digest(token), entry)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

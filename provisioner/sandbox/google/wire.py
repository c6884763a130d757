"""Small facts of Google's JSON: timestamps, etags, numbers, pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from provisioner.sandbox.google.errors import ApiError, aborted
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.store import Transaction

T = TypeVar("T")


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds and a Z, as the APIs print instants."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(text: str) -> datetime:
    """Read what ``timestamp`` wrote, or any RFC 3339 instant."""
    return datetime.fromisoformat(text.upper())


def fresh_etag(tx: Transaction) -> str:
    """Return an etag never given out before: base64 of eight bytes, as IAM policies carry (``BwXh…=``)."""
    number = tx.next_number("google/etag")
    return base64.b64encode(b"\x07\x05" + number.to_bytes(6, "big")).decode()


def check_etag(sent: str, current: str, message: str = "") -> None:
    """Raise ApiError ABORTED if the client read an older version; an empty etag overwrites blindly."""
    if sent and sent != current:
        raise aborted(
            message
            or "There were concurrent policy changes. Please retry the whole read-modify-write with exponential "
            "backoff."
        )


def random_number(digits: int) -> str:
    """Return a number of exactly so many digits as a string (project numbers, unique ids)."""
    return str(secrets.randbelow(9 * 10 ** (digits - 1)) + 10 ** (digits - 1))


def page(
    call: Call, items: Iterable[tuple[str, T]], *, size: str = "pageSize", default: int = 100, maximum: int = 1000
) -> tuple[list[T], str]:
    """Cut one page out of sorted (key, item) pairs.

    Returns the items and the next page token (empty on the last page). A token holds the last key and a digest of
    the other parameters: it stays good when items come and go, and is refused (400) for another query.
    """
    limit = min(int(call.params.get(size) or default), maximum)
    after = _read_token(call, size)
    taken: list[T] = []
    last = ""
    for key, item in items:
        if after is not None and key <= after:
            continue
        if len(taken) == limit:
            return taken, _token(last, _query_digest(call, size))
        taken.append(item)
        last = key
    return taken, ""


def _read_token(call: Call, size: str) -> str | None:
    text = call.params.get("pageToken")
    if not text:
        return None
    try:
        digest, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise _bad_token() from None
    if digest != _query_digest(call, size) or not isinstance(key, str):
        raise _bad_token()
    return key


def _token(key: str, digest: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([digest, key]).encode()).decode().rstrip("=")


def _query_digest(call: Call, size: str) -> str:
    ignored = {"pageToken", size, "fields", "alt", "prettyPrint", "key", "quotaUser"}
    query: dict[str, Any] = {name: value for name, value in call.params.items() if name not in ignored and value}
    return hashlib.sha256(json.dumps([call.method, query], sort_keys=True).encode()).hexdigest()[:16]


def _bad_token() -> ApiError:
    return ApiError(
        "INVALID_ARGUMENT",
        "The page token is invalid.",
        reason="invalid",
        location="pageToken",
        location_type="parameter",
    )

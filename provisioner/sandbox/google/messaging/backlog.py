"""The messages a subscription has yet to deliver, and the rules of delivering them.

An entry is ``{"message", "attempts", "state": ready | leased | acked, "ackId", "deadline", "notBefore"}`` under
``<subscription>/<message id>``; ids rise, so key order is the order of publishing. Nothing happens by itself: whoever
looks at an entry after its deadline first gives it back. https://cloud.google.com/pubsub/docs/subscription-overview.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.messaging.records import BACKLOG, duration_of, seconds_of
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
DEFAULT_RETENTION = 604800
_DEFAULT_ATTEMPTS = 5
_MALFORMED = (
    "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired "
    "or the acknowledgement ids were malformed."
)


@dataclass(slots=True)
class Leased:
    """What one look at a backlog gave: entries now on loan, messages given up, and when to look again."""

    entries: list[Document] = field(default_factory=list)
    exhausted: list[Document] = field(default_factory=list)
    next_look: datetime | None = None

    def look_at(self, moment: datetime) -> None:
        """Look again at an instant, unless earlier already."""
        self.next_look = moment if self.next_look is None else min(self.next_look, moment)


def add(tx: Transaction, holder: str, message: Json) -> None:
    """Put a message into the backlog of a subscription, snapshot or topic."""
    entry = {"message": message, "attempts": 0, "state": "ready", "notBefore": ""}
    tx.put(BACKLOG, f"{holder}/{message['messageId']}", entry)


def entries(tx: Transaction, holder: str) -> Iterator[tuple[str, Document]]:
    """Yield (key, entry) in the order of publishing."""
    return tx.scan(BACKLOG, f"{holder}/")


def clear(tx: Transaction, holder: str) -> None:
    """Forget everything a holder has."""
    for key, _ in list(entries(tx, holder)):
        tx.delete(BACKLOG, key)


def lease(tx: Transaction, subscription: Document, now: datetime, limit: int) -> Leased:
    """Lend up to ``limit`` messages for the acknowledgement deadline; 0 only tidies up.

    Messages whose attempts are used up are in ``exhausted``: the caller forwards and removes them, or leaves them.
    """
    taken = Leased()
    blocked: set[str] = set()
    for key, entry in entries(tx, subscription["name"]):
        if len(taken.entries) == limit and limit:
            break
        current = _arrived(tx, subscription, key, entry, now)
        if current is None or current["state"] == "acked":
            continue
        if used_up(subscription, current):
            taken.exhausted.append(current)
        order = ordering_key(subscription, current)
        if _waits(current, now, taken) or (order and order in blocked) or not limit:
            blocked.add(order)
            continue
        taken.entries.append(_lend(tx, subscription, key, current, now))
    return taken


def ordering_key(subscription: Document, entry: Document) -> str:
    """Return the key within which order counts; empty where it does not."""
    return str(entry["message"].get("orderingKey", "")) if subscription.get("enableMessageOrdering") else ""


def used_up(subscription: Document, entry: Document) -> bool:
    """Tell whether a message that came back has had all its attempts and may go to the dead letters."""
    policy = subscription.get("deadLetterPolicy")
    attempts = int((policy or {}).get("maxDeliveryAttempts") or _DEFAULT_ATTEMPTS)
    return bool(policy) and entry["state"] == "ready" and entry["attempts"] >= attempts


def acknowledge(tx: Transaction, subscription: Document, ack_ids: list[str], now: datetime) -> None:
    """Take delivered messages out. Raises ApiError for ids that no delivery had, or, with exactly-once, old ones."""
    for key, entry in _named(tx, subscription, ack_ids, now):
        if entry["state"] != "acked":
            _finish(tx, subscription, key, entry)


def modify_deadline(tx: Transaction, subscription: Document, ack_ids: list[str], seconds: int, now: datetime) -> None:
    """Prolong loans, or end them (0 seconds: the message may go out again at once, or after the retry policy)."""
    for key, entry in _named(tx, subscription, ack_ids, now):
        if entry["state"] != "leased":
            continue
        if seconds:
            tx.put(BACKLOG, key, entry | {"deadline": timestamp(now + timedelta(seconds=seconds))})
        else:
            give_back(tx, subscription, key, entry, now)


def give_back(tx: Transaction, subscription: Document, key: str, entry: Document, since: datetime) -> Document:
    """End a loan that was not acknowledged; with ordering every later message of the key goes out again as well."""
    wait = _backoff(subscription, entry["attempts"])
    changed = entry | {"state": "ready", "notBefore": timestamp(since + wait) if wait else ""}
    tx.put(BACKLOG, key, changed)
    order = ordering_key(subscription, entry)
    if order:
        for later, following in list(entries(tx, subscription["name"])):
            if later > key and ordering_key(subscription, following) == order and following["state"] != "ready":
                tx.put(BACKLOG, later, following | {"state": "ready"})
    return changed


def remove(tx: Transaction, subscription: Document, entry: Document) -> None:
    """Take a message out for good."""
    tx.delete(BACKLOG, f"{subscription['name']}/{entry['message']['messageId']}")


def _arrived(tx: Transaction, subscription: Document, key: str, entry: Document, now: datetime) -> Document | None:
    """Return the entry as it is by now: a loan that is over is given back, an old message is dropped (None)."""
    retention = duration_of(subscription.get("messageRetentionDuration", ""), DEFAULT_RETENTION)
    if parse_timestamp(entry["message"]["publishTime"]) + retention < now:
        tx.delete(BACKLOG, key)
        return None
    if entry["state"] == "leased" and parse_timestamp(entry["deadline"]) <= now:
        return give_back(tx, subscription, key, entry, parse_timestamp(entry["deadline"]))
    # Another message may have been given back since the scan began, and this one with it.
    return tx.get(BACKLOG, key) if subscription.get("enableMessageOrdering") else entry


def _waits(entry: Document, now: datetime, taken: Leased) -> bool:
    until = entry["deadline"] if entry["state"] == "leased" else entry["notBefore"]
    if not until or parse_timestamp(until) <= now:
        return False
    taken.look_at(parse_timestamp(until))
    return True


def _lend(tx: Transaction, subscription: Document, key: str, entry: Document, now: datetime) -> Document:
    attempts = entry["attempts"] + 1
    deadline = now + timedelta(seconds=int(subscription.get("ackDeadlineSeconds") or 10))
    token = json.dumps([entry["message"]["messageId"], attempts, secrets.token_urlsafe(12)])
    lent = entry | {
        "state": "leased",
        "attempts": attempts,
        "deadline": timestamp(deadline),
        "ackId": base64.urlsafe_b64encode(token.encode()).decode(),
    }
    tx.put(BACKLOG, key, lent)
    return lent


def _finish(tx: Transaction, subscription: Document, key: str, entry: Document) -> None:
    order = ordering_key(subscription, entry)
    same_key = [
        (other, found)
        for other, found in (entries(tx, subscription["name"]) if order else ())
        if ordering_key(subscription, found) == order
    ]
    waiting = any(other < key and found["state"] != "acked" for other, found in same_key)
    if subscription.get("retainAckedMessages") or waiting:
        tx.put(BACKLOG, key, entry | {"state": "acked"})
        return
    tx.delete(BACKLOG, key)
    for other, found in same_key:  # acknowledged earlier, kept only in case this one had gone out again
        if other > key and found["state"] != "acked":
            break
        if other > key:
            tx.delete(BACKLOG, other)


def _named(
    tx: Transaction, subscription: Document, ack_ids: list[str], now: datetime
) -> Iterator[tuple[str, Document]]:
    """Yield the entries whose current delivery has one of the ids. Raises ApiError INVALID_ARGUMENT."""
    stale = []
    for ack_id in ack_ids:
        key = f"{subscription['name']}/{_message_id(ack_id)}"
        entry = tx.get(BACKLOG, key)
        if entry is not None and entry.get("ackId") == ack_id and _in_time(subscription, entry, now):
            yield key, entry
        else:
            stale.append(ack_id)
    if stale and subscription.get("enableExactlyOnceDelivery"):
        raise _too_late(stale)


def _in_time(subscription: Document, entry: Document, now: datetime) -> bool:
    # Without exactly-once delivery a late acknowledgement counts until the message has gone out again.
    return not subscription.get("enableExactlyOnceDelivery") or (
        entry["state"] == "leased" and parse_timestamp(entry["deadline"]) > now
    )


def _message_id(ack_id: str) -> str:
    try:
        message_id, _, _ = json.loads(base64.urlsafe_b64decode(ack_id))
    except (ValueError, TypeError, binascii.Error):
        raise ApiError("INVALID_ARGUMENT", _MALFORMED) from None
    return str(message_id)


def _too_late(ack_ids: list[str]) -> ApiError:
    """https://cloud.google.com/pubsub/docs/exactly-once-delivery: the client reads the metadata, one key an id."""
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "EXACTLY_ONCE_ACKID_FAILURE",
        "domain": "pubsub.googleapis.com",
        "metadata": dict.fromkeys(ack_ids, "PERMANENT_FAILURE_INVALID_ACK_ID"),
    }
    return ApiError("FAILED_PRECONDITION", _MALFORMED, details=[detail])


def _backoff(subscription: Document, attempts: int) -> timedelta:
    policy = subscription.get("retryPolicy")
    if policy is None:
        # Pushes are slowed down without a policy, too: from 100 milliseconds to a minute.
        pushed = (subscription.get("pushConfig") or {}).get("pushEndpoint")
        return timedelta(seconds=min(60.0, 0.1 * 2 ** min(attempts - 1, 16))) if pushed else timedelta()
    low = seconds_of(policy.get("minimumBackoff", ""), 10)
    high = seconds_of(policy.get("maximumBackoff", ""), 600)
    return timedelta(seconds=min(high, low * 2 ** min(attempts - 1, 16)))

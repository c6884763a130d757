"""Push subscriptions: each message is an HTTP POST, a 2xx answer acknowledges it.

https://cloud.google.com/pubsub/docs/push. The requests are sent between two transactions: one lends the messages,
one takes the answers in.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.dead_letters import forward_exhausted
from provisioner.sandbox.google.messaging.publishing import ATTENDED
from provisioner.sandbox.google.messaging.records import BACKLOG, SUBSCRIPTIONS
from provisioner.sandbox.google.messaging.subscribing import EXPIRY, active, expires, forget
from provisioner.sandbox.google.outbound import Outgoing, Undelivered, deliver, identity_token
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.http import Application
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
_ACKNOWLEDGED = frozenset((102, 200, 201, 202, 204))
_AT_ONCE = 100
_LONGEST_WAIT = 10.0  # real seconds for one receiver, however long the acknowledgement deadline is


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way to one receiver."""

    subscription: Document
    entry: Document
    outgoing: Outgoing


def attend_subscriptions(world: World, application: Application) -> datetime | None:
    """Push what is due, forward dead letters, end unused subscriptions; return when to look again."""
    with world.store.transaction() as tx:
        parcels, next_look = _collect(world, tx)
        unused = _end_unused(tx, world.clock.now())
    for parcel in parcels:
        _send(world, application, parcel)
    if parcels:
        return world.clock.now()  # there may be more, and failures have set new times
    return min((moment for moment in (next_look, unused) if moment is not None), default=None)


def _collect(world: World, tx: Transaction) -> tuple[list[Parcel], datetime | None]:
    parcels: list[Parcel] = []
    looks: list[datetime] = []
    now = world.clock.now()
    for name, _ in list(tx.scan(ATTENDED)):
        subscription = tx.get(SUBSCRIPTIONS, name)
        if subscription is None:
            continue
        if subscription.get("deadLetterPolicy"):
            forward_exhausted(world, tx, subscription, now)
        pushed = bool(subscription["pushConfig"].get("pushEndpoint"))
        taken = backlog.lease(tx, subscription, now, _AT_ONCE if pushed else 0)
        parcels += [Parcel(subscription, entry, _outgoing(tx, subscription, entry, now)) for entry in taken.entries]
        looks += [taken.next_look] if taken.next_look else []
    return parcels, min(looks, default=None)


def _send(world: World, application: Application, parcel: Parcel) -> None:
    try:
        accepted = deliver(application, parcel.outgoing) in _ACKNOWLEDGED
    except Undelivered:
        accepted = False
    with world.store.transaction() as tx:
        now = world.clock.now()
        subscription = tx.get(SUBSCRIPTIONS, parcel.subscription["name"])
        entry = tx.get(BACKLOG, f"{parcel.subscription['name']}/{parcel.entry['message']['messageId']}")
        if subscription is None or entry is None or entry.get("ackId") != parcel.entry["ackId"]:
            return
        if accepted:
            backlog.acknowledge(tx, subscription, [entry["ackId"]], now)
            active(tx, subscription, now)
        else:
            backlog.modify_deadline(tx, subscription, [entry["ackId"]], 0, now)


def _outgoing(tx: Transaction, subscription: Document, entry: Document, now: datetime) -> Outgoing:
    config = subscription["pushConfig"]
    headers = {"Content-Type": "application/json", "User-Agent": "CloudPubSub-Google"}
    body = _wrapped(subscription, entry)
    if "noWrapper" in config:
        body = base64.b64decode(entry["message"].get("data", ""))
        headers |= {"Content-Type": "application/octet-stream"}
        headers |= _metadata(subscription, entry) if config["noWrapper"].get("writeMetadata") else {}
    token = config.get("oidcToken") or {}
    account = find_account(tx, token["serviceAccountEmail"]) if token.get("serviceAccountEmail") else None
    if account is not None and not account.get("disabled"):
        audience = token.get("audience") or config["pushEndpoint"]
        headers["Authorization"] = f"Bearer {identity_token(tx, account, audience, now)}"
    seconds = min(_LONGEST_WAIT, float(subscription["ackDeadlineSeconds"]))
    return Outgoing("POST", config["pushEndpoint"], headers, body, seconds)


def _wrapped(subscription: Document, entry: Document) -> bytes:
    message = entry["message"]
    both_spellings = {"message_id": message["messageId"], "publish_time": message["publishTime"]}
    document: Json = {"message": message | both_spellings, "subscription": subscription["name"]}
    if subscription.get("deadLetterPolicy"):
        document["deliveryAttempt"] = entry["attempts"]
    return json.dumps(document).encode()


def _metadata(subscription: Document, entry: Document) -> dict[str, str]:
    message = entry["message"]
    names = {
        "x-goog-pubsub-subscription-name": subscription["name"],
        "x-goog-pubsub-message-id": message["messageId"],
        "x-goog-pubsub-publish-time": message["publishTime"],
    }
    if message.get("orderingKey"):
        names["x-goog-pubsub-ordering-key"] = message["orderingKey"]
    attributes = {key: value for key, value in message.get("attributes", {}).items() if _fits_a_header(key, value)}
    return attributes | names


def _fits_a_header(key: str, value: str) -> bool:
    return key.replace("-", "").replace("_", "").isalnum() and (key + value).isascii() and (key + value).isprintable()


def _end_unused(tx: Transaction, now: datetime) -> datetime | None:
    """Delete subscriptions that nobody used for as long as their policy says; look again when the next one may end."""
    kept = tx.get(EXPIRY, "next")
    if kept is not None and parse_timestamp(kept["at"]) > now:
        return parse_timestamp(kept["at"])
    ends = []
    for _, subscription in list(tx.scan(SUBSCRIPTIONS)):
        moment = expires(tx, subscription)
        if moment is not None and moment <= now:
            forget(tx, subscription)
        elif moment is not None:
            ends.append(moment)
    if not ends:
        tx.delete(EXPIRY, "next")
        return None
    tx.put(EXPIRY, "next", {"at": timestamp(min(ends))})
    return min(ends)

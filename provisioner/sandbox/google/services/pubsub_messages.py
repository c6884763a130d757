"""Receiving messages with the Pub/Sub API (v1): pull, acknowledge, deadlines, seek."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.dead_letters import forward_exhausted
from provisioner.sandbox.google.messaging.records import (
    SNAPSHOTS,
    canonical_name,
    check_number,
    found_subscription,
    found_topic,
    missing,
    pubsub_resource,
)
from provisioner.sandbox.google.messaging.seeking import seek_to_snapshot, seek_to_time
from provisioner.sandbox.google.messaging.subscribing import active, check_pullable
from provisioner.sandbox.google.method import Answer, Call, Resource, method
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
_API = "pubsub.projects.subscriptions"
_CONSUME = "pubsub.subscriptions.consume"
_MOST_MESSAGES = 1000
_PATIENCE = 90.0  # real seconds that a pull waits for a message before it is answered empty
_JSON = (("Content-Type", "application/json; charset=UTF-8"),)


def _subscription(call: Call) -> Resource:
    return pubsub_resource(call.tx, call.params["subscription"])


def _existing(call: Call) -> Document:
    return found_subscription(call.tx, call.params["subscription"])


@method(f"{_API}.pull", permission=_CONSUME, on=_subscription)
def pull(call: Call) -> Answer:
    """Lend messages to the caller; without any, wait for one unless told to return immediately.

    The waiting is done by the body of the answer, after this request's transaction has ended.
    """
    subscription = _existing(call)
    check_pullable(subscription)
    check_number("max_messages", int(call.body.get("maxMessages") or 0), 1, 2**31 - 1)
    limit = min(int(call.body["maxMessages"]), _MOST_MESSAGES)
    seen = call.world.errands.news()
    active(call.tx, subscription, call.now)
    taken = _take(call.world, call.tx, subscription, limit)
    if taken.entries or call.body.get("returnImmediately"):
        return _received(subscription, taken.entries)
    return Response(200, _JSON, _waiting(call.world, subscription["name"], limit, taken, seen))


@method(f"{_API}.acknowledge", permission=_CONSUME, on=_subscription)
def acknowledge(call: Call) -> None:
    """Tell that messages are done with."""
    subscription = _existing(call)
    backlog.acknowledge(call.tx, subscription, _ack_ids(call), call.now)
    active(call.tx, subscription, call.now)
    call.world.errands.announce()


@method(f"{_API}.modifyAckDeadline", permission=_CONSUME, on=_subscription)
def modify_ack_deadline(call: Call) -> None:
    """Ask for more time, or (0) give messages back."""
    subscription = _existing(call)
    seconds = int(call.body.get("ackDeadlineSeconds") or 0)
    check_number("ack_deadline_seconds", seconds, 0, 600)
    backlog.modify_deadline(call.tx, subscription, _ack_ids(call), seconds, call.now)
    call.world.errands.announce()
    call.world.errands.wake()


@method(f"{_API}.seek", permission=_CONSUME, on=_subscription)
def seek(call: Call) -> None:
    """Go back or forward to a time or a snapshot."""
    subscription = _existing(call)
    if bool(call.body.get("time")) == bool(call.body.get("snapshot")):
        raise invalid_argument("Exactly one of time and snapshot must be given.")
    if call.body.get("time"):
        seek_to_time(call.tx, subscription, parse_timestamp(call.body["time"]))
    else:
        _seek_to_snapshot(call, subscription, canonical_name(call.tx, call.body["snapshot"]))
    call.world.errands.announce()
    call.world.errands.wake()


def _seek_to_snapshot(call: Call, subscription: Document, name: str) -> None:
    call.require("pubsub.snapshots.seek", pubsub_resource(call.tx, name))
    snapshot = call.tx.get(SNAPSHOTS, name)
    if snapshot is None or parse_timestamp(snapshot["expireTime"]) <= call.now:
        raise missing(name)
    if snapshot["topic"] != subscription["topic"]:
        raise invalid_argument("The snapshot's topic is not the subscription's topic.")
    found_topic(call.tx, subscription["topic"])
    seek_to_snapshot(call.tx, subscription, snapshot)


def _waiting(world: World, name: str, limit: int, first: backlog.Leased, seen: int) -> Iterator[bytes]:
    """Yield the answer once there is a message, the patience is over, or the subscription is gone."""
    ends = time.monotonic() + _PATIENCE
    soon = _seconds_until(world, first)
    answer: Json | None = {}
    while answer == {} and time.monotonic() < ends and not world.errands.stopped:
        world.errands.wait_for_news(seen, min(soon, ends - time.monotonic()))
        seen = world.errands.news()
        soon, answer = _look_again(world, name, limit)
    yield json.dumps(answer or {}).encode() + b"\n"


def _look_again(world: World, name: str, limit: int) -> tuple[float, Json | None]:
    """Return (seconds until the next loan or backoff ends, answer so far or None when nobody can pull any more)."""
    try:
        with world.store.transaction() as tx:
            subscription = found_subscription(tx, name)
            check_pullable(subscription)
            taken = _take(world, tx, subscription, limit)
    except ApiError:
        return 0.0, None
    return _seconds_until(world, taken), _received(subscription, taken.entries)


def _seconds_until(world: World, taken: backlog.Leased) -> float:
    left = (taken.next_look - world.clock.now()).total_seconds() if taken.next_look else _PATIENCE
    return max(left, 0.01)


def _take(world: World, tx: Transaction, subscription: Document, limit: int) -> backlog.Leased:
    now = world.clock.now()
    if subscription.get("deadLetterPolicy"):
        forward_exhausted(world, tx, subscription, now)
    return backlog.lease(tx, subscription, now, limit)


def _received(subscription: Document, entries: list[Document]) -> Json:
    messages = [received_message(subscription, entry) for entry in entries]
    return {"receivedMessages": messages} if messages else {}


def received_message(subscription: Document, entry: Document) -> Json:
    """Return a message on loan as a subscriber sees it; attempts are told where dead letters are on."""
    shown = {"ackId": entry["ackId"], "message": entry["message"]}
    return shown | ({"deliveryAttempt": entry["attempts"]} if subscription.get("deadLetterPolicy") else {})


def _ack_ids(call: Call) -> list[str]:
    ack_ids: list[str] = call.body.get("ackIds") or []
    check_number("ack_ids_count", len(ack_ids), 1, 2500)
    return ack_ids

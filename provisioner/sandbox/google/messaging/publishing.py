"""From a published message to the backlogs of everything attached to its topic."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.filters import parse_filter
from provisioner.sandbox.google.messaging.records import (
    BACKLOG,
    SNAPSHOTS,
    SUBSCRIPTIONS,
    TOPICS,
    check_number,
    duration_of,
)
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
# "<topic>|<subscription or snapshot>" -> {}: who gets what is published.
ATTACHED = "google/pubsub.attached"
# Subscriptions that need attention without being asked: pushes and dead letters. By name -> {}.
ATTENDED = "google/pubsub.attended"
_FIRST_ID = 10_000_000_000_000_000
_MOST_MESSAGES = 1000
_MOST_BYTES = 10_485_760
_MOST_ATTRIBUTES, _LONGEST_KEY, _LONGEST_VALUE, _LONGEST_ORDERING_KEY = 100, 256, 1024, 1024
_PRUNE_EVERY = 64


def check_messages(messages: Sequence[Json]) -> None:
    """Raise ApiError INVALID_ARGUMENT for what Pub/Sub does not take: https://cloud.google.com/pubsub/quotas."""
    check_number("message_count", len(messages), 1, _MOST_MESSAGES)
    check_number("request_size", sum(map(_size, messages)), 0, _MOST_BYTES)
    for message in messages:
        _check(message)


def publish(world: World, tx: Transaction, topic: Document, messages: Iterable[Json], now: datetime) -> list[str]:
    """Hand checked messages (``data``, ``attributes``, ``orderingKey``) to everything attached; return their ids."""
    holders = list(_attached(tx, topic["name"]))
    ids = []
    for sent in messages:
        message = _stamped(tx, sent, now)
        ids.append(message["messageId"])
        for holder in holders:
            if parse_filter(holder.get("filter", ""))(message.get("attributes", {})):
                backlog.add(tx, holder["name"], message)
        _retain(tx, topic, message, now)
    world.errands.announce()
    if any(tx.get(ATTENDED, holder["name"]) is not None for holder in holders):
        world.errands.wake()
    return ids


def publish_event(
    world: World, tx: Transaction, topic_name: str, content: bytes, attributes: Mapping[str, str]
) -> bool:
    """Publish what a service of the cloud has to say (a rotation, a log entry); False when there is no such topic."""
    topic = tx.get(TOPICS, topic_name)
    if topic is None:
        return False
    message = {"data": base64.b64encode(content).decode(), "attributes": dict(attributes)}
    publish(world, tx, topic, [message], world.clock.now())
    return True


def attach(tx: Transaction, topic: str, holder: str) -> None:
    """Let a subscription or snapshot have what is published from now on."""
    tx.put(ATTACHED, f"{topic}|{holder}", {})


def detach(tx: Transaction, topic: str, holder: str) -> None:
    """Stop that."""
    tx.delete(ATTACHED, f"{topic}|{holder}")


def attached_names(tx: Transaction, topic: str, kind: str) -> Iterator[str]:
    """Yield the names of the ``subscriptions`` or ``snapshots`` of a topic, sorted."""
    for key, _ in tx.scan(ATTACHED, f"{topic}|"):
        name = key.partition("|")[2]
        if name.split("/")[2] == kind:
            yield name


def attend(tx: Transaction, subscription: Document) -> None:
    """Remember whether a subscription has pushes or dead letters to be looked after."""
    pushed = (subscription.get("pushConfig") or {}).get("pushEndpoint")
    if (pushed or subscription.get("deadLetterPolicy")) and not subscription.get("detached"):
        tx.put(ATTENDED, subscription["name"], {})
    else:
        tx.delete(ATTENDED, subscription["name"])


def _attached(tx: Transaction, topic: str) -> Iterator[Document]:
    for key, _ in tx.scan(ATTACHED, f"{topic}|"):
        name = key.partition("|")[2]
        found = tx.get(SUBSCRIPTIONS, name) or tx.get(SNAPSHOTS, name)
        if found is not None:
            yield found


def _stamped(tx: Transaction, sent: Json, now: datetime) -> Json:
    message = {key: sent[key] for key in ("data", "attributes", "orderingKey") if sent.get(key)}
    message["messageId"] = str(_FIRST_ID + tx.next_number("google/pubsub.messages"))
    return message | {"publishTime": timestamp(now)}


def _retain(tx: Transaction, topic: Document, message: Json, now: datetime) -> None:
    retention = topic.get("messageRetentionDuration")
    if not retention:
        return
    backlog.add(tx, topic["name"], message)
    if int(message["messageId"]) % _PRUNE_EVERY:
        return
    for key, entry in backlog.entries(tx, topic["name"]):
        if parse_timestamp(entry["message"]["publishTime"]) + duration_of(retention) >= now:
            return
        tx.delete(BACKLOG, key)


def _size(message: Json) -> int:
    attributes = message.get("attributes") or {}
    told = sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())
    return len(message.get("data", "")) * 3 // 4 + told + len(message.get("orderingKey", "").encode())


def _check(message: Json) -> None:
    attributes = message.get("attributes") or {}
    if not message.get("data") and not attributes:
        raise invalid_argument(
            "One or more messages in the publish request is empty. Each message must contain either non-empty data, "
            "or at least one attribute."
        )
    check_number("message.attributes_count", len(attributes), 0, _MOST_ATTRIBUTES)
    check_number("message.ordering_key", len(message.get("orderingKey", "").encode()), 0, _LONGEST_ORDERING_KEY)
    for key, value in attributes.items():
        check_number("message.attributes_key", len(key.encode()), 1, _LONGEST_KEY)
        check_number("message.attributes_value", len(value.encode()), 0, _LONGEST_VALUE)
        if key.startswith("goog"):
            raise invalid_argument(f'Attribute keys must not begin with "goog" (key={key}).')

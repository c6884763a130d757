"""Going back and forward in a subscription: https://cloud.google.com/pubsub/docs/replay-overview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.filters import parse_filter
from provisioner.sandbox.google.messaging.records import BACKLOG
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]


def seek_to_time(tx: Transaction, subscription: Document, moment: datetime) -> None:
    """Acknowledge everything published before an instant; everything since goes out (again).

    Acknowledged messages come back if the subscription retains them, or its topic does.
    """
    kept = {**_retained(tx, subscription), **_messages(tx, subscription["name"])}
    wanted = {number: message for number, message in kept.items() if parse_timestamp(message["publishTime"]) >= moment}
    _replace(tx, subscription, wanted)


def seek_to_snapshot(tx: Transaction, subscription: Document, snapshot: Document) -> None:
    """Go back to what was not acknowledged when a snapshot was taken, and everything published since."""
    _replace(tx, subscription, _messages(tx, snapshot["name"]))


def _replace(tx: Transaction, subscription: Document, wanted: Mapping[str, Json]) -> None:
    for key, entry in list(backlog.entries(tx, subscription["name"])):
        if entry["message"]["messageId"] in wanted:
            continue
        if subscription.get("retainAckedMessages"):
            tx.put(BACKLOG, key, entry | {"state": "acked"})
        else:
            tx.delete(BACKLOG, key)
    for message in wanted.values():
        backlog.add(tx, subscription["name"], message)


def _messages(tx: Transaction, holder: str) -> dict[str, Json]:
    return {entry["message"]["messageId"]: entry["message"] for _, entry in backlog.entries(tx, holder)}


def _retained(tx: Transaction, subscription: Document) -> dict[str, Json]:
    passes = parse_filter(subscription.get("filter", ""))
    found = _messages(tx, subscription["topic"])
    return {number: message for number, message in found.items() if passes(message.get("attributes", {}))}

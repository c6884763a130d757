"""What becomes of a log entry: sinks that lead to Pub/Sub publish it, log-based metrics count it.

https://cloud.google.com/logging/docs/routing/overview. A sink's writer needs the right to publish, granted by people.
Sinks to Cloud Storage and BigQuery are kept and shown; nothing is exported there. A sink of a folder or organisation
exports that owner's own entries: ``includeChildren`` is kept and not followed.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.observability.counting import METRICS, count
from provisioner.sandbox.google.observability.language import QueryError, parse_query
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
SINKS = "google/logging.sinks"  # "<owner>/sinks/<name>"; fields as logging v2
# owner -> {}: it has had a sink or a metric. Every administrative call writes an entry: most owners cost one look.
_ROUTED = "google/logging.routed"
TO_TOPIC = "pubsub.googleapis.com/"


def hand_on(world: World, tx: Transaction, owner: str, entry: Json, now: datetime) -> None:
    """Give a new entry to the sinks and metrics of its owner."""
    if tx.get(_ROUTED, owner) is None:
        return
    for _, sink in tx.scan(SINKS, f"{owner}/sinks/"):
        if takes(sink, entry):
            _export(world, tx, sink, entry, now)
    for _, metric in tx.scan(METRICS, f"{owner}/metrics/"):
        if not metric.get("disabled") and matches(metric["filter"], entry):
            count(tx, owner, metric, entry, now)


def note_route(tx: Transaction, owner: str) -> None:
    """Have the entries of an owner looked at from now on: it has a sink or a metric."""
    tx.put(_ROUTED, owner, {})


def takes(sink: Document, entry: Json) -> bool:
    """Tell whether a sink exports an entry."""
    if sink.get("disabled") or not matches(sink.get("filter", ""), entry):
        return False
    return not any(
        matches(exclusion["filter"], entry) for exclusion in sink.get("exclusions", ()) if not exclusion.get("disabled")
    )


def matches(query: str, entry: Json) -> bool:
    """Tell whether an entry fits a query; one that was kept before it was checked fits nothing."""
    try:
        return parse_query(query)(entry)
    except QueryError:
        return False


def _export(world: World, tx: Transaction, sink: Document, entry: Json, now: datetime) -> None:
    destination = sink["destination"]
    if not destination.startswith(TO_TOPIC):
        return
    # Imported when there is something to publish: most sandboxes write audit logs and have no sink.
    from provisioner.sandbox.google.messaging.dead_letters import agent_may  # noqa: PLC0415 - see above
    from provisioner.sandbox.google.messaging.publishing import publish_event  # noqa: PLC0415 - see above
    from provisioner.sandbox.google.messaging.records import canonical_name  # noqa: PLC0415 - see above

    try:
        topic = canonical_name(tx, destination.removeprefix(TO_TOPIC))
        writer = sink.get("writerIdentity", "").removeprefix("serviceAccount:")
        allowed = agent_may(tx, writer, "pubsub.topics.publish", topic, now)
    except ApiError:  # the topic's project is gone
        return
    if allowed:
        attributes = {"logging.googleapis.com/timestamp": entry["timestamp"]}
        publish_event(world, tx, topic, json.dumps(entry).encode(), attributes)

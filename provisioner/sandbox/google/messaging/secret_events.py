"""What Secret Manager tells the topics of a secret: https://cloud.google.com/secret-manager/docs/event-notifications.

Its agent, ``service-<number>@gcp-sa-secretmanager…``, needs the right to publish; a topic that it cannot publish to
is refused when it is configured, and gets nothing later.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import ApiError, failed_precondition
from provisioner.sandbox.google.messaging.dead_letters import agent_may
from provisioner.sandbox.google.messaging.publishing import publish_event
from provisioner.sandbox.google.messaging.records import TOPICS, canonical_name
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]


def announce(  # noqa: PLR0913 - an event has this many facts
    world: World,
    tx: Transaction,
    secret: Document,
    event: str,
    now: datetime,
    *,
    version: Document | None = None,
) -> None:
    """Publish an event about a secret (or one of its versions) to its topics."""
    for topic in secret.get("topics", []):
        _publish(world, tx, secret, topic["name"], _attributes(secret, event, now, version), version or secret, now)


def check_topics(world: World, tx: Transaction, secret: Document, known: list[Json], now: datetime) -> None:
    """Send each new topic a first message. Raises ApiError FAILED_PRECONDITION if one cannot be published to."""
    for topic in secret.get("topics", []):
        if topic in known:
            continue
        attributes = _attributes(secret, "TOPIC_CONFIGURED", now, None)
        if not _publish(world, tx, secret, topic["name"], attributes, secret, now):
            raise failed_precondition(
                f"Cannot publish to topic [{topic['name']}]: it does not exist, or the service agent {_agent(secret)} "
                "lacks the permission pubsub.topics.publish on it."
            )


def _publish(  # noqa: PLR0913, PLR0917 - a message has this many facts
    world: World,
    tx: Transaction,
    secret: Document,
    topic: str,
    attributes: dict[str, str],
    shown: Document,
    now: datetime,
) -> bool:
    try:
        name = canonical_name(tx, topic)
    except ApiError:
        return False
    if tx.get(TOPICS, name) is None or not agent_may(tx, _agent(secret), "pubsub.topics.publish", name, now):
        return False
    return publish_event(world, tx, name, json.dumps(shown).encode(), attributes)


def _agent(secret: Document) -> str:
    return f"service-{secret['name'].split('/')[1]}@gcp-sa-secretmanager.iam.gserviceaccount.com"


def _attributes(secret: Document, event: str, now: datetime, version: Document | None) -> dict[str, str]:
    told = {
        "eventType": event,
        "dataFormat": "JSON_API_V1",
        "secretId": secret["name"],
        "timestamp": timestamp(now),
    }
    return told | ({"versionId": version["name"]} if version else {})

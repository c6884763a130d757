"""Messages that used up their attempts go to another topic, if Pub/Sub's agent may put them there.

https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic. The agent of the project needs
``pubsub.topics.publish`` on that topic and ``pubsub.subscriptions.consume`` on the subscription; without both the
message goes on being delivered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.publishing import publish
from provisioner.sandbox.google.messaging.records import TOPICS, pubsub_resource, service_agent
from provisioner.sandbox.google.method import Caller
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]


def forward_exhausted(world: World, tx: Transaction, subscription: Document, now: datetime) -> None:
    """Move what has used up its attempts."""
    topic = tx.get(TOPICS, subscription["deadLetterPolicy"]["deadLetterTopic"])
    exhausted = backlog.lease(tx, subscription, now, 0).exhausted
    if topic is None or not exhausted or not _may_forward(tx, subscription, topic, now):
        return
    publish(world, tx, topic, [_letter(subscription, entry) for entry in exhausted], now)
    for entry in exhausted:
        backlog.remove(tx, subscription, entry)


def agent_may(tx: Transaction, email: str, permission: str, name: str, now: datetime) -> bool:
    """Tell whether a service agent holds a permission on a topic or subscription."""
    member = f"serviceAccount:{email}"
    caller = Caller(member, frozenset((member, "allUsers", "allAuthenticatedUsers")), email=email)
    return bool(granted(tx, caller, [permission], pubsub_resource(tx, name), now))


def _may_forward(tx: Transaction, subscription: Document, topic: Document, now: datetime) -> bool:
    agent = service_agent(tx, subscription["name"])
    return agent_may(tx, agent, "pubsub.topics.publish", topic["name"], now) and agent_may(
        tx, agent, "pubsub.subscriptions.consume", subscription["name"], now
    )


def _letter(subscription: Document, entry: Document) -> Json:
    _, project, _, name = subscription["name"].split("/")
    source = {
        "CloudPubSubDeadLetterSourceDeliveryCount": str(entry["attempts"]),
        "CloudPubSubDeadLetterSourceSubscription": name,
        "CloudPubSubDeadLetterSourceSubscriptionProject": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": entry["message"]["publishTime"],
    }
    message: Json = entry["message"]
    return message | {"attributes": message.get("attributes", {}) | source}

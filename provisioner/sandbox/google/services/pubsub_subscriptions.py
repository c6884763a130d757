"""Subscriptions of the Pub/Sub API (v1). Exports to BigQuery and Cloud Storage are kept and shown, not carried out."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument
from provisioner.sandbox.google.hierarchy import project_resource
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.publishing import attach, attend, detach
from provisioner.sandbox.google.messaging.records import (
    SUBSCRIPTIONS,
    canonical_name,
    check_id,
    found_subscription,
    found_topic,
    pubsub_resource,
)
from provisioner.sandbox.google.messaging.subscribing import (
    DEFAULTS,
    active,
    check_subscription,
    forget,
    reconsider_expiry,
)
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "pubsub.projects.subscriptions"
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_FIXED = frozenset(("name", "topic", "state", "enableMessageOrdering", "filter"))


def _in_project(call: Call) -> Resource:
    name = call.params.get("project") or call.params["name"]
    return project_resource(call.tx, name.split("/")[1])


def _name(call: Call) -> str:
    return str(call.params.get("subscription") or call.params.get("name") or call.params["resource"])


def _subscription(call: Call) -> Resource:
    return pubsub_resource(call.tx, _name(call))


def _topic_of(call: Call) -> Resource:
    """Return the topic of a subscription: detaching is for those who own the topic."""
    return pubsub_resource(call.tx, _topic_name(call))


def _topic_name(call: Call) -> str:
    found = call.tx.get(SUBSCRIPTIONS, canonical_name(call.tx, call.params["subscription"]))
    topic = found["topic"] if found else ""
    return topic if _TOPIC.fullmatch(topic) else str(call.params["subscription"])


def _existing(call: Call) -> Document:
    return found_subscription(call.tx, _name(call))


@method(f"{_API}.create", permission="pubsub.subscriptions.create", on=_in_project)
def create(call: Call) -> Json:
    """Create a subscription to a topic that the caller may attach to."""
    name = canonical_name(call.tx, call.params["name"])
    check_id(name)
    if call.tx.get(SUBSCRIPTIONS, name) is not None:
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    if not _TOPIC.fullmatch(call.body.get("topic", "")):
        raise invalid_argument(f"Invalid resource name given (name={call.body.get('topic', '')}).")
    topic = canonical_name(call.tx, call.body["topic"])
    call.require("pubsub.topics.attachSubscription", pubsub_resource(call.tx, topic))
    found_topic(call.tx, topic)
    subscription = DEFAULTS | call.body | {"name": name, "topic": topic, "state": "ACTIVE"}
    attach(call.tx, topic, name)
    return _put(call, subscription)


@method(f"{_API}.get", permission="pubsub.subscriptions.get", on=_subscription)
def get(call: Call) -> Json:
    """Return a subscription."""
    return _existing(call)


@method(f"{_API}.list", permission="pubsub.subscriptions.list", on=_in_project)
def list_subscriptions(call: Call) -> Json:
    """Return a page of a project's subscriptions."""
    prefix = f"{canonical_name(call.tx, call.params['project'])}/subscriptions/"
    items, token = page(call, call.tx.scan(SUBSCRIPTIONS, prefix))
    return ({"subscriptions": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="pubsub.subscriptions.update", on=_subscription)
def patch(call: Call) -> Json:
    """Change what the mask names (in the query or the body); a field the body lacks goes back to its default."""
    found = _existing(call)
    paths = read_update_mask(
        call.params.get("updateMask") or call.body.get("updateMask", ""), "Subscription", call.schemas
    )
    wrong = sorted(path[0] for path in paths if path[0] in _FIXED)
    if wrong or not paths:
        raise invalid_argument(f"The update mask is empty or names a field that cannot be changed: {wrong}.")
    return _put(call, DEFAULTS | apply_update(found, call.body.get("subscription", {}), paths))


@method(f"{_API}.modifyPushConfig", permission="pubsub.subscriptions.update", on=_subscription)
def modify_push_config(call: Call) -> None:
    """Begin, change or (with an empty configuration) end pushing."""
    _put(call, _existing(call) | {"pushConfig": call.body.get("pushConfig") or {}})


@method(f"{_API}.detach", permission="pubsub.topics.detachSubscription", on=_topic_of)
def detach_subscription(call: Call) -> None:
    """Cut a subscription off from its topic for good; what it still had is dropped."""
    found = _existing(call)
    detach(call.tx, found["topic"], found["name"])
    backlog.clear(call.tx, found["name"])
    changed = found | {"detached": True}
    attend(call.tx, changed)
    call.tx.put(SUBSCRIPTIONS, found["name"], changed)
    call.world.errands.announce()


@method(f"{_API}.delete", permission="pubsub.subscriptions.delete", on=_subscription)
def delete(call: Call) -> None:
    """Delete a subscription and what it had not delivered."""
    forget(call.tx, _existing(call))
    call.world.errands.announce()


@method(f"{_API}.getIamPolicy", permission="pubsub.subscriptions.getIamPolicy", on=_subscription)
def get_policy(call: Call) -> Json:
    """Return who may use the subscription."""
    _existing(call)
    return get_iam_policy(call, _subscription(call))


@method(f"{_API}.setIamPolicy", permission="pubsub.subscriptions.setIamPolicy", on=_subscription)
def set_policy(call: Call) -> Json:
    """Replace who may use the subscription."""
    _existing(call)
    return set_iam_policy(call, _subscription(call))


@method(f"{_API}.testIamPermissions", on=_subscription)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    _existing(call)
    return test_iam_permissions(call, _subscription(call))


def _put(call: Call, subscription: Document) -> Document:
    subscription["pushConfig"] = subscription.get("pushConfig") or {}
    check_subscription(call, subscription)
    call.tx.put(SUBSCRIPTIONS, subscription["name"], subscription)
    attend(call.tx, subscription)
    active(call.tx, subscription, call.now)
    reconsider_expiry(call.tx)
    call.world.errands.wake()
    return subscription

"""Topics of the Pub/Sub API (v1), and publishing to them."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, unimplemented
from provisioner.sandbox.google.hierarchy import project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.publishing import attached_names, check_messages, detach, publish
from provisioner.sandbox.google.messaging.records import (
    DELETED_TOPIC,
    SERVICE,
    SNAPSHOTS,
    SUBSCRIPTIONS,
    TOPICS,
    canonical_name,
    check_duration,
    check_id,
    found_topic,
    pubsub_resource,
)
from provisioner.sandbox.google.messaging.revisions import check_against_schema, check_schema_settings
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "pubsub.projects.topics"
_SHORTEST_RETENTION, _LONGEST_RETENTION = 600, 2_678_400


def _in_project(call: Call) -> Resource:
    name = call.params.get("project") or call.params["name"]
    return project_resource(call.tx, name.split("/")[1])


def _name(call: Call) -> str:
    return str(call.params.get("topic") or call.params.get("name") or call.params["resource"])


def _topic(call: Call) -> Resource:
    return pubsub_resource(call.tx, _name(call))


def _existing(call: Call) -> Document:
    return found_topic(call.tx, _name(call))


@method(f"{_API}.create", permission="pubsub.topics.create", on=_in_project)
def create(call: Call) -> Json:
    """Create a topic under the name of the URL."""
    name = canonical_name(call.tx, call.params["name"])
    check_id(name)
    if call.tx.get(TOPICS, name) is not None:
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    topic = {key: value for key, value in call.body.items() if value} | {"name": name, "state": "ACTIVE"}
    return _put(call, topic)


@method(f"{_API}.get", permission="pubsub.topics.get", on=_topic)
def get(call: Call) -> Json:
    """Return a topic."""
    return _existing(call)


@method(f"{_API}.list", permission="pubsub.topics.list", on=_in_project)
def list_topics(call: Call) -> Json:
    """Return a page of a project's topics."""
    items, token = page(call, call.tx.scan(TOPICS, f"{canonical_name(call.tx, call.params['project'])}/topics/"))
    return ({"topics": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="pubsub.topics.update", on=_topic)
def patch(call: Call) -> Json:
    """Change what the mask names (in the query or the body)."""
    found = _existing(call)
    paths = read_update_mask(call.params.get("updateMask") or call.body.get("updateMask", ""), "Topic", call.schemas)
    if not paths or any(path[0] in {"name", "state"} for path in paths):
        raise invalid_argument("The update mask is empty or names a field that cannot be changed.")
    changed = {key: value for key, value in apply_update(found, call.body.get("topic", {}), paths).items() if value}
    return _put(call, changed)


@method(f"{_API}.delete", permission="pubsub.topics.delete", on=_topic)
def delete(call: Call) -> None:
    """Delete a topic; its subscriptions keep what they have and name it no more."""
    name = _existing(call)["name"]
    call.tx.delete(TOPICS, name)
    backlog.clear(call.tx, name)
    delete_policy(call.tx, f"//{SERVICE}/{name}")
    for kind, collection in (("subscriptions", SUBSCRIPTIONS), ("snapshots", SNAPSHOTS)):
        for holder in list(attached_names(call.tx, name, kind)):
            detach(call.tx, name, holder)
            found = call.tx.get(collection, holder)
            if found is not None:
                call.tx.put(collection, holder, found | {"topic": DELETED_TOPIC})


@method(f"{_API}.publish", permission="pubsub.topics.publish", on=_topic)
def publish_messages(call: Call) -> Json:
    """Publish up to 1000 messages; all of them or none."""
    topic = _existing(call)
    messages = call.body.get("messages") or []
    check_messages(messages)
    check_against_schema(call.tx, topic, messages)
    if any(not transform.get("disabled") for transform in topic.get("messageTransforms") or ()):
        raise unimplemented("The sandbox does not run message transforms of topics; disable them to publish.")
    return {"messageIds": publish(call.world, call.tx, topic, messages, call.now)}


@method(f"{_API}.subscriptions.list", permission="pubsub.topics.attachSubscription", on=_topic)
def list_subscriptions(call: Call) -> Json:
    """Return a page of the names of a topic's subscriptions."""
    names = attached_names(call.tx, _existing(call)["name"], "subscriptions")
    items, token = page(call, ((name, name) for name in names))
    return ({"subscriptions": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.snapshots.list", permission="pubsub.topics.attachSubscription", on=_topic)
def list_snapshots(call: Call) -> Json:
    """Return a page of the names of a topic's snapshots."""
    names = attached_names(call.tx, _existing(call)["name"], "snapshots")
    items, token = page(call, ((name, name) for name in names))
    return ({"snapshots": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.getIamPolicy", permission="pubsub.topics.getIamPolicy", on=_topic)
def get_policy(call: Call) -> Json:
    """Return who may use the topic."""
    _existing(call)
    return get_iam_policy(call, _topic(call))


@method(f"{_API}.setIamPolicy", permission="pubsub.topics.setIamPolicy", on=_topic)
def set_policy(call: Call) -> Json:
    """Replace who may use the topic."""
    _existing(call)
    return set_iam_policy(call, _topic(call))


@method(f"{_API}.testIamPermissions", on=_topic)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    _existing(call)
    return test_iam_permissions(call, _topic(call))


def _put(call: Call, topic: Document) -> Document:
    retention = topic.get("messageRetentionDuration", "")
    check_duration("message_retention_duration", retention, _SHORTEST_RETENTION, _LONGEST_RETENTION)
    check_schema_settings(call, topic)
    call.tx.put(TOPICS, topic["name"], topic)
    return topic

"""Topics of the Pub/Sub API (v1): the control plane, no messages."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_id, project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "pubsub.googleapis.com"
TOPICS = "google/pubsub.topics"  # by name with the project's id; fields as pubsub v1
SUBSCRIPTIONS = "google/pubsub.subscriptions"
DELETED_TOPIC = "_deleted-topic_"
_API = "pubsub.projects.topics"
_ID = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's id. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, *rest = name.split("/")
    return "/".join(["projects", project_id(tx, owner), *rest])


def pubsub_resource(tx: Transaction, name: str, kind: str) -> Resource:
    """Return a topic or subscription as a thing that permissions are asked for."""
    full = canonical_name(tx, name)
    return inside_project(
        tx, full.split("/")[1], name=full, kind=f"{SERVICE}/{kind}", service=SERVICE, policy=f"//{SERVICE}/{full}"
    )


def check_id(name: str) -> None:
    """Raise ApiError INVALID_ARGUMENT for a resource id against the rules."""
    if not _ID.fullmatch(name.rpartition("/")[2]):
        raise invalid_argument(f"Invalid resource name given (name={name}).")


def _in_project(call: Call) -> Resource:
    name = call.params.get("project") or call.params["name"]
    return project_resource(call.tx, name.split("/")[1])


def _topic(call: Call) -> Resource:
    return pubsub_resource(
        call.tx, call.params.get("topic") or call.params.get("name") or call.params["resource"], "Topic"
    )


def _existing(call: Call) -> Document:
    name = _topic(call).name
    found = call.tx.get(TOPICS, name)
    if found is None:
        raise not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")
    return found


@method(f"{_API}.create", permission="pubsub.topics.create", on=_in_project)
def create(call: Call) -> Json:
    """Create a topic under the name of the URL."""
    name = canonical_name(call.tx, call.params["name"])
    check_id(name)
    if call.tx.get(TOPICS, name) is not None:
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    topic = {key: value for key, value in call.body.items() if value} | {"name": name, "state": "ACTIVE"}
    call.tx.put(TOPICS, name, topic)
    return topic


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
    call.tx.put(TOPICS, found["name"], changed)
    return changed


@method(f"{_API}.delete", permission="pubsub.topics.delete", on=_topic)
def delete(call: Call) -> None:
    """Delete a topic; its subscriptions stay and name it no more."""
    name = _existing(call)["name"]
    call.tx.delete(TOPICS, name)
    delete_policy(call.tx, f"//{SERVICE}/{name}")
    for key, subscription in list(call.tx.scan(SUBSCRIPTIONS)):
        if subscription["topic"] == name:
            call.tx.put(SUBSCRIPTIONS, key, subscription | {"topic": DELETED_TOPIC})


@method(f"{_API}.subscriptions.list", permission="pubsub.topics.attachSubscription", on=_topic)
def list_subscriptions(call: Call) -> Json:
    """Return a page of the names of a topic's subscriptions."""
    name = _existing(call)["name"]
    rows = ((key, key) for key, found in call.tx.scan(SUBSCRIPTIONS) if found["topic"] == name)
    items, token = page(call, rows)
    return ({"subscriptions": items} if items else {}) | ({"nextPageToken": token} if token else {})


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

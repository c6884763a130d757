"""Snapshots of the Pub/Sub API (v1): what a subscription had not acknowledged, and everything published since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument
from provisioner.sandbox.google.hierarchy import project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.publishing import attach, detach
from provisioner.sandbox.google.messaging.records import (
    SERVICE,
    SNAPSHOTS,
    canonical_name,
    check_id,
    found_subscription,
    found_topic,
    missing,
    pubsub_resource,
)
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page, parse_timestamp, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "pubsub.projects.snapshots"
_LIFE, _SHORTEST_LIFE = timedelta(days=7), timedelta(hours=1)
_SHOWN = ("name", "topic", "expireTime", "labels")


def _in_project(call: Call) -> Resource:
    name = call.params.get("project") or call.params["name"]
    return project_resource(call.tx, name.split("/")[1])


def _name(call: Call) -> str:
    return str(call.params.get("snapshot") or call.params.get("name") or call.params["resource"])


def _snapshot(call: Call) -> Resource:
    return pubsub_resource(call.tx, _name(call))


@method(f"{_API}.create", permission="pubsub.snapshots.create", on=_in_project)
def create(call: Call) -> Json:
    """Take a snapshot of a subscription that the caller may read from."""
    name = canonical_name(call.tx, call.params["name"])
    check_id(name)
    if _living(call, name) is not None:
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    given = call.body.get("subscription", "")
    call.require("pubsub.subscriptions.consume", pubsub_resource(call.tx, given))
    subscription = found_subscription(call.tx, given)
    found_topic(call.tx, subscription["topic"])
    snapshot = {
        "name": name,
        "topic": subscription["topic"],
        "filter": subscription.get("filter", ""),
        "expireTime": _expiry(call, subscription),
    } | ({"labels": call.body["labels"]} if call.body.get("labels") else {})
    call.tx.put(SNAPSHOTS, name, snapshot)
    for _, entry in list(backlog.entries(call.tx, subscription["name"])):
        if entry["state"] != "acked":
            backlog.add(call.tx, name, entry["message"])
    attach(call.tx, snapshot["topic"], name)
    return _shown(snapshot)


@method(f"{_API}.get", permission="pubsub.snapshots.get", on=_snapshot)
def get(call: Call) -> Json:
    """Return a snapshot."""
    return _shown(_existing(call))


@method(f"{_API}.list", permission="pubsub.snapshots.list", on=_in_project)
def list_snapshots(call: Call) -> Json:
    """Return a page of a project's snapshots."""
    prefix = f"{canonical_name(call.tx, call.params['project'])}/snapshots/"
    rows = ((key, found) for key, found in list(call.tx.scan(SNAPSHOTS, prefix)) if _living(call, key))
    items, token = page(call, rows)
    shown = {"snapshots": [_shown(item) for item in items]} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="pubsub.snapshots.update", on=_snapshot)
def patch(call: Call) -> Json:
    """Change labels or the expiry."""
    found = _existing(call)
    paths = read_update_mask(call.params.get("updateMask") or call.body.get("updateMask", ""), "Snapshot", call.schemas)
    if not paths or any(path[0] in {"name", "topic"} for path in paths):
        raise invalid_argument("The update mask is empty or names a field that cannot be changed.")
    changed = apply_update(found, call.body.get("snapshot", {}), paths)
    call.tx.put(SNAPSHOTS, found["name"], changed)
    return _shown(changed)


@method(f"{_API}.delete", permission="pubsub.snapshots.delete", on=_snapshot)
def delete(call: Call) -> None:
    """Delete a snapshot and the messages kept for it."""
    _forget(call, _existing(call))


@method(f"{_API}.getIamPolicy", permission="pubsub.snapshots.getIamPolicy", on=_snapshot)
def get_policy(call: Call) -> Json:
    """Return who may use the snapshot."""
    _existing(call)
    return get_iam_policy(call, _snapshot(call))


@method(f"{_API}.setIamPolicy", permission="pubsub.snapshots.setIamPolicy", on=_snapshot)
def set_policy(call: Call) -> Json:
    """Replace who may use the snapshot."""
    _existing(call)
    return set_iam_policy(call, _snapshot(call))


@method(f"{_API}.testIamPermissions", on=_snapshot)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    _existing(call)
    return test_iam_permissions(call, _snapshot(call))


def _existing(call: Call) -> Document:
    found = _living(call, canonical_name(call.tx, _name(call)))
    if found is None:
        raise missing(_name(call))
    return found


def _living(call: Call, name: str) -> Document | None:
    """Return a snapshot; one whose time is over goes when somebody looks."""
    found = call.tx.get(SNAPSHOTS, name)
    if found is not None and parse_timestamp(found["expireTime"]) <= call.now:
        _forget(call, found)
        return None
    return found


def _forget(call: Call, snapshot: Document) -> None:
    detach(call.tx, snapshot["topic"], snapshot["name"])
    backlog.clear(call.tx, snapshot["name"])
    call.tx.delete(SNAPSHOTS, snapshot["name"])
    delete_policy(call.tx, f"//{SERVICE}/{snapshot['name']}")


def _expiry(call: Call, subscription: Document) -> str:
    """Return the end: a week, less the age of the oldest message. See https://cloud.google.com/pubsub/docs/replay-overview."""
    oldest = next(
        (entry for _, entry in backlog.entries(call.tx, subscription["name"]) if entry["state"] != "acked"), None
    )
    age = call.now - parse_timestamp(oldest["message"]["publishTime"]) if oldest else timedelta()
    if _LIFE - age < _SHORTEST_LIFE:
        raise failed_precondition("The snapshot would expire in less than 1 hour after its creation.")
    return timestamp(call.now + _LIFE - age)


def _shown(snapshot: Document) -> Json:
    return {key: snapshot[key] for key in _SHOWN if key in snapshot}

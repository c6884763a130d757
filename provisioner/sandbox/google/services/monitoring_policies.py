"""Alert policies of the Cloud Monitoring API (v3), and the alerts they open: see observability/alerting.py."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.alerting import ALERTS, close_alerts
from provisioner.sandbox.google.observability.conditions import check_conditions
from provisioner.sandbox.google.services.monitoring_channels import (
    CHANNELS,
    POLICIES,
    canonical_name,
    monitored_project,
)
from provisioner.sandbox.google.wire import page, random_number, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "monitoring.projects.alertPolicies"
_PERMISSION = "monitoring.alertPolicies"
_FIXED = ("name", "creationRecord", "mutationRecord")


def alerting_project(call: Call) -> Resource:
    """Return the project whose alerts are asked for."""
    return project_resource(call.tx, call.params["parent"].split("/")[1])


@method(f"{_API}.create", permission=f"{_PERMISSION}.create", on=monitored_project)
def create(call: Call) -> Json:
    """Create a policy; conditions get names below it."""
    name = f"{canonical_name(call)}/alertPolicies/{random_number(19)}"
    sent = {key: value for key, value in call.body.items() if key not in _FIXED}
    return _put(call, {"enabled": True} | sent | {"name": name, "creationRecord": _record(call)})


@method(f"{_API}.get", permission=f"{_PERMISSION}.get", on=monitored_project)
def get(call: Call) -> Json:
    """Return a policy."""
    return _existing(call)


@method(f"{_API}.list", permission=f"{_PERMISSION}.list", on=monitored_project)
def list_policies(call: Call) -> Json:
    """Return a page of a project's policies."""
    items, token = page(call, call.tx.scan(POLICIES, f"{canonical_name(call)}/alertPolicies/"))
    shown: Json = {"alertPolicies": items, "totalSize": len(items)} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission=f"{_PERMISSION}.update", on=monitored_project)
def patch(call: Call) -> Json:
    """Change what the mask names; without one replace everything a user sets."""
    found = _existing(call)
    kept = {key: found[key] for key in _FIXED if key in found}
    changed = {key: value for key, value in call.body.items() if key not in _FIXED} | kept
    if call.params.get("updateMask"):
        paths = read_update_mask(call.params["updateMask"], "AlertPolicy", call.schemas)
        changed = apply_update(found, call.body, paths) | kept
    return _put(call, changed)


@method(f"{_API}.delete", permission=f"{_PERMISSION}.delete", on=monitored_project)
def delete(call: Call) -> None:
    """Delete a policy."""
    name = _existing(call)["name"]
    call.tx.delete(POLICIES, name)
    close_alerts(call.tx, name, call.now)


@method("monitoring.projects.alerts.list", permission="monitoring.alerts.list", on=alerting_project)
def list_alerts(call: Call) -> Json:
    """Return a page of a project's alerts, open and closed."""
    owner = project_id(call.tx, call.params["parent"].split("/")[1])
    items, token = page(call, call.tx.scan(ALERTS, f"projects/{owner}/alerts/"))
    shown: Json = {"alerts": items, "totalSize": len(items)} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method("monitoring.projects.alerts.get", permission="monitoring.alerts.get", on=monitored_project)
def get_alert(call: Call) -> Json:
    """Return an alert."""
    found = call.tx.get(ALERTS, canonical_name(call))
    if found is None:
        raise not_found(f"Cannot find alert {canonical_name(call)}.")
    return found


def _existing(call: Call) -> Document:
    found = call.tx.get(POLICIES, canonical_name(call))
    if found is None:
        raise not_found(f"Cannot find alert policy {canonical_name(call)}.")
    return found


def _put(call: Call, policy: Document) -> Json:
    for required in ("displayName", "combiner", "conditions"):
        if not policy.get(required):
            raise invalid_argument(f"Field alert_policy.{required} is required.", (required, "required"))
    check_conditions(policy)
    for channel in policy.get("notificationChannels", ()):
        if call.tx.get(CHANNELS, channel) is None:
            raise not_found(f"Could not find notification channel {channel}.")
    conditions = [
        {"name": f"{policy['name']}/conditions/{random_number(19)}"} | condition for condition in policy["conditions"]
    ]
    changed = policy | {"conditions": conditions, "mutationRecord": _record(call)}
    call.tx.put(POLICIES, changed["name"], changed)
    call.world.errands.wake()
    return changed


def _record(call: Call) -> Json:
    return {"mutateTime": timestamp(call.now), "mutatedBy": call.caller.email or call.caller.member}

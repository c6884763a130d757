"""Snoozes and uptime checks of the Cloud Monitoring API (v3). Uptime checks are kept and shown, never carried out."""

from __future__ import annotations

import re
import secrets
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.alerting import SNOOZES
from provisioner.sandbox.google.observability.conditions import seconds
from provisioner.sandbox.google.services.monitoring_channels import POLICIES, canonical_name, monitored_project
from provisioner.sandbox.google.wire import page, parse_timestamp, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_SNOOZES = "monitoring.projects.snoozes"
_CHECKS = "monitoring.projects.uptimeCheckConfigs"
_UPTIME = "google/monitoring.uptimeCheckConfigs"
_PERIODS = frozenset((60.0, 300.0, 600.0, 900.0))
_LONGEST_TIMEOUT, _FEWEST_REGIONS, _MOST_POLICIES = 60, 3, 16


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _owner(call: Call) -> str:
    return f"projects/{project_id(call.tx, call.params['parent'].split('/')[1])}"


@method(f"{_SNOOZES}.create", permission="monitoring.snoozes.create", on=_parent)
def create_snooze(call: Call) -> Json:
    """Keep some policies quiet for a while."""
    name = f"{_owner(call)}/snoozes/{random_number(19)}"
    return _put_snooze(call, call.body | {"name": name})


@method(f"{_SNOOZES}.get", permission="monitoring.snoozes.get", on=monitored_project)
def get_snooze(call: Call) -> Json:
    """Return a snooze."""
    return _existing(call, SNOOZES)


@method(f"{_SNOOZES}.list", permission="monitoring.snoozes.list", on=_parent)
def list_snoozes(call: Call) -> Json:
    """Return a page of a project's snoozes."""
    items, token = page(call, call.tx.scan(SNOOZES, f"{_owner(call)}/snoozes/"))
    return ({"snoozes": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_SNOOZES}.patch", permission="monitoring.snoozes.update", on=monitored_project)
def patch_snooze(call: Call) -> Json:
    """Change the title or the times of a snooze that is not over."""
    found = _existing(call, SNOOZES)
    paths = read_update_mask(call.params.get("updateMask", ""), "Snooze", call.schemas)
    if not paths or any(path[0] not in {"displayName", "interval"} for path in paths):
        raise invalid_argument("The update mask must name display_name, interval.start_time or interval.end_time.")
    if parse_timestamp(found["interval"]["endTime"]) <= call.now:
        raise invalid_argument("A snooze that is over cannot be changed.")
    return _put_snooze(call, apply_update(found, call.body, paths))


@method(f"{_CHECKS}.create", permission="monitoring.uptimeCheckConfigs.create", on=_parent)
def create_check(call: Call) -> Json:
    """Create an uptime check."""
    slug = re.sub(r"[^a-z0-9]+", "-", call.body.get("displayName", "").lower()).strip("-") or "check"
    return _put_check(
        call, call.body | {"name": f"{_owner(call)}/uptimeCheckConfigs/{slug}-{secrets.token_urlsafe(8)}"}
    )


@method(f"{_CHECKS}.get", permission="monitoring.uptimeCheckConfigs.get", on=monitored_project)
def get_check(call: Call) -> Json:
    """Return an uptime check."""
    return _existing(call, _UPTIME)


@method(f"{_CHECKS}.list", permission="monitoring.uptimeCheckConfigs.list", on=_parent)
def list_checks(call: Call) -> Json:
    """Return a page of a project's uptime checks."""
    items, token = page(call, call.tx.scan(_UPTIME, f"{_owner(call)}/uptimeCheckConfigs/"))
    shown: Json = {"uptimeCheckConfigs": items, "totalSize": len(items)} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(f"{_CHECKS}.patch", permission="monitoring.uptimeCheckConfigs.update", on=monitored_project)
def patch_check(call: Call) -> Json:
    """Change what the mask names; without one replace everything a user sets."""
    found = _existing(call, _UPTIME)
    mask = call.params.get("updateMask")
    changed = (
        apply_update(found, call.body, read_update_mask(mask, "UptimeCheckConfig", call.schemas)) if mask else call.body
    )
    if changed.get("monitoredResource", found.get("monitoredResource")) != found.get("monitoredResource"):
        raise invalid_argument("The monitored resource of an uptime check cannot be changed.")
    return _put_check(call, changed | {"name": found["name"]})


@method(f"{_CHECKS}.delete", permission="monitoring.uptimeCheckConfigs.delete", on=monitored_project)
def delete_check(call: Call) -> None:
    """Delete an uptime check."""
    call.tx.delete(_UPTIME, _existing(call, _UPTIME)["name"])


def _existing(call: Call, collection: str) -> Document:
    found = call.tx.get(collection, canonical_name(call))
    if found is None:
        raise not_found(f"Cannot find {canonical_name(call)}.")
    return found


def _put_snooze(call: Call, snooze: Document) -> Document:
    interval, policies = snooze.get("interval") or {}, (snooze.get("criteria") or {}).get("policies") or []
    if not snooze.get("displayName") or not interval.get("startTime") or not interval.get("endTime"):
        raise invalid_argument("A snooze needs a display_name and an interval.")
    if parse_timestamp(interval["endTime"]) <= parse_timestamp(interval["startTime"]):
        raise invalid_argument("A snooze's interval.end_time must be after its start_time.")
    if not 1 <= len(policies) <= _MOST_POLICIES:
        raise invalid_argument(f"A snooze's criteria.policies must be 1 to {_MOST_POLICIES} alert policies.")
    for policy in policies:
        if call.tx.get(POLICIES, policy) is None:
            raise not_found(f"Cannot find alert policy {policy}.")
    call.tx.put(SNOOZES, snooze["name"], snooze)
    return snooze


def _put_check(call: Call, check: Document) -> Document:
    changed = {"period": "60s", "checkerType": "STATIC_IP_CHECKERS"} | check
    if not changed.get("displayName"):
        raise invalid_argument("Field uptime_check_config.display_name is required.")
    for choice in (
        ("httpCheck", "tcpCheck", "syntheticMonitor"),
        ("monitoredResource", "resourceGroup", "syntheticMonitor"),
    ):
        if len(changed.keys() & set(choice)) != 1:
            raise invalid_argument(f"An uptime check has exactly one of {', '.join(choice)}.")
    if seconds(changed["period"]) not in _PERIODS:
        raise invalid_argument("Field uptime_check_config.period must be 60s, 300s, 600s or 900s.")
    if not 1 <= seconds(changed.get("timeout", "")) <= _LONGEST_TIMEOUT:
        raise invalid_argument(f"Field uptime_check_config.timeout must be between 1s and {_LONGEST_TIMEOUT}s.")
    if 0 < len(changed.get("selectedRegions", ())) < _FEWEST_REGIONS:
        raise invalid_argument(f"Field uptime_check_config.selected_regions needs at least {_FEWEST_REGIONS} regions.")
    call.tx.put(_UPTIME, changed["name"], changed)
    return changed

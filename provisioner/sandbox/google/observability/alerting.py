"""Alerts: opened when a policy's conditions hold, closed when they do not any more.

Thresholds and absences of metrics are looked at when points are written and as the clock passes, each time for the
last ``duration``. An alert is told to Pub/Sub channels (Monitoring's agent needs the right to publish) and to webhooks
on loopback, unless a snooze covers it. https://cloud.google.com/monitoring/alerts/concepts-indepth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.observability.aligning import Measured, aggregate, number_of, read_aggregation
from provisioner.sandbox.google.observability.conditions import seconds, selection_of
from provisioner.sandbox.google.observability.points import find_series, points_of
from provisioner.sandbox.google.outbound import Outgoing, Undelivered, deliver
from provisioner.sandbox.google.wire import parse_timestamp, random_number, timestamp
from provisioner.sandbox.http import Application
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
ALERTS = "google/monitoring.alerts"  # by name with the project's id; fields as monitoring v3
SNOOZES = "google/monitoring.snoozes"
_POLICIES = "google/monitoring.alertPolicies"
_CHANNELS = "google/monitoring.notificationChannels"
_OPEN = "google/monitoring.openAlerts"  # policy -> {"alert": name}
_EVERY = timedelta(minutes=1)
_DEFAULT_PERIOD = 60.0


def evaluate_policies(world: World, application: Application) -> datetime:
    """Open and close what the points say; return when to look again."""
    now = world.clock.now()
    webhooks: list[Outgoing] = []
    with world.store.transaction() as tx:
        for _, policy in list(tx.scan(_POLICIES)):
            webhooks += _evaluate(world, tx, policy, now)
    for outgoing in webhooks:
        try:
            deliver(application, outgoing)
        except Undelivered:
            continue  # nobody is there to be told
    return now + _EVERY


def close_alerts(tx: Transaction, policy: str, now: datetime) -> None:
    """Close the open alert of a policy that is gone or off."""
    kept = tx.get(_OPEN, policy)
    if kept is not None:
        tx.delete(_OPEN, policy)
        alert = tx.get(ALERTS, kept["alert"]) or {}
        tx.put(ALERTS, kept["alert"], alert | {"state": "CLOSED", "closeTime": timestamp(now)})


def _evaluate(world: World, tx: Transaction, policy: Document, now: datetime) -> list[Outgoing]:
    opened = tx.get(_OPEN, policy["name"])
    violating = _violation(tx, policy, now) if policy.get("enabled", True) else None
    if (violating is None) == (opened is None):
        return []
    if violating is None:
        name = (opened or {})["alert"]
        close_alerts(tx, policy["name"], now)
    else:
        name = _open(tx, policy, violating, now)
    alert = tx.get(ALERTS, name) or {}
    return list(_notify(world, tx, policy, alert, now))


def _violation(tx: Transaction, policy: Document, now: datetime) -> Measured | None:
    """Return a series for which the policy's conditions hold as its combiner says, None if they do not."""
    found = [_violating(tx, policy["name"].split("/")[1], condition, now) for condition in policy["conditions"]]
    held = [series for series in found if series is not None]
    wanted = len(found) if policy.get("combiner", "OR").startswith("AND") else 1
    return held[0] if len(held) >= wanted else None


def _violating(tx: Transaction, project: str, condition: Json, now: datetime) -> Measured | None:
    try:
        if "conditionThreshold" in condition:
            return _over(tx, project, condition["conditionThreshold"], now)
        if "conditionAbsent" in condition:
            return _absent(tx, project, condition["conditionAbsent"], now)
    except ApiError:  # an aggregation that is not played: the policy never fires
        return None
    return None


def _over(tx: Transaction, project: str, condition: Json, now: datetime) -> Measured | None:
    limit = float(condition.get("thresholdValue") or 0)
    greater = condition["comparison"] == "COMPARISON_GT"
    for series in _series(tx, project, condition, now):
        numbers = [number for number in (number_of(point["value"]) for point in series.points) if number is not None]
        if numbers and all((number > limit) if greater else (number < limit) for number in numbers):
            return series
    return None


def _absent(tx: Transaction, project: str, condition: Json, now: datetime) -> Measured | None:
    """Return a series that was measured before and has no point in the last duration."""
    selection = selection_of("condition", condition["filter"])
    start = now - timedelta(seconds=seconds(condition.get("duration", "")))
    for key, kept in find_series(tx, project, selection.metric_type):
        if selection.test(kept) and not points_of(tx, key, start, now, now) and parse_timestamp(kept["lastEnd"]) <= now:
            return Measured(kept["metric"], kept["resource"], kept["metricKind"], kept["valueType"], [])
    return None


def _series(tx: Transaction, project: str, condition: Json, now: datetime) -> list[Measured]:
    selection = selection_of("condition", condition["filter"])
    periods = [seconds(each.get("alignmentPeriod", "")) for each in condition.get("aggregations", ())]
    length = max(seconds(condition.get("duration", "")), *periods, _DEFAULT_PERIOD)
    start = now - timedelta(seconds=length)
    found = [
        Measured(kept["metric"], kept["resource"], kept["metricKind"], kept["valueType"],
                 points_of(tx, key, start, now, now))
        for key, kept in find_series(tx, project, selection.metric_type)
        if selection.test(kept)
    ]  # fmt: skip
    for body in condition.get("aggregations", ()):
        found = aggregate(found, read_aggregation(body, "aggregation"), now)
    return [series for series in found if series.points]


def _open(tx: Transaction, policy: Document, series: Measured, now: datetime) -> str:
    name = f"{policy['name'].partition('/alertPolicies/')[0]}/alerts/{random_number(19)}"
    told = {key: policy[key] for key in ("name", "displayName", "severity", "userLabels") if key in policy}
    alert = {
        "name": name,
        "state": "OPEN",
        "openTime": timestamp(now),
        "policy": told,
        "metric": series.metric,
        "resource": series.resource,
    }
    tx.put(ALERTS, name, alert)
    tx.put(_OPEN, policy["name"], {"alert": name})
    return name


def _notify(world: World, tx: Transaction, policy: Document, alert: Json, now: datetime) -> Iterator[Outgoing]:
    if _snoozed(tx, policy["name"], now):
        return
    content = json.dumps({"version": "1.2", "incident": _incident(policy, alert)}).encode()
    for name in policy.get("notificationChannels", ()):
        channel = tx.get(_CHANNELS, name)
        if channel is None or not channel.get("enabled", True):
            continue
        if channel["type"] == "pubsub":
            _publish(world, tx, channel, content, now)
        elif channel["type"].startswith("webhook_"):
            yield Outgoing("POST", channel["labels"]["url"], {"Content-Type": "application/json"}, content)


def _publish(world: World, tx: Transaction, channel: Document, content: bytes, now: datetime) -> None:
    from provisioner.sandbox.google.messaging.dead_letters import agent_may  # noqa: PLC0415 - few channels need it
    from provisioner.sandbox.google.messaging.publishing import publish_event  # noqa: PLC0415 - likewise

    owner = find_project(tx, channel["name"].split("/")[1]) or {}
    agent = f"service-{owner.get('projectNumber')}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    topic = channel["labels"]["topic"]
    try:
        allowed = agent_may(tx, agent, "pubsub.topics.publish", topic, now)
    except ApiError:  # the topic's project is gone
        return
    if allowed:
        publish_event(world, tx, topic, content, {})


def _snoozed(tx: Transaction, policy: str, now: datetime) -> bool:
    for _, snooze in tx.scan(SNOOZES, f"{policy.partition('/alertPolicies/')[0]}/snoozes/"):
        interval = snooze["interval"]
        covered = parse_timestamp(interval["startTime"]) <= now < parse_timestamp(interval["endTime"])
        if covered and policy in snooze["criteria"].get("policies", ()):
            return True
    return False


def _incident(policy: Document, alert: Mapping[str, Any]) -> Json:
    ended = alert.get("closeTime")
    return {
        "incident_id": alert["name"].rpartition("/")[2],
        "state": "open" if alert["state"] == "OPEN" else "closed",
        "started_at": int(parse_timestamp(alert["openTime"]).timestamp()),
        "ended_at": int(parse_timestamp(ended).timestamp()) if ended else None,
        "policy_name": policy["displayName"],
        "condition_name": policy["conditions"][0]["displayName"],
        "metric": alert["metric"],
        "resource": alert["resource"],
        "scoping_project_id": policy["name"].split("/")[1],
        "documentation": policy.get("documentation", {}),
    }

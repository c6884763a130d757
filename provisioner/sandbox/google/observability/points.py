"""Time series: what is measured, point by point.

A series is its metric and resource with all labels; its points are kept in a ring, newest over oldest, and are read
for six weeks: https://cloud.google.com/monitoring/quotas#data_retention_policy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
# "<project id>|<metric type>|<digest of the labels>" -> {"metric", "resource", "metricKind", "valueType", "lastEnd",
# "slot"}; points under "<that key>|<slot>".
SERIES = "google/monitoring.timeSeries"
POINTS = "google/monitoring.points"
_KEPT = 5000
_RETENTION = timedelta(days=42)


def series_key(project: str, metric: Json, resource: Json) -> str:
    """Return the key of a series."""
    identity = [metric.get("labels") or {}, resource["type"], resource.get("labels") or {}]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]
    return f"{project}|{metric['type']}|{digest}"


def find_series(tx: Transaction, project: str, metric_type: str = "") -> Iterator[tuple[str, Document]]:
    """Yield (key, series) of a project, of one metric type if given."""
    yield from tx.scan(SERIES, f"{project}|{metric_type}|" if metric_type else f"{project}|")


def write_point(tx: Transaction, key: str, series: Json, point: Json) -> None:
    """Add a point to a series, which is made on its first point."""
    kept = tx.get(SERIES, key) or {"slot": -1}
    slot = (kept["slot"] + 1) % _KEPT
    tx.put(SERIES, key, kept | series | {"slot": slot, "lastEnd": point["interval"]["endTime"]})
    tx.put(POINTS, f"{key}|{slot:04d}", point)


def add_to_minute(tx: Transaction, key: str, series: Json, amount: int, now: datetime) -> None:
    """Count into the point of the current minute of a DELTA series of whole numbers."""
    start = now.replace(second=0, microsecond=0)
    interval = {"startTime": timestamp(start), "endTime": timestamp(start + timedelta(minutes=1))}
    kept = tx.get(SERIES, key)
    if kept is not None and kept["lastEnd"] == interval["endTime"]:
        point = tx.get(POINTS, f"{key}|{kept['slot']:04d}")
        if point is not None:
            total = int(point["value"]["int64Value"]) + amount
            tx.put(POINTS, f"{key}|{kept['slot']:04d}", point | {"value": {"int64Value": str(total)}})
            return
    write_point(tx, key, series, {"interval": interval, "value": {"int64Value": str(amount)}})


def points_of(tx: Transaction, key: str, start: datetime, end: datetime, now: datetime) -> list[Json]:
    """Return the points that end in (start, end], newest first; with start equal to end those of that instant."""
    oldest = now - _RETENTION
    found = []
    for _, point in tx.scan(POINTS, f"{key}|"):
        ends = parse_timestamp(point["interval"]["endTime"])
        if ends > oldest and (start < ends <= end or start == ends == end):
            found.append((ends, point))
    return [point for _, point in sorted(found, key=lambda pair: pair[0], reverse=True)]


def delete_series(tx: Transaction, project: str, metric_type: str) -> None:
    """Forget everything measured of a metric type."""
    for collection in (SERIES, POINTS):
        for key, _ in list(tx.scan(collection, f"{project}|{metric_type}|")):
            tx.delete(collection, key)

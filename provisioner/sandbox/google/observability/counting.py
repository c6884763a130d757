"""Log-based metrics: each entry that fits counts one, per value of the metric's labels.

Counters are counted; metrics with a ``valueExtractor`` (distributions) are kept and shown only.
https://cloud.google.com/logging/docs/logs-based-metrics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.observability.points import add_to_minute, series_key
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
METRICS = "google/logging.metrics"  # by "projects/<id>/metrics/<name>"; fields as logging v2
_EXTRACT = re.compile(r'(EXTRACT|REGEXP_EXTRACT)\(\s*([A-Za-z0-9_.\-/"]+)\s*(?:,\s*"((?:[^"\\]|\\.)*)"\s*)?\)')
_PART = re.compile(r'"([^"]*)"|([^."]+)')


def valid_extractor(text: str) -> bool:
    """Tell whether a text is EXTRACT(field) or REGEXP_EXTRACT(field, "regex with one group")."""
    found = _EXTRACT.fullmatch(text.strip())
    if found is None or (found[1] == "REGEXP_EXTRACT") != (found[3] is not None):
        return False
    try:
        return found[3] is None or re.compile(found[3]).groups == 1
    except re.error:
        return False


def count(tx: Transaction, owner: str, metric: Document, entry: Json, now: datetime) -> None:
    """Count an entry that fits a metric's filter."""
    if metric.get("valueExtractor"):
        return
    labels = {name: _extracted(text, entry) for name, text in metric.get("labelExtractors", {}).items()}
    series = {
        "metric": {"type": metric["metricDescriptor"]["type"]} | ({"labels": labels} if labels else {}),
        "resource": entry["resource"],
        "metricKind": "DELTA",
        "valueType": "INT64",
    }
    key = series_key(owner.partition("/")[2], series["metric"], series["resource"])
    add_to_minute(tx, key, series, 1, now)


def _extracted(text: str, entry: Json) -> str:
    found = _EXTRACT.fullmatch(text.strip())
    if found is None:
        return ""
    value: Any = entry
    for quoted, plain in _PART.findall(found[2]):
        value = value.get(quoted or plain) if isinstance(value, Mapping) else None
    shown = "" if value is None else str(value)
    if found[3] is None:
        return shown
    matched = re.search(found[3], shown)
    return matched[1] or "" if matched else ""

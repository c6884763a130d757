"""Metric descriptors: Google's own, those of log-based metrics, and those that clients or their points make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.observability.counting import METRICS
from provisioner.sandbox.google.observability.descriptors import metric_descriptors
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
DESCRIPTORS = "google/monitoring.metricDescriptors"  # "<project id>|<type>"; fields as monitoring v3, without the name


def descriptors_of(tx: Transaction, project: str) -> Iterator[tuple[str, Json]]:
    """Yield (type, descriptor) of everything a project can measure, sorted."""
    found = dict(metric_descriptors())
    for _, metric in tx.scan(METRICS, f"projects/{project}/metrics/"):
        found[metric["metricDescriptor"]["type"]] = metric["metricDescriptor"]
    for key, kept in tx.scan(DESCRIPTORS, f"{project}|"):
        found[key.partition("|")[2]] = kept
    yield from sorted(found.items())


def descriptor_of(tx: Transaction, project: str, metric_type: str) -> Json | None:
    """Return the descriptor of a type, or None."""
    kept = tx.get(DESCRIPTORS, f"{project}|{metric_type}")
    return kept or next((each for kind, each in descriptors_of(tx, project) if kind == metric_type), None)


def describe_series(tx: Transaction, project: str, where: str, series: Json, value_type: str) -> str:
    """Return the kind of a series that is written, making the descriptor of a new metric.

    Raises ApiError INVALID_ARGUMENT where kind or value type are not those of the descriptor.
    """
    metric = series["metric"]
    kept = tx.get(DESCRIPTORS, f"{project}|{metric['type']}")
    kind = series.get("metricKind") or "METRIC_KIND_UNSPECIFIED"
    if kept is None:
        kept = _described(where, metric, "GAUGE" if kind == "METRIC_KIND_UNSPECIFIED" else kind, value_type)
    for field, given in (("metricKind", kind), ("valueType", value_type)):
        if given != kept[field] and "UNSPECIFIED" not in given:
            raise invalid_argument(
                f'Field {where}.{field} had an invalid value of "{given}": The {field} for metric {metric["type"]} is '
                f"{kept[field]}."
            )
    tx.put(DESCRIPTORS, f"{project}|{metric['type']}", _with_labels(kept, metric))
    return str(kept["metricKind"])


def _described(where: str, metric: Json, kind: str, value_type: str) -> Document:
    if kind not in {"GAUGE", "CUMULATIVE"}:
        raise invalid_argument(
            f'Field {where}.metricKind had an invalid value of "{kind}": it must be GAUGE or CUMULATIVE.'
        )
    return {"type": metric["type"], "metricKind": kind, "valueType": value_type, "labels": []}


def _with_labels(descriptor: Document, metric: Json) -> Document:
    known = {label["key"] for label in descriptor.get("labels", [])}
    new = [{"key": key} for key in sorted((metric.get("labels") or {}).keys() - known)]
    return descriptor | {"labels": [*descriptor.get("labels", []), *new]}

"""Log-based metrics of the Cloud Logging API (v2). Counters count: see observability/counting.py."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.counting import METRICS, valid_extractor
from provisioner.sandbox.google.observability.language import QueryError, parse_query
from provisioner.sandbox.google.observability.points import delete_series
from provisioner.sandbox.google.observability.routing import note_route
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "logging.projects.metrics"
_NAME = re.compile(r"[A-Za-z0-9_\-.,+!*',()%/]{1,100}")
_SERVER_FIELDS = frozenset(("createTime", "updateTime", "resourceName"))


def _project(call: Call) -> Resource:
    return project_resource(call.tx, (call.params.get("parent") or call.params["metricName"]).split("/")[1])


def _key(call: Call, name: str) -> str:
    owner = project_id(call.tx, (call.params.get("parent") or call.params["metricName"]).split("/")[1])
    return f"projects/{owner}/metrics/{name}"


def _existing(call: Call) -> Document:
    name = unquote(call.params["metricName"].split("/", 3)[3])
    found = call.tx.get(METRICS, _key(call, name))
    if found is None:
        raise not_found(f"Metric {name} does not exist.")
    return found


@method(f"{_API}.create", permission="logging.logMetrics.create", on=_project)
def create(call: Call) -> Json:
    """Create a metric under the name in the body."""
    name = call.body.get("name", "")
    if call.tx.get(METRICS, _key(call, name)) is not None:
        raise already_exists(f"Metric {name} already exists")
    return _put(call, name, call.body, timestamp(call.now))


@method(f"{_API}.get", permission="logging.logMetrics.get", on=_project)
def get(call: Call) -> Json:
    """Return a metric."""
    return _existing(call)


@method(f"{_API}.list", permission="logging.logMetrics.list", on=_project)
def list_metrics(call: Call) -> Json:
    """Return a page of a project's metrics."""
    items, token = page(call, call.tx.scan(METRICS, _key(call, "")))
    return ({"metrics": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.update", permission="logging.logMetrics.update", on=_project)
def update(call: Call) -> Json:
    """Replace a metric, or create it."""
    name = unquote(call.params["metricName"].split("/", 3)[3])
    found = call.tx.get(METRICS, _key(call, name)) or {}
    if call.body.get("name", name) != name:
        raise invalid_argument("The metric's name cannot be changed.", ("metric.name", "immutable"))
    return _put(call, name, call.body, found.get("createTime") or timestamp(call.now))


@method(f"{_API}.delete", permission="logging.logMetrics.delete", on=_project)
def delete(call: Call) -> None:
    """Delete a metric."""
    found = _existing(call)
    key = _key(call, found["name"])
    call.tx.delete(METRICS, key)
    delete_series(call.tx, key.split("/")[1], found["metricDescriptor"]["type"])


def _check(sent: Json) -> None:
    try:
        parse_query(sent["filter"])
    except QueryError as error:
        raise invalid_argument(str(error), ("metric.filter", "invalid")) from None
    declared = {label["key"] for label in sent.get("metricDescriptor", {}).get("labels", ())}
    for label, extractor in sent.get("labelExtractors", {}).items():
        if label not in declared:
            raise invalid_argument(f"The label extractor {label!r} has no label in the metric descriptor.")
        if not valid_extractor(extractor):
            raise invalid_argument(f"The label extractor {extractor!r} is not valid.")
    if sent.get("valueExtractor") and not valid_extractor(sent["valueExtractor"]):
        raise invalid_argument(f"The value extractor {sent['valueExtractor']!r} is not valid.")


def _put(call: Call, name: str, sent: Json, created: str) -> Json:
    if not _NAME.fullmatch(name):
        raise invalid_argument(f"Invalid metric name {name!r}.", ("metric.name", "invalid"))
    if not sent.get("filter"):
        raise invalid_argument("The filter must not be empty.", ("metric.filter", "required"))
    _check(sent)
    key = _key(call, name)
    kind = f"logging.googleapis.com/user/{name}"
    plain = {"metricKind": "DELTA", "valueType": "INT64", "unit": "1"}
    descriptor = plain | sent.get("metricDescriptor", {})
    descriptor |= {"name": f"{key.partition('/metrics/')[0]}/metricDescriptors/{kind}", "type": kind}
    metric = {field: value for field, value in sent.items() if field not in _SERVER_FIELDS and value} | {
        "name": name,
        "resourceName": f"{key.partition('/metrics/')[0]}/metrics/{quote(name, safe='')}",
        "metricDescriptor": descriptor,
        "createTime": created,
        "updateTime": timestamp(call.now),
    }
    call.tx.put(METRICS, key, metric)
    note_route(call.tx, key.partition("/metrics/")[0])
    return metric

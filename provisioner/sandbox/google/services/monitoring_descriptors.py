"""Descriptors of the Cloud Monitoring API (v3): of metrics, monitored resources and notification channels."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from provisioner.sandbox.google.errors import invalid_argument, not_found, permission_denied
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.channel_types import channel_descriptors
from provisioner.sandbox.google.observability.custom_metrics import DESCRIPTORS, descriptor_of, descriptors_of
from provisioner.sandbox.google.observability.descriptors import metric_descriptors, resource_descriptors
from provisioner.sandbox.google.observability.points import delete_series
from provisioner.sandbox.google.observability.selecting import FilterError, parse_selection
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]
_METRICS = "monitoring.projects.metricDescriptors"
_RESOURCES = "monitoring.projects.monitoredResourceDescriptors"
_CHANNELS = "monitoring.projects.notificationChannelDescriptors"
_WRITABLE = re.compile(r"(custom|external|workload|prometheus)\.googleapis\.com/[A-Za-z0-9_./-]{1,200}")
_MOST_LABELS = 30


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


def _project_id(call: Call) -> str:
    return project_id(call.tx, call.params["name"].split("/")[1])


def _last(call: Call) -> str:
    return unquote(call.params["name"].split("/", 3)[3])


@method(f"{_METRICS}.create", permission="monitoring.metricDescriptors.create", on=_project)
def create_metric(call: Call) -> Json:
    """Create or replace the descriptor of a custom metric; labels can only be added."""
    kind = call.body.get("type", "")
    if not _WRITABLE.fullmatch(kind):
        raise invalid_argument(f'Field metricDescriptor.type had an invalid value of "{kind}".')
    for field in ("metricKind", "valueType"):
        if "UNSPECIFIED" in call.body.get(field, "UNSPECIFIED"):
            raise invalid_argument(f"Field metricDescriptor.{field} must be set.")
    if len(call.body.get("labels", [])) > _MOST_LABELS:
        raise invalid_argument(f"Field metricDescriptor.labels has more than {_MOST_LABELS} elements.")
    key = f"{_project_id(call)}|{kind}"
    kept = call.tx.get(DESCRIPTORS, key)
    made = {field: value for field, value in call.body.items() if field != "name"}
    if kept and any(kept[field] != made[field] for field in ("metricKind", "valueType")):
        raise invalid_argument("The metric kind and value type of a metric descriptor cannot be changed.")
    call.tx.put(DESCRIPTORS, key, made)
    return _metric(call, made)


@method(f"{_METRICS}.get", permission="monitoring.metricDescriptors.get", on=_project)
def get_metric(call: Call) -> Json:
    """Return a metric's descriptor."""
    found = descriptor_of(call.tx, _project_id(call), _last(call))
    if found is None:
        raise not_found(f"Could not find descriptor for metric '{_last(call)}'.")
    return _metric(call, found)


@method(f"{_METRICS}.list", permission="monitoring.metricDescriptors.list", on=_project)
def list_metrics(call: Call) -> Json:
    """Return a page of the metrics a project has."""
    found = [(kind, each) for kind, each in descriptors_of(call.tx, _project_id(call)) if _wanted(call, kind)]
    items, token = page(call, found, default=10000, maximum=10000)
    shown = {"metricDescriptors": [_metric(call, item) for item in items]} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(f"{_METRICS}.delete", permission="monitoring.metricDescriptors.delete", on=_project)
def delete_metric(call: Call) -> None:
    """Delete a custom metric's descriptor and its time series."""
    if _last(call) in metric_descriptors():
        raise permission_denied("Only custom metrics can be deleted.")
    if not call.tx.delete(DESCRIPTORS, f"{_project_id(call)}|{_last(call)}"):
        raise not_found(f"Could not find descriptor for metric '{_last(call)}'.")
    delete_series(call.tx, _project_id(call), _last(call))


@method(f"{_RESOURCES}.get", permission="monitoring.monitoredResourceDescriptors.get", on=_project)
def get_resource(call: Call) -> Json:
    """Return the descriptor of a kind of monitored resource."""
    found = next((each for each in resource_descriptors() if each["type"] == _last(call)), None)
    if found is None:
        raise not_found(f"Could not find descriptor for monitored resource '{_last(call)}'.")
    return _resource(call, found)


@method(f"{_RESOURCES}.list", permission="monitoring.monitoredResourceDescriptors.list", on=_project)
def list_resources(call: Call) -> Json:
    """Return a page of the kinds of monitored resources."""
    rows = ((each["type"], _resource(call, each)) for each in resource_descriptors())
    items, token = page(call, rows, default=1000)
    return {"resourceDescriptors": items} | ({"nextPageToken": token} if token else {})


@method(f"{_CHANNELS}.get", permission="monitoring.notificationChannelDescriptors.get", on=_project)
def get_channel(call: Call) -> Json:
    """Return the descriptor of a kind of notification channel."""
    found = channel_descriptors().get(_last(call))
    if found is None:
        raise not_found(f"Cannot find notification channel descriptor {_last(call)}.")
    return _channel(call, found)


@method(f"{_CHANNELS}.list", permission="monitoring.notificationChannelDescriptors.list", on=_project)
def list_channels(call: Call) -> Json:
    """Return a page of the kinds of notification channels."""
    rows = ((kind, _channel(call, each)) for kind, each in sorted(channel_descriptors().items()))
    items, token = page(call, rows)
    return {"channelDescriptors": items} | ({"nextPageToken": token} if token else {})


def _wanted(call: Call, kind: str) -> bool:
    text = call.params.get("filter") or ""
    if not text:
        return True
    try:
        return parse_selection(text).test({"metric": {"type": kind}, "resource": {"type": ""}})
    except FilterError as error:
        raise invalid_argument(f'Field filter had an invalid value of "{text}": {error}') from None


def _metric(call: Call, descriptor: Json) -> Json:
    return descriptor | {"name": f"projects/{_project_id(call)}/metricDescriptors/{descriptor['type']}"}


def _resource(call: Call, descriptor: Json) -> Json:
    name = f"projects/{_project_id(call)}/monitoredResourceDescriptors/{descriptor['type']}"
    return descriptor | {"name": name}


def _channel(call: Call, descriptor: Json) -> Json:
    name = f"projects/{_project_id(call)}/notificationChannelDescriptors/{descriptor['type']}"
    return descriptor | {"name": name}

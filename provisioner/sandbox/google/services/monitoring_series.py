"""Time series of the Cloud Monitoring API (v3): points written by clients, read with filters and aggregation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.method import Answer, Call, Resource, method
from provisioner.sandbox.google.observability.aligning import Measured, aggregate, read_aggregation
from provisioner.sandbox.google.observability.custom_metrics import describe_series, descriptor_of
from provisioner.sandbox.google.observability.descriptors import resource_labels
from provisioner.sandbox.google.observability.points import SERIES, find_series, points_of, series_key, write_point
from provisioner.sandbox.google.observability.selecting import FilterError, Selection, parse_selection
from provisioner.sandbox.google.wire import page, parse_timestamp, timestamp
from provisioner.sandbox.http import json_response

Json = dict[str, Any]
_API = "monitoring.projects.timeSeries"
_MOST_SERIES, _LARGEST_PAGE = 200, 100_000
_OLDEST, _NEWEST = timedelta(hours=25), timedelta(minutes=5)
_FASTEST = timedelta(seconds=5)
_WRITABLE = re.compile(r"(custom|external|workload)\.googleapis\.com/.+")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_KINDS = {"int64Value": "INT64", "doubleValue": "DOUBLE", "boolValue": "BOOL", "stringValue": "STRING",
          "distributionValue": "DISTRIBUTION"}  # fmt: skip


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


def _project_id(call: Call) -> str:
    return project_id(call.tx, call.params["name"].split("/")[1])


@method(f"{_API}.create", permission="monitoring.timeSeries.create", on=_project)
def create(call: Call) -> Answer:
    """Write one point to each of up to 200 series; the good ones are kept even if others are refused."""
    sent = call.body.get("timeSeries") or []
    if not 1 <= len(sent) <= _MOST_SERIES:
        raise invalid_argument(f"Field timeSeries must have 1 to {_MOST_SERIES} elements, not {len(sent)}.")
    problems: dict[int, ApiError] = {}
    seen: set[str] = set()
    for index, series in enumerate(sent):
        try:
            _write(call, index, series, seen)
        except ApiError as error:
            problems[index] = error
    call.world.errands.wake()
    return _summary(problems, len(sent)) if problems else {}


@method(f"{_API}.list", permission="monitoring.timeSeries.list", on=_project)
def list_series(call: Call) -> Json:
    """Return a page of series with their points in an interval, newest first."""
    selection = _selection(call.params.get("filter") or "")
    start, end = _interval(call)
    found = _measured(call, selection, start, end)
    for prefix in ("aggregation", "secondaryAggregation"):
        found = aggregate(found, read_aggregation(_nested(call, prefix), prefix), end)
    found = [series for series in found if series.points]
    items, token = page(call, sorted(_keyed(found)), default=_LARGEST_PAGE, maximum=_LARGEST_PAGE)
    headers = call.params.get("view") == "HEADERS"
    shown: Json = {"timeSeries": [_shown(item, headers=headers) for item in items]} if items else {}
    return shown | {"unit": _unit(call, selection)} | ({"nextPageToken": token} if token else {})


def _write(call: Call, index: int, series: Json, seen: set[str]) -> None:
    where = f"timeSeries[{index}]"
    project = _project_id(call)
    metric, resource = series.get("metric") or {}, dict(series.get("resource") or {"type": "global"})
    if not _WRITABLE.fullmatch(metric.get("type", "")):
        raise invalid_argument(
            f'Field {where}.metric.type had an invalid value of "{metric.get("type", "")}": The metric type must be a '
            "URL-formatted string with a domain and non-empty path."
        )
    points = series.get("points") or []
    if len(points) != 1:
        raise invalid_argument(
            f"Field {where}.points had an invalid value: Only one point can be written per TimeSeries."
        )
    resource["labels"] = {"project_id": project} | (resource.get("labels") or {})
    _check_labels(where, metric, resource)
    key = series_key(project, metric, resource)
    if key in seen:
        raise invalid_argument(
            f"Field {where} had an invalid value: Duplicate TimeSeries encountered. Only one point can be written per "
            "TimeSeries per request."
        )
    seen.add(key)
    value_type = _value_type(where, points[0].get("value") or {})
    kind = describe_series(call.tx, project, where, series, value_type)
    point = _point(call, where, points[0], kind)
    _check_order(call, where, key, point)
    facts = {"metric": metric, "resource": resource, "metricKind": kind, "valueType": value_type}
    write_point(call.tx, key, facts, point)


def _check_labels(where: str, metric: Json, resource: Json) -> None:
    known = resource_labels(resource["type"])
    if known is None:
        raise invalid_argument(f'Field {where}.resource.type had an invalid value of "{resource["type"]}".')
    unknown = sorted(resource["labels"].keys() - set(known))
    if unknown:
        raise invalid_argument(f'Field {where}.resource.labels had an invalid key "{unknown[0]}".')
    missing = sorted(set(known) - resource["labels"].keys())
    if missing:
        raise invalid_argument(f"Field {where}.resource.labels lacks {missing[0]}.")
    wrong = [label for label in metric.get("labels") or {} if not _LABEL.fullmatch(label)]
    if wrong:
        raise invalid_argument(f'Field {where}.metric.labels had an invalid key "{wrong[0]}".')


def _value_type(where: str, value: Json) -> str:
    kinds = [kind for field, kind in _KINDS.items() if field in value]
    if len(kinds) != 1:
        raise invalid_argument(f"Field {where}.points[0].value must have exactly one value.")
    return kinds[0]


def _point(call: Call, where: str, point: Json, kind: str) -> Json:
    interval = point.get("interval") or {}
    if "endTime" not in interval:
        raise invalid_argument(f"Field {where}.points[0].interval.end_time must be set.")
    end = parse_timestamp(interval["endTime"])
    start = parse_timestamp(interval.get("startTime") or interval["endTime"])
    if not call.now - _OLDEST <= end <= call.now + _NEWEST:
        raise invalid_argument(
            f"Field {where}.points[0].interval.end_time had an invalid value: it must be at most 25 hours in the past "
            "and 5 minutes in the future."
        )
    if (kind == "GAUGE" and start != end) or (kind == "CUMULATIVE" and start >= end):
        raise invalid_argument(
            f"Field {where}.points[0].interval.start_time had an invalid value: the start time must be "
            f"{'equal to' if kind == 'GAUGE' else 'before'} the end time of a {kind} metric."
        )
    times = {"startTime": timestamp(start), "endTime": timestamp(end)}
    return {"interval": times, "value": point["value"]}


def _check_order(call: Call, where: str, key: str, point: Json) -> None:
    kept = call.tx.get(SERIES, key)
    if kept is None:
        return
    last, end = parse_timestamp(kept["lastEnd"]), parse_timestamp(point["interval"]["endTime"])
    if end <= last:
        raise invalid_argument(
            f"{where}: Points must be written in order. One or more of the points specified had an older end time than "
            "the most recent point."
        )
    if end - last < _FASTEST:
        raise invalid_argument(
            f"{where}: One or more points were written more frequently than the maximum sampling period configured "
            "for the metric."
        )


def _summary(problems: dict[int, ApiError], total: int) -> Answer:
    """Answer 400 and keep what was good, as the real one does."""
    first = next(iter(problems.values()))
    errors: list[Json] = [{"status": error.rpc_status(), "pointCount": 1} for error in problems.values()]
    detail = {
        "@type": "type.googleapis.com/google.monitoring.v3.CreateTimeSeriesSummary",
        "totalPointCount": total,
        "successPointCount": total - len(problems),
        "errors": errors,
    }
    error = ApiError(first.status, f"One or more TimeSeries could not be written: {first.message}", details=[detail])
    return json_response(error.envelope(), error.code)


def _selection(text: str) -> Selection:
    try:
        found = parse_selection(text)
    except FilterError as error:
        raise invalid_argument(f'Field filter had an invalid value of "{text}": {error}') from None
    if not found.metric_type:
        raise invalid_argument(
            f'Field filter had an invalid value of "{text}": must specify a restriction on "metric.type" in the '
            'filter; see "https://cloud.google.com/monitoring/api/resources" for a list of available metrics.'
        )
    return found


def _interval(call: Call) -> tuple[datetime, datetime]:
    if not call.params.get("interval.endTime"):
        raise invalid_argument("Field interval.endTime must be set.", ("interval.end_time", "required"))
    end = parse_timestamp(call.params["interval.endTime"])
    start = parse_timestamp(call.params.get("interval.startTime") or call.params["interval.endTime"])
    if start > end:
        raise invalid_argument("Field interval.startTime must not be after interval.endTime.")
    return start, end


def _measured(call: Call, selection: Selection, start: datetime, end: datetime) -> list[Measured]:
    project = _project_id(call)
    rows = list(find_series(call.tx, project, selection.metric_type))
    if not rows and descriptor_of(call.tx, project, selection.metric_type) is None:
        raise not_found(
            f'Cannot find metric(s) that match type = "{selection.metric_type}". If a metric was created recently, it '
            "could take up to 10 minutes to become available. Please try again soon."
        )
    return [
        Measured(kept["metric"], kept["resource"], kept["metricKind"], kept["valueType"],
                 points_of(call.tx, key, start, end, call.now))
        for key, kept in rows
        if selection.test(kept)
    ]  # fmt: skip


def _nested(call: Call, prefix: str) -> Json:
    return {name.partition(".")[2]: value for name, value in call.params.items() if name.startswith(f"{prefix}.")}


def _keyed(found: list[Measured]) -> list[tuple[str, Measured]]:
    return [(series_key("", series.metric, series.resource), series) for series in found]


def _shown(series: Measured, *, headers: bool) -> Json:
    shown = {
        "metric": series.metric,
        "resource": series.resource,
        "metricKind": series.kind,
        "valueType": series.value_type,
    }
    return shown if headers else shown | {"points": series.points}


def _unit(call: Call, selection: Selection) -> str:
    return str((descriptor_of(call.tx, _project_id(call), selection.metric_type) or {}).get("unit", "1"))

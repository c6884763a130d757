"""Aggregation of time series: points are aligned to a period, then series are reduced to groups.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aggregation. Distributions are counted
(ALIGN_COUNT) or left alone; everything else of them is refused by name.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument, unimplemented
from provisioner.sandbox.google.wire import parse_timestamp, timestamp

Json = dict[str, Any]
Number = float
_LONGEST_PERIOD = 104 * 7 * 86400


@dataclass(frozen=True, slots=True)
class Measured:
    """A series with its points, newest first, as the API shows them."""

    metric: Json
    resource: Json
    kind: str
    value_type: str
    points: list[Json]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """How to aggregate; ``period`` is zero and both names are NONE where nothing is to be done."""

    period: timedelta
    aligner: str
    reducer: str
    groups: tuple[str, ...]


def read_aggregation(body: Mapping[str, Any], field: str) -> Aggregation:
    """Read an aggregation. Raises ApiError INVALID_ARGUMENT for combinations that do not go together."""
    seconds = float(str(body.get("alignmentPeriod") or "0s").removesuffix("s"))
    aligner = (body.get("perSeriesAligner") or "ALIGN_NONE").removeprefix("ALIGN_")
    reducer = (body.get("crossSeriesReducer") or "REDUCE_NONE").removeprefix("REDUCE_")
    if (aligner != "NONE" or reducer != "NONE") and seconds < 60:  # noqa: PLR2004 - a minute
        raise invalid_argument(f"Field {field}.alignmentPeriod must be at least 60s.")
    if seconds > _LONGEST_PERIOD:
        raise invalid_argument(f"Field {field}.alignmentPeriod must be at most 104 weeks.")
    if reducer != "NONE" and aligner == "NONE":
        raise invalid_argument(
            f'Field {field}.perSeriesAligner had an invalid value of "ALIGN_NONE": a cross-series reducer needs an '
            "aligner."
        )
    for name, known in ((aligner, _ALIGNERS), (reducer, _REDUCERS)):
        if name not in known and name not in {"NONE", "COUNT", "DELTA", "RATE"}:
            raise unimplemented(f"The sandbox does not aggregate by {name}.")
    return Aggregation(timedelta(seconds=seconds), aligner, reducer, tuple(body.get("groupByFields") or ()))


def aggregate(series: Sequence[Measured], how: Aggregation, end: datetime) -> list[Measured]:
    """Return the aggregated series; windows end at ``end``, and one without points does not show."""
    if how.aligner == "NONE":
        return list(series)
    aligned = [_aligned(each, how, end) for each in series]
    aligned = [each for each in aligned if each.points]
    return aligned if how.reducer == "NONE" else _reduced(aligned, how)


def number_of(value: Json) -> Number | None:
    """Return a point's value as a number, None for texts and distributions."""
    for key in ("int64Value", "doubleValue", "boolValue"):
        if key in value:
            return float(value[key])
    return None


def _aligned(series: Measured, how: Aggregation, end: datetime) -> Measured:
    if series.value_type == "DISTRIBUTION" and how.aligner != "COUNT":
        raise unimplemented(f"The sandbox does not align distributions by ALIGN_{how.aligner}.")
    points = [(parse_timestamp(point["interval"]["endTime"]), point["value"]) for point in reversed(series.points)]
    windows: dict[int, list[Json]] = {}  # by how many periods they end before ``end``; only those with points
    for moment, value in points:
        windows.setdefault((end - moment) // how.period, []).append(value)
    shown = []
    for number, inside in sorted(windows.items()):
        ends = end - number * how.period
        found = _window(series, points, how, ends, inside)
        if found is not None:
            opens = ends - how.period if how.aligner == "DELTA" else ends
            shown.append(_point(opens, ends, found, _value_type(series.value_type, how.aligner)))
    kind = "DELTA" if how.aligner == "DELTA" else "GAUGE"
    return Measured(series.metric, series.resource, kind, _value_type(series.value_type, how.aligner), shown)


def _window(
    series: Measured, points: list[tuple[datetime, Json]], how: Aggregation, ends: datetime, inside: list[Json]
) -> Number | None:
    if how.aligner in {"DELTA", "RATE"}:
        before = bisect_right(points, ends - how.period, key=lambda point: point[0])
        change = _change(series.kind, [points[before - 1][1]] if before else [], inside)
        return change if change is None or how.aligner == "DELTA" else change / how.period.total_seconds()
    if how.aligner == "COUNT":
        return float(len(inside))
    numbers = [number for number in map(number_of, inside) if number is not None]
    return _ALIGNERS[how.aligner](numbers) if numbers else None


def _change(kind: str, before: list[Json], inside: list[Json]) -> Number | None:
    numbers = [number for number in map(number_of, inside) if number is not None]
    if not numbers:
        return None
    if kind == "DELTA":
        return sum(numbers)
    first = number_of(before[-1]) if before else numbers[0]
    return numbers[-1] - (first or 0.0)


def _reduced(series: list[Measured], how: Aggregation) -> list[Measured]:
    groups: dict[tuple[str, ...], list[Measured]] = {}
    for each in series:
        groups.setdefault(tuple(_label(each, field) for field in how.groups), []).append(each)
    return [_one(members, how) for _, members in sorted(groups.items())]


def _one(members: list[Measured], how: Aggregation) -> Measured:
    by_end: dict[str, list[Json]] = {}
    for member in members:
        for point in member.points:
            by_end.setdefault(point["interval"]["endTime"], []).append(point)
    kind = _value_type(members[0].value_type, how.reducer)
    points = []
    for _, found in sorted(by_end.items(), reverse=True):
        numbers = [number for number in (number_of(point["value"]) for point in found) if number is not None]
        reduced = float(len(found)) if how.reducer == "COUNT" else _REDUCERS[how.reducer](numbers)
        points.append({"interval": found[0]["interval"], "value": _shown(reduced, kind)})
    metric = {"type": members[0].metric["type"]} | _kept(members[0].metric, "metric", how.groups)
    resource = {"type": members[0].resource["type"]} | _kept(members[0].resource, "resource", how.groups)
    return Measured(metric, resource, members[0].kind, kind, points)


def _label(series: Measured, field: str) -> str:
    side, _, name = field.partition(".")
    owner = series.metric if side == "metric" else series.resource
    label = name.removeprefix("labels.").removeprefix("label.")
    return str(owner["type"] if name == "type" else (owner.get("labels") or {}).get(label, ""))


def _kept(owner: Json, side: str, groups: Sequence[str]) -> Json:
    wanted = {
        field.partition(".")[2].removeprefix("labels.").removeprefix("label.")
        for field in groups
        if field.startswith(f"{side}.label")
    }
    labels = {key: value for key, value in (owner.get("labels") or {}).items() if key in wanted or key == "project_id"}
    return {"labels": labels} if labels else {}


def _value_type(given: str, name: str) -> str:
    if name in {"COUNT", "COUNT_TRUE", "COUNT_FALSE"}:
        return "INT64"
    return "DOUBLE" if name in _FRACTIONAL else given


def _point(opens: datetime, ends: datetime, value: Number, kind: str) -> Json:
    return {"interval": {"startTime": timestamp(opens), "endTime": timestamp(ends)}, "value": _shown(value, kind)}


def _shown(value: Number, kind: str) -> Json:
    if kind == "INT64":
        return {"int64Value": str(round(value))}
    return {"boolValue": bool(value)} if kind == "BOOL" else {"doubleValue": value}


def _percentile(share: float) -> Callable[[list[Number]], Number]:
    def of(numbers: list[Number]) -> Number:
        place = (len(numbers) - 1) * share
        ordered = sorted(numbers)
        low = ordered[int(place)]
        high = ordered[min(int(place) + 1, len(ordered) - 1)]
        return low + (high - low) * (place - int(place))

    return of


def _deviation(numbers: list[Number]) -> Number:
    return statistics.stdev(numbers) if len(numbers) > 1 else 0.0


def _count_true(numbers: list[Number]) -> Number:
    return float(sum(1 for number in numbers if number))


def _count_false(numbers: list[Number]) -> Number:
    return float(sum(1 for number in numbers if not number))


_FRACTIONAL = frozenset(("MEAN", "RATE", "STDDEV", "FRACTION_TRUE"))
_COMMON: Mapping[str, Callable[[list[Number]], Number]] = {
    "MEAN": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": sum,
    "STDDEV": _deviation,
    "COUNT_TRUE": _count_true,
    "COUNT_FALSE": _count_false,
    "FRACTION_TRUE": lambda numbers: _count_true(numbers) / len(numbers),
}
_ALIGNERS: Mapping[str, Callable[[list[Number]], Number]] = {**_COMMON, "NEXT_OLDER": lambda numbers: numbers[-1]}
_REDUCERS: Mapping[str, Callable[[list[Number]], Number]] = {
    **_COMMON,
    "PERCENTILE_99": _percentile(0.99),
    "PERCENTILE_95": _percentile(0.95),
    "PERCENTILE_50": _percentile(0.50),
    "PERCENTILE_05": _percentile(0.05),
}

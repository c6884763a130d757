"""Time series, alerts, dashboards, channels, snoozes and checks."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.identity.cloud import NUMBER, PROJECT, Answer
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

HOST = "monitoring.googleapis.com"
V3 = f"{HOST}/v3/projects/{PROJECT}"
DEPTH = "custom.googleapis.com/queue/depth"


def _point(cloud: TimedCloud, value: float, **labels: str) -> dict[str, Any]:
    end = cloud.world.clock.now().isoformat()
    return {
        "metric": {"type": DEPTH, "labels": labels},
        "resource": {"type": "global"},
        "points": [{"interval": {"endTime": end}, "value": {"doubleValue": value}}],
    }


def _write(cloud: TimedCloud, *series: dict[str, Any]) -> Answer:
    return cloud.call("POST", f"{V3}/timeSeries", {"timeSeries": list(series)})


def _read(cloud: TimedCloud, minutes: int = 60, query: dict[str, str] | None = None) -> list[dict[str, Any]]:
    end = cloud.world.clock.now()
    asked = {
        "filter": f'metric.type = "{DEPTH}"',
        "interval.startTime": (end - timedelta(minutes=minutes)).isoformat(),
        "interval.endTime": end.isoformat(),
    }
    found: list[dict[str, Any]] = cloud.ok("GET", f"{V3}/timeSeries", query=asked | (query or {})).get("timeSeries", [])
    return found


def _values(series: dict[str, Any]) -> list[Any]:
    return [next(iter(point["value"].values())) for point in series["points"]]


def test_points_are_read_back_newest_first(cloud: TimedCloud) -> None:
    for value in (1.0, 2.0, 3.0):
        assert _write(cloud, _point(cloud, value, queue="a"), _point(cloud, value * 10, queue="b")).status == 200
        cloud.later(60)
    first, second = sorted(_read(cloud), key=lambda series: str(series["metric"]["labels"]["queue"]))
    assert (_values(first), _values(second)) == ([3.0, 2.0, 1.0], [30.0, 20.0, 10.0])
    assert (first["metricKind"], first["valueType"], first["resource"]["labels"]) == (
        "GAUGE", "DOUBLE", {"project_id": PROJECT}
    )  # fmt: skip
    query = {"filter": f'metric.type = "{DEPTH}" AND metric.labels.queue = "b"', "view": "HEADERS"}
    (header,) = _read(cloud, query=query)
    assert "points" not in header
    assert cloud.ok("GET", f"{V3}/metricDescriptors/{DEPTH}")["labels"] == [{"key": "queue"}]
    cloud.later(43 * 86400)
    assert _read(cloud, minutes=60 * 24 * 60) == []


@pytest.mark.parametrize(
    ("aligner", "reducer", "wanted"),
    [
        ("MEAN", "NONE", [[4.0, 2.0], [40.0, 20.0]]),
        ("MAX", "NONE", [[5.0, 3.0], [50.0, 30.0]]),
        ("COUNT", "NONE", [["3", "3"], ["3", "3"]]),
        ("SUM", "SUM", [[132.0, 66.0]]),
        ("MEAN", "MAX", [[40.0, 20.0]]),
        ("NEXT_OLDER", "COUNT", [["2", "2"]]),
    ],
)
def test_aggregation(cloud: TimedCloud, aligner: str, reducer: str, wanted: list[list[Any]]) -> None:
    for value in (1.0, 2.0, 3.0, 3.0, 4.0, 5.0):
        cloud.later(60)
        _write(cloud, _point(cloud, value, queue="a"), _point(cloud, value * 10, queue="b"))
    query = {
        "aggregation.alignmentPeriod": "180s",
        "aggregation.perSeriesAligner": f"ALIGN_{aligner}",
        "aggregation.crossSeriesReducer": f"REDUCE_{reducer}",
    }
    found = _read(cloud, minutes=6, query=query)
    assert sorted(map(_values, found), key=lambda values: float(values[0])) == wanted
    grouped = _read(cloud, minutes=6, query=query | {"aggregation.groupByFields": "metric.labels.queue"})
    assert [series["metric"]["labels"] for series in grouped if reducer != "NONE"] == (
        [] if reducer == "NONE" else [{"queue": "a"}, {"queue": "b"}]
    )


def test_a_cumulative_metric_has_a_rate(cloud: TimedCloud) -> None:
    start = cloud.world.clock.now().isoformat()
    for total in (60, 180, 360):
        cloud.later(60)
        series = _point(cloud, 0) | {"metricKind": "CUMULATIVE"}
        interval = {"startTime": start, "endTime": cloud.world.clock.now().isoformat()}
        series["points"] = [{"interval": interval, "value": {"int64Value": str(total)}}]
        assert _write(cloud, series).status == 200
    query = {"aggregation.alignmentPeriod": "60s", "aggregation.perSeriesAligner": "ALIGN_RATE"}
    (series,) = _read(cloud, minutes=2, query=query)
    assert _values(series)[0] == 3.0


def test_writes_against_the_rules_are_refused_and_the_others_kept(cloud: TimedCloud) -> None:
    good = _point(cloud, 1.0, queue="good")
    wrong = [
        good,  # a second point of one series
        good | {"metric": {"type": "run.googleapis.com/request_count"}},
        good | {"resource": {"type": "nothing"}},
        good | {"resource": {"type": "global", "labels": {"zone": "x"}}},
        good | {"points": []},
        good | {"metric": {"type": DEPTH, "labels": {"a-b": "c"}}},
        _point(cloud, 1.0, queue="old") | {"points": [_old("2026-11-19T00:00:00Z")]},
        _point(cloud, 1.0, queue="new") | {"points": [_old("2026-11-21T03:06:00Z")]},
        _point(cloud, 1.0, queue="kind") | {"metricKind": "DELTA"},
        _point(cloud, 1.0, queue="type") | {"points": [_old("2026-11-21T03:00:00Z", int64Value="1")]},
    ]
    answer = _write(cloud, good, *wrong)
    summary = answer.body["error"]["details"][0]
    assert (answer.status, summary["totalPointCount"], summary["successPointCount"]) == (400, 11, 1)
    assert [series["metric"]["labels"] for series in _read(cloud)] == [{"queue": "good"}]
    assert "in order" in _write(cloud, good).message
    cloud.later(4)
    assert "more frequently" in _write(cloud, _point(cloud, 1.0, queue="good")).message
    cloud.later(1)
    assert _write(cloud, _point(cloud, 1.0, queue="good")).status == 200
    assert cloud.call("POST", f"{V3}/timeSeries", {"timeSeries": [good] * 201}).status == 400


def _old(end: str, **value: str) -> dict[str, Any]:
    return {"interval": {"endTime": end}, "value": value or {"doubleValue": 1.0}}


def test_a_read_names_its_metric_and_interval(cloud: TimedCloud) -> None:
    end = {"interval.endTime": "2026-11-21T03:00:00Z"}
    for query in (
        {"filter": 'resource.type = "global"'} | end,
        {"filter": "("} | end,
        {"filter": f'metric.type = "{DEPTH}"'},
    ):
        assert cloud.call("GET", f"{V3}/timeSeries", query=query).status == 400
    assert cloud.call("GET", f"{V3}/timeSeries", query={"filter": f'metric.type = "{DEPTH}"'} | end).status == 404
    known = {"filter": 'metric.type = "run.googleapis.com/request_count"'} | end
    assert "timeSeries" not in cloud.ok("GET", f"{V3}/timeSeries", query=known)


def test_log_entries_are_counted_into_time_series(cloud: TimedCloud) -> None:
    metric = {
        "name": "errors",
        "filter": "severity>=ERROR",
        "metricDescriptor": {"labels": [{"key": "service"}], "metricKind": "DELTA", "valueType": "INT64"},
        "labelExtractors": {"service": 'REGEXP_EXTRACT(jsonPayload.path, "^/([a-z]+)")'},
    }
    cloud.ok("POST", f"logging.googleapis.com/v2/projects/{PROJECT}/metrics", metric)
    for path, severity in (("/api/1", "ERROR"), ("/api/2", "ALERT"), ("/web", "ERROR"), ("/api", "INFO")):
        entry = {"jsonPayload": {"path": path}, "severity": severity}
        body = {"logName": f"projects/{PROJECT}/logs/app", "resource": {"type": "global"}, "entries": [entry]}
        cloud.ok("POST", "logging.googleapis.com/v2/entries:write", body)
    cloud.later(60)
    found = _read(cloud, query={"filter": 'metric.type = "logging.googleapis.com/user/errors"'})
    assert {series["metric"]["labels"]["service"]: _values(series) for series in found} == {"api": ["2"], "web": ["1"]}


def _policy(cloud: TimedCloud, *channels: str, **threshold: Any) -> Answer:
    condition = {
        "filter": f'metric.type = "{DEPTH}" AND resource.type = "global"',
        "comparison": "COMPARISON_GT",
        "thresholdValue": 10,
        "duration": "120s",
    } | threshold
    body = {
        "displayName": "deep",
        "combiner": "OR",
        "conditions": [{"displayName": "queue is deep", "conditionThreshold": condition}],
        "notificationChannels": list(channels),
    }
    return cloud.call("POST", f"{V3}/alertPolicies", body)


def _alerts(cloud: TimedCloud) -> list[str]:
    return [alert["state"] for alert in cloud.ok("GET", f"{V3}/alerts").get("alerts", [])]


def _measure(cloud: TimedCloud, value: float) -> None:
    cloud.later(60)
    assert _write(cloud, _point(cloud, value)).status == 200
    cloud.world.errands.settle()


def test_an_alert_opens_and_closes_as_the_points_say_and_is_told(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    agent = f"serviceAccount:service-{NUMBER}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    cloud.allow(f"{PUBSUB}/topics/events", "roles/pubsub.publisher", agent)
    channel = {"type": "pubsub", "labels": {"topic": f"projects/{PROJECT}/topics/events"}}
    name = cloud.ok("POST", f"{V3}/notificationChannels", channel)["name"]
    policy = _policy(cloud, name).body["name"]
    for value in (5, 20):
        _measure(cloud, value)
    assert _alerts(cloud) == []  # not yet deep for two minutes
    _measure(cloud, 30)
    assert _alerts(cloud) == ["OPEN"]
    _measure(cloud, 1)
    assert _alerts(cloud) == ["CLOSED"]
    received = cloud.pull()
    cloud.acknowledge(*received)
    told = [json.loads(base64.b64decode(each["message"]["data"]))["incident"] for each in received]
    assert [(each["state"], each["policy_name"]) for each in told] == [("open", "deep"), ("closed", "deep")]
    start = cloud.world.clock.now().isoformat()
    snooze = {
        "displayName": "maintenance",
        "criteria": {"policies": [policy]},
        "interval": {"startTime": start, "endTime": "2026-11-22T00:00:00Z"},
    }
    cloud.ok("POST", f"{V3}/snoozes", snooze)
    for value in (20, 20, 20):
        _measure(cloud, value)
    assert sorted(_alerts(cloud)) == ["CLOSED", "OPEN"]
    cloud.ok("DELETE", f"{HOST}/v3/{policy}")
    assert _alerts(cloud) == ["CLOSED", "CLOSED"]
    assert cloud.pull() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": "x"},
        {"filter": f'metric.type = "{DEPTH}"'},
        {"filter": 'resource.type = "global"'},
        {"duration": "90s"},
        {"comparison": "COMPARISON_EQ"},
        {"aggregations": [{"alignmentPeriod": "90s"}]},
        {"aggregations": [{"alignmentPeriod": "60s", "crossSeriesReducer": "REDUCE_SUM"}]},
    ],
)
def test_an_alert_policy_that_could_not_be_evaluated(cloud: TimedCloud, wrong: dict[str, Any]) -> None:
    assert _policy(cloud, **wrong).status == 400
    assert _policy(cloud).status == 200


def test_descriptors(cloud: TimedCloud) -> None:
    url = f"{V3}/metricDescriptors"
    body = {"type": DEPTH, "metricKind": "GAUGE", "valueType": "DOUBLE", "unit": "1", "labels": [{"key": "queue"}]}
    cloud.ok("POST", url, body)
    assert cloud.call("POST", url, body | {"valueType": "INT64"}).status == 400
    assert cloud.call("POST", url, body | {"type": "run.googleapis.com/x"}).status == 400
    found = cloud.ok("GET", url, query={"filter": 'metric.type = starts_with("custom.googleapis.com/")'})
    assert [each["type"] for each in found["metricDescriptors"]] == [DEPTH]
    assert cloud.ok("GET", f"{url}/run.googleapis.com/request_count")["metricKind"] == "DELTA"
    _write(cloud, _point(cloud, 1.0, queue="a"))
    cloud.ok("DELETE", f"{url}/{DEPTH}")
    assert cloud.call("GET", f"{url}/{DEPTH}").status == 404
    assert cloud.call("DELETE", f"{url}/run.googleapis.com/request_count").status == 403
    labels = cloud.ok("GET", f"{V3}/monitoredResourceDescriptors/cloud_run_revision")["labels"]
    assert "service_name" in [label["key"] for label in labels]

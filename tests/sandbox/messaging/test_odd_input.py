"""Instants, durations, addresses and names that no honest client sends: refused or taken, never a failure of ours."""

from __future__ import annotations

import pytest

from tests.sandbox.identity.cloud import PROJECT
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

SECRETS = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
MONITORING = f"monitoring.googleapis.com/v3/projects/{PROJECT}"
LOGGING = "logging.googleapis.com/v2"
JOBS = f"cloudscheduler.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/jobs"
TOPIC = f"projects/{PROJECT}/topics/events"
JOB = {"name": f"projects/{PROJECT}/locations/europe-west1/jobs/odd", "schedule": "* * * * *"}
AUTOMATIC: dict[str, object] = {"replication": {"automatic": {}}}
READ = 'metric.type = "run.googleapis.com/request_count"'


@pytest.fixture
def ready(cloud: TimedCloud) -> TimedCloud:
    cloud.topic()
    cloud.subscription()
    return cloud


def _sane(cloud: TimedCloud, *requests: tuple[str, str, object]) -> None:
    for verb, url, body in requests:
        answer = cloud.call(verb, url, body)
        assert answer.status < 500, (verb, url, body, answer.body)
    cloud.later(100)
    cloud.publish("still here")
    cloud.world.errands.settle()


@pytest.mark.parametrize(
    "instant",
    [
        "2026-13-45T99:99:99Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-11-21T03:00:00.123456789Z",
        "0001-01-01T00:00:00+23:59",
        "2026-11-21T03:00:00-00:00",
    ],
)
def test_odd_instants(ready: TimedCloud, instant: str) -> None:
    interval = {"startTime": instant, "endTime": instant}
    rotation = {"nextRotationTime": instant, "rotationPeriod": "3600s"}
    series = {
        "metric": {"type": "custom.googleapis.com/a"},
        "points": [{"interval": interval, "value": {"int64Value": 1}}],
    }
    entry = {"textPayload": "x", "timestamp": instant}
    sent = instant.replace("+", "%2B")
    _sane(
        ready,
        ("POST", f"{PUBSUB}/subscriptions/worker:seek", {"time": instant}),
        ("POST", f"{SECRETS}?secretId=a", AUTOMATIC | {"expireTime": instant}),
        ("POST", f"{SECRETS}?secretId=b", AUTOMATIC | {"rotation": rotation, "topics": [{"name": TOPIC}]}),
        ("POST", f"{LOGGING}/entries:write",
         {"logName": f"projects/{PROJECT}/logs/a", "resource": {"type": "global"}, "entries": [entry]}),
        ("POST", f"{LOGGING}/entries:list",
         {"resourceNames": [f"projects/{PROJECT}"], "filter": f'timestamp>"{instant}"'}),
        ("POST", f"{MONITORING}/timeSeries", {"timeSeries": [series]}),
        ("GET", f"{MONITORING}/timeSeries?filter={READ.replace(' ', '%20')}&interval.endTime={sent}", None),
        ("POST", f"{MONITORING}/snoozes", {"displayName": "x", "criteria": {"policies": ["a"]}, "interval": interval}),
    )  # fmt: skip


@pytest.mark.parametrize("length", ["999999999999999s", "315576000000s", "-5s", "0s", "0.000000001s"])
def test_odd_durations(ready: TimedCloud, length: str) -> None:
    subscription = f"{PUBSUB}/subscriptions"
    target = {"httpTarget": {"uri": "http://127.0.0.1:1/"}}
    window = "interval.startTime=2026-01-01T00:00:00Z&interval.endTime=2026-11-21T00:00:00Z"
    aggregation = f"aggregation.alignmentPeriod={length}&aggregation.perSeriesAligner=ALIGN_MEAN"
    _sane(
        ready,
        ("PUT", f"{subscription}/one", {"topic": TOPIC, "expirationPolicy": {"ttl": length}}),
        ("PUT", f"{subscription}/two", {"topic": TOPIC, "messageRetentionDuration": length}),
        ("PUT", f"{subscription}/three", {"topic": TOPIC, "retryPolicy": {"maximumBackoff": length}}),
        ("POST", f"{SECRETS}?secretId=a", AUTOMATIC | {"ttl": length}),
        ("POST", f"{SECRETS}?secretId=b", AUTOMATIC | {"versionDestroyTtl": length}),
        ("POST", f"{SECRETS}/b:addVersion", {"payload": {"data": "aGk="}}),
        ("POST", f"{SECRETS}/b/versions/1:destroy", {}),
        ("POST", JOBS, JOB | target | {"attemptDeadline": length}),
        ("POST", JOBS, JOB | target | {"retryConfig": {"maxBackoffDuration": length, "maxDoublings": 2**31 - 1}}),
        ("GET", f"{MONITORING}/timeSeries?filter={READ.replace(' ', '%20')}&{window}&{aggregation}", None),
    )


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "https://", "http://a b/"]
)
def test_odd_addresses(ready: TimedCloud, url: str) -> None:
    _sane(
        ready,
        ("PUT", f"{PUBSUB}/subscriptions/odd", {"topic": TOPIC, "pushConfig": {"pushEndpoint": url}}),
        ("POST", JOBS, JOB | {"httpTarget": {"uri": url}}),
    )
    assert ready.call("GET", f"{JOBS}/odd").status == 404


@pytest.mark.parametrize("name", ["projects/none", "x", "", "folders/1", "billingAccounts/1", "projects/"])
def test_odd_names(ready: TimedCloud, name: str) -> None:
    entry = {"logName": f"{name}/logs/a", "resource": {"type": "global"}, "textPayload": "x"}
    _sane(
        ready,
        ("POST", f"{LOGGING}/entries:list", {"resourceNames": [name]}),
        ("POST", f"{LOGGING}/entries:write", {"entries": [entry]}),
        ("POST", f"{SECRETS}?secretId=a", AUTOMATIC | {"topics": [{"name": name}]}),
        ("PUT", f"{PUBSUB}/subscriptions/odd", {"topic": name}),
        ("PUT", f"{PUBSUB}/subscriptions/odd", {"topic": TOPIC, "deadLetterPolicy": {"deadLetterTopic": name}}),
        ("PUT", f"{PUBSUB}/topics/odd", {"schemaSettings": {"schema": name, "encoding": "JSON"}}),
        ("PUT", f"{PUBSUB}/snapshots/odd", {"subscription": name}),
        ("POST", f"{PUBSUB}/subscriptions/worker:seek", {"snapshot": name}),
        ("POST", f"{MONITORING}/notificationChannels", {"type": "pubsub", "labels": {"topic": name}}),
    )

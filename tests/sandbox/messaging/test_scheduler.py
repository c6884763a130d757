"""Jobs that run by the clock: cron, targets, tokens, retries."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.sandbox.google.messaging.cron import ScheduleError, parse_schedule
from tests.sandbox.identity.cloud import PROJECT
from tests.sandbox.messaging.receiver import Receiver
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

JOBS = f"cloudscheduler.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/jobs"
HOUR = 3600


def _job(cloud: TimedCloud, name: str = "nightly", **fields: Any) -> dict[str, Any]:
    full = f"projects/{PROJECT}/locations/europe-west1/jobs/{name}"
    return cloud.ok("POST", JOBS, {"name": full, "schedule": "30 * * * *"} | fields)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "wanted"),
    [
        ("* * * * *", "UTC", "2026-11-21T03:00:00Z", "2026-11-21T03:01:00Z"),
        ("*/15 * * * *", "UTC", "2026-11-21T03:00:30Z", "2026-11-21T03:15:00Z"),
        ("0 9 * * mon-fri", "UTC", "2026-11-21T03:00:00Z", "2026-11-23T09:00:00Z"),
        ("0 9 * * 7", "UTC", "2026-11-21T03:00:00Z", "2026-11-22T09:00:00Z"),
        ("0 9 * * *", "Europe/Berlin", "2026-11-21T03:00:00Z", "2026-11-21T08:00:00Z"),
        ("0 9 * * *", "America/New_York", "2026-07-01T00:00:00Z", "2026-07-01T13:00:00Z"),
        ("0 0 29 2 *", "UTC", "2026-11-21T03:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 1 jan,jul *", "UTC", "2026-11-21T03:00:00Z", "2027-01-01T00:00:00Z"),
        ("0 0 13 * fri", "UTC", "2026-11-21T03:00:00Z", "2026-11-27T00:00:00Z"),
        ("5-20/5,50 2 * * *", "UTC", "2026-11-21T02:20:00Z", "2026-11-21T02:50:00Z"),
        ("every 20 minutes", "UTC", "2026-11-21T03:00:00Z", "2026-11-21T03:20:00Z"),
        ("every monday 07:05", "UTC", "2026-11-21T03:00:00Z", "2026-11-23T07:05:00Z"),
        # The clocks of Berlin jump from 2:00 to 3:00 on 28 March 2027: that day has no 2:30.
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-29T00:30:00Z"),
    ],
)
def test_when_a_schedule_comes_next(schedule: str, zone: str, after: str, wanted: str) -> None:
    assert parse_schedule(schedule, zone).after(_at(after)) == _at(wanted)


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [("* * * *", "UTC"), ("60 * * * *", "UTC"), ("* * * * *", "Mars/Base"), ("5-1 * * * *", "UTC"),
     ("*/0 * * * *", "UTC"),
     ("x * * * *", "UTC"), ("every 7 minutes", "UTC"), ("2nd tuesday of month 10:00", "UTC"),
     ("* * * * *", "../etc")],
)  # fmt: skip
def test_what_is_no_schedule(schedule: str, zone: str) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(schedule, zone)


@given(minute=st.integers(0, 59), hour=st.integers(0, 23), seconds=st.integers(0, 2**31))
def test_a_daily_schedule_comes_within_a_day(minute: int, hour: int, seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    found = parse_schedule(f"{minute} {hour} * * *", "UTC").after(moment)
    assert found is not None
    assert (found.minute, found.hour, found.second) == (minute, hour, 0)
    assert 0 < (found - moment).total_seconds() <= 86400


def test_a_job_runs_when_its_time_comes(cloud: TimedCloud, receiver: Receiver) -> None:
    body = base64.b64encode(b"payload").decode()
    made = _job(cloud, httpTarget={"uri": receiver.url, "body": body, "headers": {"X-Team": "payments"}})
    assert made["scheduleTime"] == "2026-11-21T03:30:00.000000Z"
    cloud.later(HOUR / 2 - 1)
    assert receiver.requests == []
    cloud.later(1)
    (sent,) = receiver.requests
    assert (sent.method, sent.body, sent.headers["x-team"]) == ("POST", b"payload", "payments")
    assert sent.headers["x-cloudscheduler-jobname"] == "nightly"
    assert sent.headers["x-cloudscheduler-scheduletime"] == "2026-11-21T03:30:00.000000Z"
    job = cloud.ok("GET", f"{JOBS}/nightly")
    assert (job["status"], job["scheduleTime"]) == ({}, "2026-11-21T04:30:00.000000Z")
    assert job["lastAttemptTime"].startswith("2026-11-21T03:30:00")
    cloud.later(5 * HOUR)
    assert [each.headers["x-cloudscheduler-scheduletime"][11:16] for each in receiver.requests] == [
        "03:30", "04:30", "05:30", "06:30", "07:30", "08:30"
    ]  # fmt: skip


def test_a_paused_job_runs_only_when_told_to(cloud: TimedCloud, receiver: Receiver) -> None:
    _job(cloud, httpTarget={"uri": receiver.url})
    assert "scheduleTime" not in cloud.ok("POST", f"{JOBS}/nightly:pause", {})
    cloud.later(3 * HOUR)
    assert receiver.requests == []
    cloud.ok("POST", f"{JOBS}/nightly:run", {})
    cloud.world.errands.settle()
    assert len(receiver.requests) == 1
    resumed = cloud.ok("POST", f"{JOBS}/nightly:resume", {})
    assert resumed["scheduleTime"] == "2026-11-21T06:30:00.000000Z"
    cloud.later(HOUR / 2)
    assert len(receiver.requests) == 2


def test_attempts_that_fail_are_repeated_and_then_given_up(cloud: TimedCloud, receiver: Receiver) -> None:
    receiver.status = 500
    retry = {"retryCount": 3, "minBackoffDuration": "10s", "maxBackoffDuration": "25s"}
    _job(cloud, httpTarget={"uri": receiver.url}, retryConfig=retry)
    cloud.ok("POST", f"{JOBS}/nightly:run", {})
    cloud.world.errands.settle()
    for wait, sent in ((9, 1), (1, 2), (19, 2), (1, 3), (24, 3), (1, 4), (60, 4)):
        cloud.later(wait)
        assert len(receiver.requests) == sent
    assert cloud.ok("GET", f"{JOBS}/nightly")["status"]["code"] == 13
    receiver.status = 404
    cloud.ok("POST", f"{JOBS}/nightly:run", {})
    cloud.world.errands.settle()
    assert cloud.ok("GET", f"{JOBS}/nightly")["status"]["code"] == 5


def test_a_job_calls_an_api_of_the_sandbox_as_its_account(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    email = cloud.account("runner")
    body = base64.b64encode(json.dumps({"messages": [{"data": "aGk="}]}).encode()).decode()
    target = {
        "uri": f"https://{PUBSUB}/topics/events:publish",
        "body": body,
        "headers": {"Content-Type": "application/json"},
        "oauthToken": {"serviceAccountEmail": email},
    }
    _job(cloud, httpTarget=target)
    cloud.later(HOUR / 2)
    assert cloud.ok("GET", f"{JOBS}/nightly")["status"]["code"] == 7
    cloud.allow(f"{PUBSUB}/topics/events", "roles/pubsub.publisher", f"serviceAccount:{email}")
    cloud.later(HOUR)
    assert cloud.ok("GET", f"{JOBS}/nightly")["status"] == {}
    assert cloud.texts() == ["hi"]


def test_a_job_publishes(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    target = {"topicName": f"projects/{PROJECT}/topics/events", "data": "aGk=", "attributes": {"kind": "x"}}
    _job(cloud, pubsubTarget=target)
    _job(cloud, "lost", pubsubTarget=target | {"topicName": f"projects/{PROJECT}/topics/none"})
    cloud.later(HOUR / 2)
    assert cloud.texts() == ["hi"]
    assert cloud.ok("GET", f"{JOBS}/lost")["status"]["code"] == 5


def test_starts_that_were_missed_are_made_up_for_within_reason(cloud: TimedCloud, receiver: Receiver) -> None:
    _job(cloud, schedule="* * * * *", httpTarget={"uri": receiver.url})
    cloud.later(86400)
    assert len(receiver.requests) == 100
    cloud.later(60)
    assert len(receiver.requests) == 101


@pytest.mark.parametrize(
    "change",
    [
        {"httpTarget": {"uri": "ftp://x"}},
        {"httpTarget": {"uri": "https://a.run.app", "httpMethod": "GET", "body": "eA=="}},
        {"httpTarget": {"uri": "https://a.run.app", "oidcToken": {}}},
        {"attemptDeadline": "5s"},
        {"retryConfig": {"retryCount": 6}},
        {"retryConfig": {"minBackoffDuration": "60s", "maxBackoffDuration": "5s"}},
        {"timeZone": "Nowhere"},
        {"httpTarget": None, "pubsubTarget": {"topicName": "events", "data": "eA=="}},
        {"httpTarget": None, "pubsubTarget": {"topicName": f"projects/{PROJECT}/topics/events"}},
    ],
)
def test_a_job_against_the_rules_is_refused(cloud: TimedCloud, change: dict[str, Any]) -> None:
    full = f"projects/{PROJECT}/locations/europe-west1/jobs/nightly"
    body = {"name": full, "schedule": "0 3 * * *", "httpTarget": {"uri": "https://a.run.app"}} | change
    assert cloud.call("POST", JOBS, body).status == 400


def test_jobs_are_in_regions(cloud: TimedCloud) -> None:
    base = f"cloudscheduler.googleapis.com/v1/projects/{PROJECT}/locations"
    names = [each["locationId"] for each in cloud.ok("GET", base)["locations"]]
    assert "europe-west1" in names
    assert cloud.ok("GET", f"{base}/europe-west1")["name"].endswith("/locations/europe-west1")
    body = {"name": f"projects/{PROJECT}/locations/mars/jobs/x", "schedule": "* * * * *"}
    assert cloud.call("POST", f"{base}/mars/jobs", body).status == 400

"""What a job of Cloud Scheduler may be, and when it runs next."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.identity.accounts import account_resource, find_account
from provisioner.sandbox.google.messaging.cron import Schedule, ScheduleError, parse_schedule
from provisioner.sandbox.google.messaging.records import seconds_of
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.outbound import host_of
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
JOBS = "google/cloudscheduler.jobs"  # by name with the project's id; fields as cloudscheduler v1
# name -> {"next": when it starts, "behind": missed starts made up for, "run": {"scheduled", "attempt", "due",
# "began"} while one is under way}
PLANS = "google/cloudscheduler.plans"
_TARGETS = frozenset(("httpTarget", "pubsubTarget", "appEngineHttpTarget"))
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_RETRY = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}
_MOST_RETRIES = 5
_MOST_DOUBLINGS = 16  # of a number of attempts that is five at most
_SHORTEST_DEADLINE, _LONGEST_DEADLINE = 15, 1800
_LONGEST_RETRY = 86400 * 365
_WITHOUT_BODY = frozenset(("GET", "DELETE", "HEAD", "OPTIONS"))


def completed(call: Call, job: Document) -> Document:
    """Return a job with its defaults. Raises ApiError for one that could not run."""
    targets = sorted(_TARGETS & job.keys())
    if len(targets) != 1:
        raise invalid_argument(f"A job needs exactly one of {', '.join(sorted(_TARGETS))}, not {targets}.")
    changed = {"timeZone": "UTC", "attemptDeadline": "180s"} | job
    changed |= {"retryConfig": _RETRY | job.get("retryConfig", {}), "userUpdateTime": timestamp(call.now)}
    schedule_of(changed)
    _check_durations(changed)
    if "httpTarget" in job:
        agent = {"User-Agent": "Google-Cloud-Scheduler"}
        target = {"httpMethod": "POST"} | job["httpTarget"]
        _check_http(call, target)
        changed["httpTarget"] = target | {"headers": target.get("headers", {}) | agent}
    if "pubsubTarget" in job:
        _check_pubsub(job["pubsubTarget"])
    return changed


def schedule_of(job: Document) -> Schedule:
    """Return a job's schedule. Raises ApiError INVALID_ARGUMENT."""
    try:
        return parse_schedule(job.get("schedule", ""), job["timeZone"])
    except ScheduleError as error:
        raise invalid_argument("Schedule or time zone is invalid.", ("job.schedule", str(error))) from None


def plan(tx: Transaction, job: Document, after: datetime, behind: int = 0) -> Document:
    """Settle when a job starts next; return it with that time in ``scheduleTime``."""
    starts = schedule_of(job).after(after)
    kept = tx.get(PLANS, job["name"]) or {}
    shown = timestamp(starts) if starts else ""
    tx.put(PLANS, job["name"], kept | {"next": shown, "behind": behind})
    return job | {"scheduleTime": shown}


def backoff(job: Document, attempt: int) -> timedelta:
    """Return how long to wait after so many attempts: doubling, then growing by the same amount, up to the maximum.

    https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#retryconfig.
    """
    config = job["retryConfig"]
    doublings = min(int(config["maxDoublings"]), _MOST_DOUBLINGS)
    low, high = seconds_of(config["minBackoffDuration"]), seconds_of(config["maxBackoffDuration"])
    doubled = low * 2 ** min(attempt - 1, doublings)
    grown = doubled + max(0, attempt - 1 - doublings) * low * 2**doublings
    return timedelta(seconds=min(high, grown))


def _check_durations(job: Document) -> None:
    config = job["retryConfig"]
    if not 0 <= int(config.get("retryCount") or 0) <= _MOST_RETRIES:
        raise invalid_argument(
            f"RetryConfig.retry_count must be between 0 and {_MOST_RETRIES}.", ("job.retry_config.retry_count", "range")
        )
    low, high = seconds_of(config["minBackoffDuration"]), seconds_of(config["maxBackoffDuration"])
    if not 0 < low <= high <= _LONGEST_RETRY or not 0 <= seconds_of(config["maxRetryDuration"]) <= _LONGEST_RETRY:
        raise invalid_argument("RetryConfig has backoffs or durations that are out of range.")
    deadline = seconds_of(job["attemptDeadline"])
    if "httpTarget" in job and not _SHORTEST_DEADLINE <= deadline <= _LONGEST_DEADLINE:
        raise invalid_argument(
            f"Job.attempt_deadline must be between [{_SHORTEST_DEADLINE}s, {_LONGEST_DEADLINE // 60}m].",
            ("job.attempt_deadline", "range"),
        )


def _check_http(call: Call, target: Json) -> None:
    if not host_of(target.get("uri", "")):
        raise invalid_argument("HttpTarget.uri must be a valid http or https URL.", ("job.http_target.uri", "invalid"))
    if target.get("body") and target["httpMethod"] in _WITHOUT_BODY:
        raise invalid_argument(f"HttpTarget.body is not allowed with {target['httpMethod']}.")
    if "oidcToken" in target and "oauthToken" in target:
        raise invalid_argument("HttpTarget takes one of oauth_token and oidc_token.")
    for kind in ("oidcToken", "oauthToken"):
        email = target.get(kind, {}).get("serviceAccountEmail", "")
        if kind in target and not email:
            raise invalid_argument(f"HttpTarget.{kind}.service_account_email is required.")
        if email:
            call.require("iam.serviceAccounts.actAs", account_resource(call.tx, f"projects/-/serviceAccounts/{email}"))
            if find_account(call.tx, email) is None:
                raise ApiError("NOT_FOUND", f"Service account {email} does not exist.")


def _check_pubsub(target: Json) -> None:
    if not _TOPIC.fullmatch(target.get("topicName", "")):
        raise invalid_argument("PubsubTarget.topic_name must be projects/PROJECT_ID/topics/TOPIC_ID.")
    if not target.get("data") and not target.get("attributes"):
        raise invalid_argument("PubsubTarget needs data or at least one attribute.")

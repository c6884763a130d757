"""Carrying out the jobs of Cloud Scheduler, by the sandbox's clock or because somebody said so.

Each attempt happens between two transactions: one that decides it, one that notes how it went. A job whose starts
were missed (the clock was moved) makes up for them one by one, ``_MOST_BEHIND`` at most.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from provisioner.sandbox.google.errors import HTTP_CODES, ApiError
from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.identity.tokens import CLOUD_PLATFORM, issue_account_token
from provisioner.sandbox.google.messaging.jobs import JOBS, PLANS, backoff, plan
from provisioner.sandbox.google.messaging.publishing import publish_event
from provisioner.sandbox.google.messaging.records import canonical_name, seconds_of
from provisioner.sandbox.google.outbound import Outgoing, Undelivered, deliver, identity_token
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.http import Application
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
_MOST_BEHIND = 100
_ON_TIME = timedelta(minutes=1)
_LONGEST_WAIT = 30.0  # real seconds for one target, however long the attempt deadline is
_TOKEN_LIFE = timedelta(hours=1)
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of one job. ``outgoing`` is empty for a Pub/Sub target, which needs no request."""

    job: Document
    run: Json
    outgoing: Outgoing | None


def order_run(tx: Transaction, job: Document, now: datetime) -> None:
    """Have a job run at once, whatever its state and schedule."""
    kept = tx.get(PLANS, job["name"]) or {"next": "", "behind": 0}
    tx.put(PLANS, job["name"], kept | {"run": _new_run(now, now)})


def run_jobs(world: World, application: Application) -> datetime | None:
    """Make every attempt that is due; return when the next one is."""
    with world.store.transaction() as tx:
        attempts, next_look = _due(tx, world.clock.now())
    for attempt in attempts:
        problem = _carry_out(world, application, attempt)
        with world.store.transaction() as tx:
            _note(tx, attempt, problem, world.clock.now())
    return world.clock.now() if attempts else next_look


def _due(tx: Transaction, now: datetime) -> tuple[list[Attempt], datetime | None]:
    attempts, looks = [], []
    for name, kept in list(tx.scan(PLANS)):
        job = tx.get(JOBS, name)
        if job is None:
            continue
        run = kept.get("run") or _start(tx, job, kept, now)
        if run and parse_timestamp(run["due"]) <= now:
            attempts.append(Attempt(job, run, _outgoing(tx, job, run, now)))
        elif run:
            looks.append(parse_timestamp(run["due"]))
        elif job["state"] == "ENABLED" and kept["next"]:
            looks.append(parse_timestamp(kept["next"]))
    return attempts, min(looks, default=None)


def _start(tx: Transaction, job: Document, kept: Json, now: datetime) -> Json | None:
    """Begin a run if its time has come, and settle the next one."""
    if job["state"] != "ENABLED" or not kept["next"] or parse_timestamp(kept["next"]) > now:
        return None
    scheduled = parse_timestamp(kept["next"])
    behind = kept["behind"] + 1 if scheduled + _ON_TIME < now else 0
    caught_up = behind >= _MOST_BEHIND
    planned = plan(tx, job, now if caught_up else scheduled, 0 if caught_up else behind)
    tx.put(JOBS, job["name"], planned)
    run = _new_run(scheduled, now)
    tx.put(PLANS, job["name"], (tx.get(PLANS, job["name"]) or {}) | {"run": run})
    return run


def _new_run(scheduled: datetime, now: datetime) -> Json:
    return {"scheduled": timestamp(scheduled), "attempt": 1, "due": timestamp(now), "began": timestamp(now)}


def _carry_out(world: World, application: Application, attempt: Attempt) -> ApiError | None:
    """Return what went wrong, None for success."""
    if "appEngineHttpTarget" in attempt.job:
        return ApiError("UNIMPLEMENTED", "The sandbox does not play App Engine.")
    if attempt.outgoing is None:
        return _publish(world, attempt.job["pubsubTarget"])
    try:
        status = deliver(application, attempt.outgoing)
    except Undelivered as problem:
        return ApiError("UNAVAILABLE", f"URL_UNREACHABLE: {problem}")
    if status in _SUCCESS:
        return None
    fitting = (name for name, code in HTTP_CODES.items() if code == status)
    return ApiError(next(fitting, "INTERNAL"), f"URL_ERROR-ERROR_HTTP_STATUS: the target answered {status}")


def _publish(world: World, target: Json) -> ApiError | None:
    try:
        with world.store.transaction() as tx:
            name = canonical_name(tx, target["topicName"])
            data = target.get("data", "")
            content = base64.b64decode(data, altchars=b"-_" if "_" in data or "-" in data else None)
            found = publish_event(world, tx, name, content, target.get("attributes", {}))
    except ApiError as error:
        return error
    return None if found else ApiError("NOT_FOUND", f"Topic {target['topicName']} does not exist.")


def _note(tx: Transaction, attempt: Attempt, problem: ApiError | None, now: datetime) -> None:
    name = attempt.job["name"]
    job, kept = tx.get(JOBS, name), tx.get(PLANS, name)
    if job is None or kept is None:
        return
    tx.put(JOBS, name, job | {"lastAttemptTime": timestamp(now), "status": problem.rpc_status() if problem else {}})
    again = _retried(job, attempt.run, now) if problem else None
    tx.put(PLANS, name, kept | {"run": again})


def _retried(job: Document, run: Json, now: datetime) -> Json | None:
    """Return the run with its next attempt, None when it has had enough."""
    config = job["retryConfig"]
    limit = seconds_of(config["maxRetryDuration"])
    too_long = limit and now - parse_timestamp(run["began"]) >= timedelta(seconds=limit)
    if run["attempt"] > int(config.get("retryCount") or 0) or too_long:
        return None
    due = now + backoff(job, run["attempt"])
    return run | {"attempt": run["attempt"] + 1, "due": timestamp(due)}


def _outgoing(tx: Transaction, job: Document, run: Json, now: datetime) -> Outgoing | None:
    target = job.get("httpTarget")
    if target is None:
        return None
    headers = target["headers"] | {
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": quote(job["name"].rpartition("/")[2]),
        "X-CloudScheduler-ScheduleTime": run["scheduled"],
    }
    data = target.get("body", "")
    if data:
        headers = {"Content-Type": "application/octet-stream"} | headers
    headers |= _authorization(tx, target, now)
    content = base64.b64decode(data, altchars=b"-_" if "_" in data or "-" in data else None)
    seconds = min(_LONGEST_WAIT, seconds_of(job["attemptDeadline"]))
    return Outgoing(target["httpMethod"], target["uri"], headers, content, seconds)


def _authorization(tx: Transaction, target: Json, now: datetime) -> dict[str, str]:
    token = target.get("oidcToken") or target.get("oauthToken")
    account = find_account(tx, token["serviceAccountEmail"]) if token else None
    if token is None or account is None or account.get("disabled"):
        return {}
    if "oidcToken" in target:
        text = identity_token(tx, account, token.get("audience") or target["uri"], now)
    else:
        text, _ = issue_account_token(tx, account, [token.get("scope") or CLOUD_PLATFORM], now, _TOKEN_LIFE)
    return {"Authorization": f"Bearer {text}"}

"""Jobs of the Cloud Scheduler API (v1): kept and shown, never run."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_id, project_resource
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_SERVICE = "cloudscheduler.googleapis.com"
_JOBS = "google/cloudscheduler.jobs"  # by name with the project's id; fields as cloudscheduler v1
_API = "cloudscheduler.projects.locations.jobs"
_FULL_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/jobs/[^/]+")
_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_TARGETS = frozenset(("httpTarget", "pubsubTarget", "appEngineHttpTarget"))
_CRON = re.compile(r"\S+( \S+){4}|every .+")
_RETRY = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}


def _name(tx: Transaction, name: str) -> str:
    _, owner, rest = name.split("/", 2)
    return f"projects/{project_id(tx, owner)}/{rest}"


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _job(call: Call) -> Resource:
    name = _name(call.tx, call.params["name"])
    return inside_project(call.tx, name.split("/")[1], name=name, kind=f"{_SERVICE}/Job", service=_SERVICE)


@method(f"{_API}.create", permission="cloudscheduler.jobs.create", on=_parent)
def create(call: Call) -> Json:
    """Create a job under the name in the body; it is enabled at once."""
    parent = _name(call.tx, call.params["parent"])
    given = call.body.get("name", "")
    name = _name(call.tx, given) if _FULL_NAME.fullmatch(given) else ""
    if not name.startswith(f"{parent}/jobs/") or not _ID.fullmatch(name.rpartition("/")[2]):
        raise invalid_argument(f'Job name must be formatted: "{parent}/jobs/<JOB_ID>".', ("job.name", "invalid"))
    if call.tx.get(_JOBS, name) is not None:
        raise already_exists(f"Job {name} already exists.")
    return _put(call, call.body | {"name": name, "state": "ENABLED"})


@method(f"{_API}.get", permission="cloudscheduler.jobs.get", on=_job)
def get(call: Call) -> Json:
    """Return a job."""
    return _existing(call)


@method(f"{_API}.list", permission="cloudscheduler.jobs.list", on=_parent)
def list_jobs(call: Call) -> Json:
    """Return a page of a location's jobs."""
    items, token = page(call, call.tx.scan(_JOBS, f"{_name(call.tx, call.params['parent'])}/jobs/"))
    return ({"jobs": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="cloudscheduler.jobs.update", on=_job)
def patch(call: Call) -> Json:
    """Change what the mask names; without one everything the body has."""
    found = _existing(call)
    if call.params.get("updateMask"):
        changed = apply_update(found, call.body, read_update_mask(call.params["updateMask"], "Job", call.schemas))
    else:
        changed = found | call.body
    return _put(call, changed | {"name": found["name"], "state": found["state"]})


@method(f"{_API}.delete", permission="cloudscheduler.jobs.delete", on=_job)
def delete(call: Call) -> None:
    """Delete a job."""
    call.tx.delete(_JOBS, _existing(call)["name"])


@method(f"{_API}.pause", permission="cloudscheduler.jobs.pause", on=_job)
def pause(call: Call) -> Json:
    """Stop a job from being started."""
    found = _existing(call)
    if found["state"] != "ENABLED":
        raise failed_precondition(f"Job {found['name']} must be ENABLED to be paused.")
    return _put_state(call, found, "PAUSED")


@method(f"{_API}.resume", permission="cloudscheduler.jobs.enable", on=_job)
def resume(call: Call) -> Json:
    """Let a job be started again; one that is enabled stays so."""
    return _put_state(call, _existing(call), "ENABLED")


def _existing(call: Call) -> Document:
    name = _name(call.tx, call.params["name"])
    found = call.tx.get(_JOBS, name)
    if found is None:
        raise not_found("Job not found.")
    return found


def _put(call: Call, job: Document) -> Document:
    targets = sorted(_TARGETS & job.keys())
    if len(targets) != 1:
        raise invalid_argument(f"A job needs exactly one of {', '.join(sorted(_TARGETS))}, not {targets}.")
    if not _CRON.fullmatch(job.get("schedule", "")):
        raise invalid_argument("Schedule or time zone is invalid.", ("job.schedule", "invalid"))
    changed = {"timeZone": "UTC", "attemptDeadline": "180s"} | job
    changed |= {"retryConfig": _RETRY | job.get("retryConfig", {}), "userUpdateTime": timestamp(call.now)}
    if "httpTarget" in job:
        agent = {"User-Agent": "Google-Cloud-Scheduler"}
        target = {"httpMethod": "POST"} | job["httpTarget"]
        changed["httpTarget"] = target | {"headers": target.get("headers", {}) | agent}
    call.tx.put(_JOBS, changed["name"], changed)
    return changed


def _put_state(call: Call, found: Document, state: str) -> Document:
    changed = found | {"state": state}
    call.tx.put(_JOBS, found["name"], changed)
    return changed

"""Jobs of the Cloud Scheduler API (v1). They run as the sandbox's clock passes: see messaging/runs.py."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_id, project_resource
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.messaging.jobs import JOBS, PLANS, completed, plan
from provisioner.sandbox.google.messaging.runs import order_run
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.regions import REGIONS, get_location, list_locations
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_SERVICE = "cloudscheduler.googleapis.com"
_PROJECTS = "cloudscheduler.projects"
_API = f"{_PROJECTS}.locations.jobs"
_FULL_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/jobs/[^/]+")
_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_OUTPUT = frozenset(("name", "state", "status", "scheduleTime", "lastAttemptTime", "userUpdateTime"))


def _name(tx: Transaction, name: str) -> str:
    _, owner, rest = name.split("/", 2)
    return f"projects/{project_id(tx, owner)}/{rest}"


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


def _job(call: Call) -> Resource:
    name = _name(call.tx, call.params["name"])
    return inside_project(call.tx, name.split("/")[1], name=name, kind=f"{_SERVICE}/Job", service=_SERVICE)


@method(f"{_PROJECTS}.locations.list", permission="cloudscheduler.locations.list", on=_project)
def locations(call: Call) -> Json:
    """Return the regions in which jobs can be."""
    return list_locations(call, f"projects/{project_id(call.tx, call.params['name'].split('/')[1])}")


@method(f"{_PROJECTS}.locations.get", permission="cloudscheduler.locations.get", on=_project)
def location(call: Call) -> Json:
    """Return one region."""
    _, project, _, region = _name(call.tx, call.params["name"]).split("/")
    return get_location(f"projects/{project}", region)


@method(f"{_API}.create", permission="cloudscheduler.jobs.create", on=_parent)
def create(call: Call) -> Json:
    """Create a job under the name in the body; it is enabled at once."""
    parent = _name(call.tx, call.params["parent"])
    region = parent.rpartition("/")[2]
    if region not in REGIONS:
        raise invalid_argument(
            f"Location '{region}' is not a valid location. Use ListLocations to list valid locations."
        )
    given = call.body.get("name", "")
    name = _name(call.tx, given) if _FULL_NAME.fullmatch(given) else ""
    if not name.startswith(f"{parent}/jobs/") or not _ID.fullmatch(name.rpartition("/")[2]):
        raise invalid_argument(f'Job name must be formatted: "{parent}/jobs/<JOB_ID>".', ("job.name", "invalid"))
    if call.tx.get(JOBS, name) is not None:
        raise already_exists(f"Job {name} already exists.")
    return _put(call, call.body | {"name": name, "state": "ENABLED"})


@method(f"{_API}.get", permission="cloudscheduler.jobs.get", on=_job)
def get(call: Call) -> Json:
    """Return a job."""
    return _existing(call)


@method(f"{_API}.list", permission="cloudscheduler.jobs.list", on=_parent)
def list_jobs(call: Call) -> Json:
    """Return a page of a location's jobs."""
    items, token = page(call, call.tx.scan(JOBS, f"{_name(call.tx, call.params['parent'])}/jobs/"), maximum=500)
    return ({"jobs": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="cloudscheduler.jobs.update", on=_job)
def patch(call: Call) -> Json:
    """Change what the mask names; without one everything the body has."""
    found = _existing(call)
    if call.params.get("updateMask"):
        changed = apply_update(found, call.body, read_update_mask(call.params["updateMask"], "Job", call.schemas))
    else:
        changed = found | call.body
    kept = {field: found[field] for field in _OUTPUT if field in found}
    return _put(call, {key: value for key, value in changed.items() if key not in _OUTPUT} | kept)


@method(f"{_API}.delete", permission="cloudscheduler.jobs.delete", on=_job)
def delete(call: Call) -> None:
    """Delete a job; an attempt under way goes on, no other follows."""
    name = _existing(call)["name"]
    call.tx.delete(JOBS, name)
    call.tx.delete(PLANS, name)


@method(f"{_API}.pause", permission="cloudscheduler.jobs.pause", on=_job)
def pause(call: Call) -> Json:
    """Stop a job from being started."""
    found = _existing(call)
    if found["state"] != "ENABLED":
        raise failed_precondition(f"Job {found['name']} must be ENABLED to be paused.")
    return _put_state(call, found, "PAUSED")


@method(f"{_API}.resume", permission="cloudscheduler.jobs.enable", on=_job)
def resume(call: Call) -> Json:
    """Let a job be started again, from its next time on; one that is enabled stays so."""
    found = _existing(call)
    return _put_state(call, found, "ENABLED") if found["state"] != "ENABLED" else found


@method(f"{_API}.run", permission="cloudscheduler.jobs.run", on=_job)
def run(call: Call) -> Json:
    """Run a job now, a paused one as well; the answer does not wait for it."""
    found = _existing(call)
    order_run(call.tx, found, call.now)
    call.world.errands.wake()
    return found


def _existing(call: Call) -> Document:
    name = _name(call.tx, call.params["name"])
    found = call.tx.get(JOBS, name)
    if found is None:
        raise not_found("Job not found.")
    return found


def _put(call: Call, job: Document) -> Document:
    return _planned(call, completed(call, job))


def _put_state(call: Call, found: Document, state: str) -> Document:
    return _planned(call, found | {"state": state})


def _planned(call: Call, job: Document) -> Document:
    changed = plan(call.tx, job, call.now)
    if job["state"] != "ENABLED":
        del changed["scheduleTime"]
    call.tx.put(JOBS, job["name"], changed)
    call.world.errands.wake()
    return changed

"""Jobs, executions and tasks of Cloud Run v1, which gcloud speaks: the same records as v2's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, unimplemented
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.checks import check_etag, rehearse
from provisioner.sandbox.google.run.executing import cancel, execute, resume
from provisioner.sandbox.google.run.executions import begin_execution, delete_execution
from provisioner.sandbox.google.run.jobs import create_job, delete_job, replace_job
from provisioner.sandbox.google.run.knative import RUN, full_name, knative_list, parent_name
from provisioner.sandbox.google.run.knative_jobs import read_job, read_overrides, show_execution, show_job, show_task
from provisioner.sandbox.google.run.knative_services import check_object
from provisioner.sandbox.google.run.names import (
    EXECUTIONS,
    JOBS,
    TASKS,
    find,
    last,
    location_resource,
    missing,
    prefix_of,
    resource_of,
)
from provisioner.sandbox.google.services.run_defaults import unsupported
from provisioner.sandbox.google.services.run_knative import deleted_status
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_JOBS = "run.namespaces.jobs"
_RUNS = "run.namespaces.executions"
_TASKS = "run.namespaces.tasks"


def _parent(call: Call) -> Resource:
    return location_resource(call.tx, parent_name(call))


def _job(call: Call) -> Resource:
    return resource_of(call.tx, full_name(call, "JOB"))


def _found(call: Call) -> Document:
    return find(call.tx, JOBS, full_name(call, "JOB"), "JOB")


def _below(call: Call) -> Resource:
    """Return the job of an execution or task, which v1 names without it; the project for one that is not there."""
    name = full_name(call, "EXECUTION")
    collection = TASKS if "/tasks/" in name else EXECUTIONS
    found = _find_below(call, collection, name)
    return resource_of(call.tx, found["name"]) if found else location_resource(call.tx, name)


@method(f"{_JOBS}.create", permission="run.jobs.create", on=_parent)
def create(call: Call) -> Json:
    """Create a job."""
    name = check_object(call, RUN, "Job")
    parent = parent_name(call)
    if parent.endswith("/-"):
        raise unimplemented(f"Jobs are created at a region's endpoint, not at {call.request.host}.")
    return _applied(call, f"{parent}/jobs/{name}", lambda sent: create_job(call, parent, name, sent))


@method(f"{_JOBS}.get", permission="run.jobs.get", on=_job)
def get(call: Call) -> Json:
    """Return a job."""
    return show_job(call, _found(call))


@method(f"{_JOBS}.list", permission="run.jobs.list", on=_parent)
def list_jobs(call: Call) -> Json:
    """Return the jobs of a region, or of all at the global endpoint."""
    rows = call.tx.scan(JOBS, prefix_of(parent_name(call)))
    return knative_list(call, "Job", RUN, rows, lambda job: show_job(call, job))


@method(f"{_JOBS}.replaceJob", permission="run.jobs.update", on=_job)
def replace(call: Call) -> Json:
    """Replace a job; a resource version that is not the current one conflicts."""
    name = check_object(call, RUN, "Job")
    found = _found(call)
    if name != last(found["name"]):
        text = f"metadata.name: {name} is not the name in the URL, {last(found['name'])}"
        raise invalid_argument(text, ("metadata.name", text))
    check_etag(call.body["metadata"].get("resourceVersion", ""), found)
    return _applied(call, found["name"], lambda sent: replace_job(call, found, sent))


@method(f"{_JOBS}.delete", permission="run.jobs.delete", on=_job)
def delete(call: Call) -> Json:
    """Delete a job with its executions."""
    found = _found(call)
    delete_job(call, found)
    return deleted_status(found, "jobs")


@method(f"v1/{_JOBS}.run", permission="run.jobs.run", on=_job)
def run(call: Call) -> Json:
    """Start an execution and return it; overrides need a permission of their own."""
    unsupported(call.body.get("overrides", {}), ("delayExecution",), "an execution")
    overrides = read_overrides(call.body)
    if overrides:
        call.require("run.jobs.runWithOverrides", _job(call))
    execution, decision, _ = begin_execution(call, _found(call), overrides)
    execute(call, execution, decision)
    return show_execution(call, call.tx.get(EXECUTIONS, execution["name"]) or execution)


@method(f"{_RUNS}.get", permission="run.executions.get", on=_below)
def get_execution(call: Call) -> Json:
    """Return an execution."""
    found = _existing(call, EXECUTIONS, "EXECUTION")
    if "completionTime" not in found:
        resume(call.world, found["name"])
    return show_execution(call, found)


@method(f"{_RUNS}.list", permission="run.executions.list", on=_parent)
def list_executions(call: Call) -> Json:
    """Return the executions of a region."""
    rows = ((name, found) for name, found in call.tx.scan(EXECUTIONS, prefix_of(parent_name(call))))
    return knative_list(call, "Execution", RUN, rows, lambda found: show_execution(call, found))


@method(f"{_RUNS}.delete", permission="run.executions.delete", on=_below)
def delete_one(call: Call) -> Json:
    """Delete an execution that has ended."""
    found = _existing(call, EXECUTIONS, "EXECUTION")
    delete_execution(call.tx, found)
    return deleted_status(found, "executions")


@method(f"v1/{_RUNS}.cancel", permission=("run.executions.cancel", "run.jobs.run"), on=_below)
def cancel_one(call: Call) -> Json:
    """Cancel an execution that runs."""
    found = _existing(call, EXECUTIONS, "EXECUTION")
    if "completionTime" in found:
        raise failed_precondition(f"Execution '{last(found['name'])}' has already completed.")
    cancel(call, found["name"])
    return show_execution(call, _existing(call, EXECUTIONS, "EXECUTION"))


@method(f"{_TASKS}.get", permission=("run.executions.get", "run.tasks.get"), on=_below)
def get_task(call: Call) -> Json:
    """Return a task."""
    return show_task(call, _existing(call, TASKS, "TASK"))


@method(f"{_TASKS}.list", permission=("run.executions.list", "run.tasks.list"), on=_parent)
def list_tasks(call: Call) -> Json:
    """Return the tasks of a region."""
    rows = call.tx.scan(TASKS, prefix_of(parent_name(call)))
    return knative_list(call, "Task", RUN, rows, lambda found: show_task(call, found))


def _existing(call: Call, collection: str, kind: str) -> Document:
    name = full_name(call, kind)
    found = _find_below(call, collection, name)
    if found is None:
        raise missing(name, kind)
    return found


def _find_below(call: Call, collection: str, name: str) -> Document | None:
    """Find a record by its short name; tasks and executions carry their job's name and five letters in front."""
    place = name.rsplit("/", 2)[0]
    return next((found for key, found in call.tx.scan(collection, f"{place}/") if last(key) == last(name)), None)


def _applied(call: Call, name: str, work: Callable[[Json], Json]) -> Json:
    sent = read_job(call.body)

    def applied() -> Json:
        work(sent)
        return show_job(call, find(call.tx, JOBS, name, "JOB"))

    return rehearse(call, applied) if call.params.get("dryRun") else applied()

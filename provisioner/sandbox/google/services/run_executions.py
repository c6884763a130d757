"""Executions and tasks of the Cloud Run Admin API (v2)."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import failed_precondition
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.checks import check_etag, rehearse
from provisioner.sandbox.google.run.executing import cancel, resume
from provisioner.sandbox.google.run.executions import TYPE, delete_execution
from provisioner.sandbox.google.run.names import (
    EXECUTIONS,
    TASKS,
    canonical_name,
    find,
    last,
    operation_name,
    resource_of,
)
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "run.projects.locations.jobs.executions"


def _job(call: Call) -> Resource:
    return resource_of(call.tx, call.params.get("name") or call.params["parent"])


def _execution(call: Call) -> Document:
    return find(call.tx, EXECUTIONS, call.params["name"], "EXECUTION")


@method(f"{_API}.get", permission="run.executions.get", on=_job)
def get(call: Call) -> Json:
    """Return an execution."""
    found = _execution(call)
    if "completionTime" not in found:
        resume(call.world, found["name"])
    return found


@method(f"{_API}.list", permission="run.executions.list", on=_job)
def list_executions(call: Call) -> Json:
    """Return a page of a job's executions; ``-`` stands for all jobs of the location."""
    parent = canonical_name(call.tx, call.params["parent"])
    prefix = parent.removesuffix("-") if parent.endswith("/jobs/-") else f"{parent}/executions/"
    items, token = page(call, call.tx.scan(EXECUTIONS, prefix))
    return ({"executions": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.delete", permission="run.executions.delete", on=_job)
def delete(call: Call) -> Json:
    """Delete an execution that has ended."""
    found = _execution(call)
    check_etag(call.params.get("etag") or "", found)
    if call.params.get("validateOnly"):
        return rehearse(call, lambda: _deleted(call, found))
    return _deleted(call, found)


@method(f"{_API}.cancel", permission="run.executions.cancel", on=_job)
def cancel_execution(call: Call) -> Json:
    """Cancel an execution that runs."""
    found = _execution(call)
    check_etag(call.body.get("etag", ""), found)
    if "completionTime" in found:
        raise failed_precondition(f"Execution '{last(found['name'])}' has already completed.")
    if not call.body.get("validateOnly"):
        cancel(call, found["name"])
    shown = {"@type": TYPE, **_execution(call)}
    return operations.succeeded(call, operation_name(found["name"]), shown, {"@type": TYPE})


@method(f"{_API}.tasks.get", permission="run.tasks.get", on=_job)
def get_task(call: Call) -> Json:
    """Return a task."""
    return find(call.tx, TASKS, call.params["name"], "TASK")


@method(f"{_API}.tasks.list", permission="run.tasks.list", on=_job)
def list_tasks(call: Call) -> Json:
    """Return a page of an execution's tasks."""
    prefix = f"{canonical_name(call.tx, call.params['parent'])}/tasks/"
    items, token = page(call, call.tx.scan(TASKS, prefix))
    return ({"tasks": items} if items else {}) | ({"nextPageToken": token} if token else {})


def _deleted(call: Call, found: Document) -> Json:
    delete_execution(call.tx, found)
    return operations.succeeded(call, operation_name(found["name"]), {"@type": TYPE, **found}, {"@type": TYPE})

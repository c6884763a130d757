"""Jobs of the Cloud Run Admin API (v2)."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.checks import check_body, check_etag, perhaps, rehearse
from provisioner.sandbox.google.run.executing import execute
from provisioner.sandbox.google.run.executions import begin_execution
from provisioner.sandbox.google.run.jobs import create_job, delete_job, replace_job
from provisioner.sandbox.google.run.names import JOBS, canonical_name, find, location_resource, prefix_of, resource_of
from provisioner.sandbox.google.services.run_defaults import unsupported
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "v2/run.projects.locations.jobs"
_BOTH = "run.projects.locations.jobs"


def _parent(call: Call) -> Resource:
    return location_resource(call.tx, call.params["parent"])


def _job(call: Call) -> Resource:
    return resource_of(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return resource_of(call.tx, call.params["resource"])


def _found(call: Call) -> Document:
    return find(call.tx, JOBS, call.params["name"], "JOB")


@method(f"{_API}.create", permission="run.jobs.create", on=_parent)
def create(call: Call) -> Json:
    """Create a job."""
    check_body(call.body, "job")
    parent = canonical_name(call.tx, call.params["parent"])
    return perhaps(call, lambda: create_job(call, parent, call.params.get("jobId", ""), call.body))


@method(f"{_API}.get", permission="run.jobs.get", on=_job)
def get(call: Call) -> Json:
    """Return a job."""
    return _found(call)


@method(f"{_API}.list", permission="run.jobs.list", on=_parent)
def list_jobs(call: Call) -> Json:
    """Return a page of a location's jobs; ``-`` stands for all locations."""
    parent = canonical_name(call.tx, call.params["parent"])
    items, token = page(call, call.tx.scan(JOBS, prefix_of(parent)))
    return ({"jobs": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="run.jobs.update", on=_job)
def patch(call: Call) -> Json:
    """Replace the user's part of a job."""
    check_body(call.body, "job")
    if call.params.get("allowMissing"):
        call.require("run.jobs.create", location_resource(call.tx, call.params["name"]))
        name = canonical_name(call.tx, call.params["name"])
        if call.tx.get(JOBS, name) is None:
            parent, _, short = name.partition("/jobs/")
            return perhaps(call, lambda: create_job(call, parent, short, call.body))
    found = _found(call)
    check_etag(call.body.get("etag", ""), found)
    return perhaps(call, lambda: replace_job(call, found, call.body))


@method(f"{_API}.delete", permission="run.jobs.delete", on=_job)
def delete(call: Call) -> Json:
    """Delete a job with its executions."""
    found = _found(call)
    check_etag(call.params.get("etag") or "", found)
    return perhaps(call, lambda: delete_job(call, found))


@method(f"{_API}.run", permission="run.jobs.run", on=_job)
def run(call: Call) -> Json:
    """Start an execution; overrides need a permission of their own."""
    found = _found(call)
    check_etag(call.body.get("etag", ""), found)
    overrides = call.body.get("overrides", {})
    unsupported(overrides, ("delayExecution",), "an execution")
    if overrides:
        call.require("run.jobs.runWithOverrides", _job(call))
    if call.body.get("validateOnly"):
        return rehearse(call, lambda: begin_execution(call, found, overrides)[2])
    execution, decision, operation = begin_execution(call, found, overrides)
    execute(call, execution, decision)
    return operation


@method(f"{_BOTH}.getIamPolicy", permission="run.jobs.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may use the job."""
    find(call.tx, JOBS, call.params["resource"], "JOB")
    return get_iam_policy(call, _policy(call))


@method(f"{_BOTH}.setIamPolicy", permission="run.jobs.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may use the job."""
    find(call.tx, JOBS, call.params["resource"], "JOB")
    return set_iam_policy(call, _policy(call))


@method(f"{_BOTH}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    find(call.tx, JOBS, call.params["resource"], "JOB")
    return test_iam_permissions(call, _policy(call))

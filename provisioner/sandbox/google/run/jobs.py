"""Jobs: what is filled in and refused, created, changed and deleted, whichever API asked for it.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import already_exists, invalid_argument
from provisioner.sandbox.google.hierarchy import project
from provisioner.sandbox.google.identity.accounts import default_compute_email
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.checks import check_act_as
from provisioner.sandbox.google.run.names import EXECUTIONS, JOBS, SERVICE, TASKS, last, operation_name, who
from provisioner.sandbox.google.run.pods import check_number, check_pod, without_unspecified
from provisioner.sandbox.google.run.stopping import stop
from provisioner.sandbox.google.services.run_defaults import container_of_job, unsupported
from provisioner.sandbox.google.services.run_rollout import Failure, find_failure
from provisioner.sandbox.google.wire import fresh_etag, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
TYPE = "type.googleapis.com/google.cloud.run.v2.Job"
_USER_FIELDS = ("annotations", "binaryAuthorization", "client", "clientVersion", "labels", "launchStage", "template")
_SERVER_FIELDS = ("name", "uid", "createTime", "creator", "generation", "executionCount", "latestCreatedExecution")
_JOB_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 7 * 24 * 3600
_MOST_TASKS = 10_000
_MOST_RETRIES = 10


def create_job(call: Call, parent: str, job_id: str, sent: Json) -> Json:
    """Create a job; return the operation. ``parent`` has the project's id."""
    if not _JOB_ID.fullmatch(job_id):
        text = f"lower-case letters, digits and hyphens, a letter first, no hyphen last, under 64: {job_id!r}"
        raise invalid_argument(f"Violation in CreateJobRequest.job_id: {text}", ("job_id", text))
    name = f"{parent}/jobs/{job_id}"
    if call.tx.get(JOBS, name) is not None:
        raise already_exists(f"Resource '{job_id}' already exists.")
    fixed = {
        "name": name,
        "uid": str(uuid4()),
        "createTime": timestamp(call.now),
        "creator": who(call),
        "generation": "0",
    }
    return replace_job(call, fixed, sent)


def replace_job(call: Call, found: Document, sent: Json) -> Json:
    """Give a job the user's part ``sent``; return the operation. An image that is missing leaves it not ready."""
    owner = project(call.tx, found["name"].split("/")[1])
    wanted = with_defaults(sent, default_compute_email(owner))
    task = wanted["template"]["template"]
    check_act_as(call, task["serviceAccount"])
    job = {key: found[key] for key in _SERVER_FIELDS if key in found} | wanted
    generation = str(int(found["generation"]) + 1)
    job |= {"generation": generation, "observedGeneration": generation, "etag": f'"{fresh_etag(call.tx)}"'}
    job |= {"lastModifier": who(call), "updateTime": timestamp(call.now)}
    failure = find_failure(call, owner, task)
    job["terminalCondition"] = _condition("Ready", failure, call.now)
    job["conditions"] = [_condition(kind, failure, call.now) for kind in ("ContainerReady", "ResourcesAvailable")]
    call.tx.put(JOBS, job["name"], job)
    if failure:
        return operations.failed(call, operation_name(job["name"]), failure.error_of_job(last(job["name"])), _META)
    return operations.succeeded(call, operation_name(job["name"]), {"@type": TYPE, **job}, _META)


_META: Json = {"@type": TYPE}


def delete_job(call: Call, found: Document) -> Json:
    """Delete a job with its executions; return the operation."""
    call.tx.delete(JOBS, found["name"])
    for collection in (EXECUTIONS, TASKS):
        for name, _ in list(call.tx.scan(collection, f"{found['name']}/")):
            call.tx.delete(collection, name)
    delete_policy(call.tx, f"//{SERVICE}/{found['name']}")
    stop(call, found["name"])
    gone = {"@type": TYPE, **found, "deleteTime": timestamp(call.now)}
    return operations.succeeded(call, operation_name(found["name"]), gone, _META)


def with_defaults(sent: Json, default_account: str) -> Json:
    """Return the user's part of a job with everything the server fills in. Raises ApiError INVALID_ARGUMENT."""
    unsupported(sent, ("startExecutionToken", "runExecutionToken", "functionalType"), "a job")
    sent = without_unspecified(sent)
    job = {key: sent[key] for key in _USER_FIELDS if sent.get(key) not in (None, "", {}, [])}
    job.setdefault("launchStage", "GA")
    template = job.get("template", {})
    task = template.get("template", {})
    if not task.get("containers"):
        raise invalid_argument(
            "Job template should contain at least 1 container(s).",
            ("job.template.template.containers", "Job template should contain at least 1 container(s)."),
        )
    defaults: Json = {"maxRetries": 3, "timeout": "600s", "serviceAccount": default_account}
    task = defaults | {key: value for key, value in task.items() if value not in (None, "", {}, [])}
    check_pod(task, "job.template.template")
    task["containers"] = [container_of_job(container) for container in task["containers"]]
    job["template"] = {"taskCount": 1} | {k: v for k, v in template.items() if v not in (None, "", {}, [], 0)}
    job["template"]["template"] = task
    _check_limits(job["template"], task)
    return job


def note_execution(tx: Transaction, execution: Document) -> None:
    """Say in a job how its latest execution is, and count it if it is new."""
    job = tx.get(JOBS, execution["name"].partition("/executions/")[0])
    if job is None:
        return
    latest = {"name": last(execution["name"]), "createTime": execution["createTime"]}
    latest["completionStatus"] = completion_status(execution)
    if "completionTime" in execution:
        latest["completionTime"] = execution["completionTime"]
    if job.get("latestCreatedExecution", {}).get("name") != latest["name"]:
        if latest["createTime"] < job.get("latestCreatedExecution", {}).get("createTime", ""):
            return
        job["executionCount"] = job.get("executionCount", 0) + 1
    tx.put(JOBS, job["name"], job | {"latestCreatedExecution": latest})


def completion_status(execution: Document) -> str:
    """Return an execution's state in one word, as a job shows it."""
    if "completionTime" not in execution:
        return "EXECUTION_RUNNING"
    if execution.get("cancelledCount"):
        return "EXECUTION_CANCELLED"
    return "EXECUTION_FAILED" if execution.get("failedCount") else "EXECUTION_SUCCEEDED"


def _check_limits(template: Json, task: Json) -> None:
    check_number("job.template.task_count", template["taskCount"], 1, _MOST_TASKS)
    check_number("job.template.parallelism", template.get("parallelism", 0), 0, _MOST_TASKS)
    check_number("job.template.template.max_retries", task["maxRetries"], 0, _MOST_RETRIES)
    check_number("job.template.template.timeout", float(task["timeout"].removesuffix("s")), 1, _LONGEST)


def _condition(kind: str, failure: Failure | None, now: datetime) -> Json:
    state = "CONDITION_FAILED" if failure else "CONDITION_SUCCEEDED"
    found = {"type": kind, "state": state, "lastTransitionTime": timestamp(now)}
    return found | ({"reason": failure.reason, "message": failure.message} if failure else {})

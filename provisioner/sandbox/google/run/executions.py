"""Executions of jobs and their tasks: records, how they begin, and what follows when tasks end.

Conditions and texts are those that gcloud waits for and shows.
https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs.executions.
"""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import ApiError, failed_precondition, invalid_argument
from provisioner.sandbox.google.hierarchy import project
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.decisions import Decision, decide
from provisioner.sandbox.google.run.jobs import note_execution
from provisioner.sandbox.google.run.names import EXECUTIONS, TASKS, last, operation_name, who
from provisioner.sandbox.google.wire import fresh_etag, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
TYPE = "type.googleapis.com/google.cloud.run.v2.Execution"
PENDING = "google/run.executions-under-way"  # by execution -> {"operation"}
_COUNTS = ("runningCount", "succeededCount", "failedCount", "cancelledCount", "retriedCount")
_STATES = {"": "CONDITION_RECONCILING", "ok": "CONDITION_SUCCEEDED"}


def begin_execution(call: Call, job: Document, overrides: Json) -> tuple[Document, Decision, Json]:
    """Make an execution of a job with its tasks; return it, who runs it, and the pending operation."""
    template = _overridden(job["template"], overrides)
    task = template["template"]
    owner = project(call.tx, job["name"].split("/")[1])
    decision = decide(call, owner, task)
    suffix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
    stamp = timestamp(call.now)
    execution: Document = {
        "name": f"{job['name']}/executions/{last(job['name'])}-{suffix}",
        "uid": str(uuid4()),
        "generation": "1",
        "observedGeneration": "1",
        "createTime": stamp,
        "startTime": stamp,
        "updateTime": stamp,
        "creator": who(call),
        "job": last(job["name"]),
        "launchStage": job["launchStage"],
        "etag": f'"{fresh_etag(call.tx)}"',
        "reconciling": True,
        "taskCount": template["taskCount"],
        "parallelism": template.get("parallelism", 0),
        "template": task,
        "runningCount": template["taskCount"],
    }
    execution |= {key: template[key] for key in ("labels", "annotations") if key in template}
    execution |= {key: job[key] for key in ("client", "clientVersion") if key in job}
    execution["conditions"] = _conditions("", "", stamp)
    for index in range(template["taskCount"]):
        _put_task(call.tx, execution, index, stamp)
    call.tx.put(EXECUTIONS, execution["name"], execution)
    note_execution(call.tx, execution)
    operation = operation_name(execution["name"])
    call.tx.put(PENDING, execution["name"], {"operation": operation})
    return execution, decision, operations.begun(call, operation, {"@type": TYPE, **execution})


def end_task(tx: Transaction, name: str, result: Json, retried: int, now: datetime) -> None:
    """Note how a task ended; ``result`` is its last attempt's (``exitCode``, ``termSignal``, ``status``)."""
    task = tx.get(TASKS, name)
    if task is None or "completionTime" in task:
        return
    failed = bool(result)
    stamp = timestamp(now)
    text = result.get("status", {}).get("message", "") if failed else ""
    task |= {"completionTime": stamp, "updateTime": stamp, "retried": retried, "lastAttemptResult": result}
    task["conditions"] = _conditions("NON_ZERO_EXIT_CODE" if failed else "ok", text, stamp)
    task.pop("reconciling", None)
    tx.put(TASKS, name, task)


def end_execution(tx: Transaction, name: str, now: datetime, *, cancelled: bool = False) -> Document | None:
    """Sum up an execution whose tasks have ended, or that is cancelled; end its operation. Return it."""
    execution = tx.get(EXECUTIONS, name)
    pending = tx.get(PENDING, name)
    if execution is None or pending is None:
        return None
    tx.delete(PENDING, name)
    stamp = timestamp(now)
    tasks = [task for _, task in tx.scan(TASKS, f"{name}/tasks/")]
    failed = [task for task in tasks if task.get("lastAttemptResult")]
    done = [task for task in tasks if "completionTime" in task]
    counts = {
        "succeededCount": len(done) - len(failed),
        "failedCount": len(failed),
        "cancelledCount": len(tasks) - len(done),
        "retriedCount": sum(task.get("retried", 0) for task in tasks),
    }
    execution = {key: value for key, value in execution.items() if key not in {*_COUNTS, "reconciling"}}
    execution |= {key: value for key, value in counts.items() if value}
    execution |= {"completionTime": stamp, "updateTime": stamp, "etag": f'"{fresh_etag(tx)}"'}
    reason, text = _outcome(failed, cancelled=cancelled)
    execution["conditions"] = _conditions(reason, text, stamp)
    tx.put(EXECUTIONS, name, execution)
    note_execution(tx, execution)
    result = {"@type": TYPE, **execution} if reason == "ok" else ApiError("CANCELLED" if cancelled else "ABORTED", text)
    operations.finish(tx, "run", pending["operation"], result)
    return execution


def delete_execution(tx: Transaction, execution: Document) -> None:
    """Delete an execution that has ended. Raises ApiError FAILED_PRECONDITION while it runs."""
    if "completionTime" not in execution:
        raise failed_precondition(f"Execution '{last(execution['name'])}' is still running; cancel it first.")
    tx.delete(EXECUTIONS, execution["name"])
    for name, _ in list(tx.scan(TASKS, f"{execution['name']}/tasks/")):
        tx.delete(TASKS, name)


def _put_task(tx: Transaction, execution: Document, index: int, stamp: str) -> None:
    name = f"{execution['name']}/tasks/{last(execution['name'])}-task{index}"
    template = execution["template"]
    task = {
        key: template[key]
        for key in ("containers", "volumes", "maxRetries", "timeout", "serviceAccount")
        if key in template
    }
    same = ("generation", "observedGeneration", "createTime", "startTime", "updateTime", "job", "reconciling", "etag")
    task |= {key: execution[key] for key in same}
    task |= {"name": name, "uid": str(uuid4()), "execution": last(execution["name"]), "scheduledTime": stamp}
    task |= {"index": index} if index else {}
    tx.put(TASKS, name, task | {"conditions": _conditions("", "", stamp)})


def _overridden(template: Json, overrides: Json) -> Json:
    task = dict(template["template"])
    containers = [dict(container) for container in task["containers"]]
    for wanted in overrides.get("containerOverrides", []):
        named = [found for found in containers if found.get("name", "") == wanted.get("name", "")]
        if not named and wanted.get("name"):
            raise invalid_argument(f"overrides.container_overrides: there is no container {wanted['name']!r}.")
        target = named[0] if named else containers[0]
        if wanted.get("clearArgs") or wanted.get("args"):
            target["args"] = wanted.get("args", [])
        given = {variable["name"]: variable for variable in wanted.get("env", [])}
        kept = [variable for variable in target.get("env", []) if variable["name"] not in given]
        target |= {"env": [*kept, *given.values()]} if given else {}
    task["containers"] = containers
    task |= {"timeout": overrides["timeout"]} if overrides.get("timeout") else {}
    count = {"taskCount": overrides["taskCount"]} if overrides.get("taskCount") else {}
    return template | count | {"template": task}


def _outcome(failed: list[Document], *, cancelled: bool) -> tuple[str, str]:
    if cancelled:
        return "CANCELLED", "Execution was cancelled."
    if failed:
        message = failed[0]["lastAttemptResult"]["status"]["message"]
        return "NON_ZERO_EXIT_CODE", f"Task {last(failed[0]['name'])} failed with message: {message}"
    return "ok", ""


def _conditions(reason: str, text: str, stamp: str) -> list[Json]:
    """Return the conditions of an execution or task: ``reason`` is empty while it runs, ``ok`` when it worked."""
    completed: Json = {
        "type": "Completed",
        "state": _STATES.get(reason, "CONDITION_FAILED"),
        "lastTransitionTime": stamp,
    }
    if reason not in _STATES:
        completed |= {"executionReason": reason, "message": text}
    others = ("ResourcesAvailable", "Started", "ContainerReady")
    return [completed, *({"type": kind, "state": _STATES["ok"], "lastTransitionTime": stamp} for kind in others)]

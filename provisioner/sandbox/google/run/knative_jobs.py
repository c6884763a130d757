"""Jobs, executions and tasks in the words of v1, and jobs back.

https://cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.knative import LOCATION_LABEL, RUN, condition, location_labels, metadata
from provisioner.sandbox.google.run.knative_annotations import (
    OF_JOB,
    OF_TASKS,
    read_annotations,
    read_labels,
    write_annotations,
)
from provisioner.sandbox.google.run.knative_containers import TAKEN, read_pod, write_pod
from provisioner.sandbox.google.run.names import location_of
from provisioner.sandbox.google.services.run_defaults import unsupported
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_CLIENT = OF_JOB[:2]
_OF_TEMPLATE = (*_CLIENT, *OF_TASKS)
_COUNTS = (
    "runningCount",
    "succeededCount",
    "failedCount",
    "cancelledCount",
    "retriedCount",
    "startTime",
    "completionTime",
)


def read_job(body: Json) -> Json:
    """Return a v1 job as the body that v2 would be sent."""
    meta, spec = body.get("metadata", {}), body.get("spec", {})
    unsupported(spec, ("startExecutionToken", "runExecutionToken"), "a job")
    job = read_annotations(meta.get("annotations", {}), OF_JOB, frozenset())
    labels = read_labels(meta.get("labels", {}))
    sent = spec.get("template", {})
    return job | ({"labels": labels} if labels else {}) | {"template": _read_template(sent)}


def read_overrides(body: Json) -> Json:
    """Return the overrides of a v1 run request as v2's."""
    sent = body.get("overrides", {})
    overrides = {key: sent[key] for key in ("taskCount",) if key in sent}
    if sent.get("timeoutSeconds"):
        overrides["timeout"] = f"{sent['timeoutSeconds']}s"
    if sent.get("containerOverrides"):
        for container in sent["containerOverrides"]:
            for variable in container.get("env", []):
                unsupported(variable, ("valueFrom",), "an overridden variable")
        overrides["containerOverrides"] = sent["containerOverrides"]
    return overrides


def show_job(call: Call, job: Document) -> Json:
    """Return a job in the words of v1."""
    meta = metadata(call, job, "jobs") | {"labels": location_labels(job)}
    meta["annotations"] = write_annotations(job, OF_JOB) | {
        "run.googleapis.com/creator": job["creator"],
        "run.googleapis.com/lastModifier": job["lastModifier"],
    }
    meta["labels"]["run.googleapis.com/lastUpdatedTime"] = job["updateTime"]
    status: Json = {
        "observedGeneration": int(job["observedGeneration"]),
        "conditions": [condition(found) for found in (job["terminalCondition"], *job["conditions"])],
    }
    status |= {"executionCount": job["executionCount"]} if "executionCount" in job else {}
    latest = job.get("latestCreatedExecution")
    if latest:
        names = {"createTime": "creationTimestamp", "completionTime": "completionTimestamp"}
        status["latestCreatedExecution"] = {names.get(key, key): value for key, value in latest.items()}
    return _object("Job", meta, {"template": _show_template(job["template"])}, status)


def show_execution(call: Call, execution: Document) -> Json:
    """Return an execution in the words of v1."""
    job = call.tx.get("google/run.jobs", execution["name"].partition("/executions/")[0]) or {}
    shown = _show_template({"taskCount": execution["taskCount"], "template": execution["template"]} | _own(execution))
    meta = metadata(call, execution, "executions")
    meta["labels"] = location_labels(execution) | _of_job(execution, job)
    meta["annotations"] = shown["metadata"].get("annotations", {}) | {
        "run.googleapis.com/creator": execution["creator"],
        "run.googleapis.com/lastModifier": execution["creator"],
    }
    meta["ownerReferences"] = [_owner("Job", execution["job"], job.get("uid", ""))]
    status = {"observedGeneration": 1, "conditions": [condition(found) for found in execution["conditions"]]}
    status |= {key: execution[key] for key in _COUNTS if key in execution}
    return _object("Execution", meta, shown["spec"], status)


def show_task(call: Call, task: Document) -> Json:
    """Return a task in the words of v1."""
    job = call.tx.get("google/run.jobs", task["name"].partition("/executions/")[0]) or {}
    meta = metadata(call, task, "tasks")
    state = {"True": "Succeeded", "False": "Failed"}.get(condition(task["conditions"][0])["status"], "Running")
    meta["labels"] = _of_job(task, job) | {
        LOCATION_LABEL: location_of(task["name"]),
        "run.googleapis.com/execution": task["execution"],
        "run.googleapis.com/taskIndex": str(task.get("index", 0)),
        "run.googleapis.com/runningState": state,
    }
    meta["ownerReferences"] = [_owner("Execution", task["execution"], "")]
    status = {"observedGeneration": 1, "conditions": [condition(found) for found in task["conditions"]]}
    fields = ("index", "startTime", "completionTime", "lastAttemptResult", "retried")
    status |= {key: task[key] for key in fields if key in task}
    return _object("Task", meta, _show_task_spec(task), status)


def _own(execution: Document) -> Json:
    return {key: execution[key] for key in ("client", "clientVersion", "annotations") if key in execution}


def _object(kind: str, meta: Json, spec: Json, status: Json) -> Json:
    return {"apiVersion": RUN, "kind": kind, "metadata": meta, "spec": spec, "status": status}


def _read_template(sent: Json) -> Json:
    annotations = sent.get("metadata", {}).get("annotations", {})
    spec = sent.get("spec", {})
    unsupported(spec, ("delayExecution",), "an execution")
    fields = read_annotations(annotations, _OF_TEMPLATE, TAKEN)
    outer: Json = {key: fields.pop(key) for key in ("client", "clientVersion", "annotations") if key in fields}
    task = spec.get("template", {}).get("spec", {})
    inner = fields | read_pod(task, annotations)
    for name, field in (("serviceAccountName", "serviceAccount"), ("maxRetries", "maxRetries")):
        if name in task:
            inner[field] = task[name]
    if task.get("timeoutSeconds"):
        inner["timeout"] = f"{task['timeoutSeconds']}s"
    labels = read_labels(sent.get("metadata", {}).get("labels", {}))
    outer |= {"labels": labels} if labels else {}
    return outer | {key: spec[key] for key in ("taskCount", "parallelism") if spec.get(key)} | {"template": inner}


def _show_template(template: Json) -> Json:
    task = template["template"]
    annotations = write_annotations(task, OF_TASKS) | write_annotations(template, _CLIENT) | write_pod(task)[1]
    spec = {key: template[key] for key in ("parallelism", "taskCount") if key in template}
    meta: Json = {"annotations": annotations} if annotations else {}
    meta |= {"labels": template["labels"]} if template.get("labels") else {}
    return {"metadata": meta, "spec": spec | {"template": {"spec": _show_task_spec(task)}}}


def _show_task_spec(task: Json) -> Json:
    return write_pod(task)[0] | {
        "maxRetries": task["maxRetries"],
        "timeoutSeconds": f"{float(task['timeout'].removesuffix('s')):g}",
        "serviceAccountName": task["serviceAccount"],
    }


def _of_job(record: Document, job: Document) -> dict[str, str]:
    labels = {"run.googleapis.com/job": record["job"]}
    if job:
        labels |= {"run.googleapis.com/jobUid": job["uid"], "run.googleapis.com/jobGeneration": job["generation"]}
    return labels


def _owner(kind: str, name: str, uid: str) -> Json:
    own = {"apiVersion": RUN, "kind": kind, "name": name, "controller": True, "blockOwnerDeletion": True}
    return own | ({"uid": uid} if uid else {})

"""Runs and jobs as REST shows them."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import repositories
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_RUN_FIELDS = ("id", "name", "path", "run_number", "event", "head_sha", "workflow_id", "created_at", "head_branch")
_PARTS = ("jobs", "logs", "artifacts", "cancel", "rerun")


def show_run(call: Call, run: Document) -> Json:
    """Show a run at its latest attempt."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "actions/runs", run["id"])
    attempt = run.get("attempt", 1)
    repository = show(call, call.repository)
    actor = account_by_id(call.tx, run["actor_id"])
    trigger = account_by_id(call.tx, run.get("triggering_actor_id") or run["actor_id"])
    return {
        **{field: run[field] for field in _RUN_FIELDS},
        "node_id": node_id("WFR", run["id"]),
        "run_attempt": attempt,
        "display_title": run["title"],
        "status": run["status"],
        "conclusion": run["conclusion"],
        "updated_at": run["updated_at"],
        "run_started_at": run["run_started_at"],
        "actor": simple(call.urls, actor),
        "triggering_actor": simple(call.urls, trigger),
        "pull_requests": _pulls(call, run),
        "referenced_workflows": [],
        "previous_attempt_url": f"{own}/attempts/{attempt - 1}" if attempt > 1 else None,
        "url": own,
        "html_url": call.urls.web(name, "actions/runs", run["id"]),
        **{f"{part}_url": f"{own}/{part}" for part in _PARTS},
        "check_suite_url": call.urls.api("repos", name, "check-suites", run["id"]),
        "workflow_url": call.urls.api("repos", name, "actions/workflows", run["workflow_id"]),
        "head_commit": None,
        "repository": repository,
        "head_repository": repository,
    }


def _pulls(call: Call, run: Document) -> list[Json]:
    number = run.get("pull_number")
    if number is None or run.get("fork"):
        return []
    name = repositories.full_name(call.tx, call.repository)
    brief = {
        "id": call.repository["id"],
        "url": call.urls.api("repos", name),
        "name": call.repository["name"],
    }
    pull = (run.get("payload") or {}).get("pull_request", {})
    ends = {
        end: {"ref": run[f"{end}_ref"], "sha": pull.get(end, {}).get("sha", run["head_sha"]), "repo": brief}
        for end in ("head", "base")
    }
    return [{"id": number, "number": number, "url": call.urls.api("repos", name, "pulls", number), **ends}]


def show_job(call: Call, run: Document, job: Document) -> Json:
    """Show a job."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "actions/jobs", job["id"])
    begun = job["started_at"] is not None and job["conclusion"] != "skipped"
    return {
        **{
            field: job[field]
            for field in ("id", "run_id", "status", "conclusion", "created_at", "completed_at", "name")
        },
        "node_id": node_id("CR", job["id"]),
        "run_url": call.urls.api("repos", name, "actions/runs", job["run_id"]),
        "run_attempt": job["attempt"],
        "head_sha": run["head_sha"],
        "head_branch": run["head_branch"],
        "workflow_name": run["name"],
        "url": own,
        "html_url": call.urls.web(name, "actions/runs", job["run_id"], "job", job["id"]),
        "started_at": job["started_at"] or job["created_at"],
        "steps": job["steps"],
        "check_run_url": call.urls.api("repos", name, "check-runs", job["id"]),
        "labels": job["labels"],
        "runner_id": 1 if begun else None,
        "runner_name": "this machine" if begun else None,
        "runner_group_id": 1 if begun else None,
        "runner_group_name": "sandbox" if begun else None,
    }

"""Actions of a repository over REST: permissions, subject customisation, workflows, dispatches, runs."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from provisioner.sandbox.github import actions_settings, bare, repositories, subjects, workflows
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import conflict, not_found, unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import org_read, org_write, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXTS, Field, text
from provisioner.sandbox.github.triggers import Workflow, dispatch_inputs
from provisioner.sandbox.store import Document

_PERMISSIONS = {
    "enabled": Field("boolean", required=True),
    "allowed_actions": text(enum=("all", "local_only", "selected")),
    "sha_pinning_required": FLAG,
}
_SELECTED = {"github_owned_allowed": FLAG, "verified_allowed": FLAG, "patterns_allowed": TEXTS}
_WORKFLOW = {
    "default_workflow_permissions": text(enum=("read", "write")),
    "can_approve_pull_request_reviews": FLAG,
}
_SUBJECT = {
    "use_default": Field("boolean", required=True),
    "include_claim_keys": TEXTS,
    "use_immutable_subject": FLAG,
}
_ORG_SUBJECT = {"include_claim_keys": TEXTS, "use_immutable_subject": FLAG}
_DISPATCH = {"ref": text(required=True), "inputs": Field("object"), "return_run_details": FLAG}
_CLAIM_KEY = re.compile(r"[A-Za-z0-9_]+")


def get_permissions(call: Call) -> Answer:
    """Show whether Actions run, and which."""
    held = actions_settings.read(call.tx, call.repository)
    if not held["enabled"]:
        return Answer({"enabled": False, "sha_pinning_required": held["sha_pinning_required"]})
    names = ("enabled", "allowed_actions", "sha_pinning_required")
    chosen = {name: held[name] for name in names}
    place = call.urls.api("repositories", call.repository["id"], "actions/permissions/selected-actions")
    return Answer(chosen | ({"selected_actions_url": place} if held["allowed_actions"] == "selected" else {}))


def put_permissions(call: Call) -> Answer:
    """Say whether Actions run, and which."""
    actions_settings.change(call.tx, call.repository, call.body(_PERMISSIONS))
    return NO_CONTENT


def get_selected(call: Call) -> Answer:
    """Show the actions that may be used where ``allowed_actions`` is ``selected``."""
    held = actions_settings.read(call.tx, call.repository)
    if held["allowed_actions"] != "selected":
        raise conflict("All actions and reusable workflows are allowed on this repository")
    return Answer({name: held[name] for name in _SELECTED})


def put_selected(call: Call) -> Answer:
    """Choose the actions that may be used."""
    if actions_settings.read(call.tx, call.repository)["allowed_actions"] != "selected":
        raise conflict("Allowed actions must be set to selected")
    actions_settings.change(call.tx, call.repository, call.body(_SELECTED))
    return NO_CONTENT


def get_workflow_permissions(call: Call) -> Answer:
    """Show what a job's GITHUB_TOKEN may do by default."""
    held = actions_settings.read(call.tx, call.repository)
    return Answer({name: held[name] for name in _WORKFLOW})


def put_workflow_permissions(call: Call) -> Answer:
    """Say what a job's GITHUB_TOKEN may do by default."""
    actions_settings.change(call.tx, call.repository, call.body(_WORKFLOW))
    return NO_CONTENT


def get_subject(call: Call) -> Answer:
    """Show how the subject of id tokens is built."""
    held = call.tx.get(subjects.SETTINGS, subjects.repository_key(call.repository)) or {"use_default": True}
    owner = account_by_id(call.tx, call.repository["owner_id"])["login"]
    immutable = subjects.is_immutable(call.tx, call.repository)
    start = subjects.prefix(call.tx, call.repository, owner)
    return Answer({**held, "use_immutable_subject": immutable, "sub_claim_prefix": start})


def put_subject(call: Call) -> Answer:
    """Say how the subject of id tokens is built."""
    wanted = call.body(_SUBJECT)
    _check_keys(wanted)
    if wanted["use_default"]:
        wanted.pop("include_claim_keys", None)
    call.tx.put(subjects.SETTINGS, subjects.repository_key(call.repository), wanted)
    return Answer({}, 201)


def get_org_subject(call: Call) -> Answer:
    """Show the organisation's template."""
    held = call.tx.get(subjects.SETTINGS, subjects.organization_key(call.organization["id"])) or {}
    return Answer({"include_claim_keys": ["repo", "context"], **held})


def put_org_subject(call: Call) -> Answer:
    """Set the organisation's template."""
    wanted = call.body(_ORG_SUBJECT)
    _check_keys(wanted)
    call.tx.put(subjects.SETTINGS, subjects.organization_key(call.organization["id"]), wanted)
    return Answer({}, 201)


def _check_keys(wanted: dict[str, Any]) -> None:
    keys = wanted.get("include_claim_keys", [])
    if len(set(keys)) != len(keys) or not all(_CLAIM_KEY.fullmatch(key) for key in keys):
        raise unprocessable("include_claim_keys must be unique and can only contain alphanumeric characters and _")


def _present(call: Call) -> list[tuple[Workflow, Document]]:
    git = bare.opened(call.world.folder, call.repository["id"])
    found = workflows.at(git, f"refs/heads/{call.repository['default_branch']}")
    return [(one, workflows.registered(call.tx, call.repository, one, call.stamp)) for one in found]


def list_workflows(call: Call) -> Listing:
    """List the workflows of the default branch."""
    return Listing([record for _, record in _present(call)], partial(_show_workflow, call), "workflows")


def get_workflow(call: Call) -> Answer:
    """Show a workflow by number or file name."""
    return Answer(_show_workflow(call, _workflow(call)[1]))


def _workflow(call: Call) -> tuple[Workflow, Document]:
    wanted = call.parameters["workflow_id"]
    for workflow, record in _present(call):
        if wanted in {str(record["id"]), workflow.path.rpartition("/")[2]}:
            return workflow, record
    raise not_found()


def _show_workflow(call: Call, record: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    return {
        "id": record["id"],
        "node_id": node_id("W", record["id"]),
        **{field: record[field] for field in ("name", "path", "created_at", "updated_at")},
        "state": "active",
        "url": call.urls.api("repos", name, "actions/workflows", record["id"]),
        "html_url": call.urls.web(name, "blob", call.repository["default_branch"], record["path"]),
        "badge_url": call.urls.web(name, "workflows", record["name"], "badge.svg"),
    }


def dispatch(call: Call) -> Answer:
    """Record a run of a workflow on a branch or tag; nothing is executed, and the run says so."""
    wanted = call.body(_DISPATCH)
    workflow, _ = _workflow(call)
    git = bare.opened(call.world.folder, call.repository["id"])
    ref = _full_ref(git, wanted["ref"])
    there = {one.path: one for one in workflows.at(git, ref)}.get(workflow.path)
    if there is None or "workflow_dispatch" not in there.on:
        raise unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    _check_inputs(dispatch_inputs(there), wanted.get("inputs", {}))
    cause = workflows.Cause("workflow_dispatch", ref, git.resolve(ref) or "", call.stamp)
    run = workflows.record_run(call.tx, call.repository, call.caller, there, cause)
    if not wanted.get("return_run_details"):
        return NO_CONTENT
    shown = _show_run(call, run)
    return Answer({"workflow_run_id": run["id"], "run_url": shown["url"], "html_url": shown["html_url"]})


def _full_ref(git: bare.Repository, name: str) -> str:
    for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
        if candidate.startswith("refs/") and git.resolve(candidate):
            return candidate
    raise unprocessable(f"No ref found for: {name}")


def _check_inputs(known: dict[str, dict[str, Any]], given: dict[str, Any]) -> None:
    unexpected = sorted(set(given) - set(known))
    if unexpected:
        raise unprocessable(f"Unexpected inputs provided: {unexpected}")
    for name, about in known.items():
        if about.get("required") and "default" not in about and name not in given:
            raise unprocessable(f"Required input '{name}' not provided")


def list_runs(call: Call) -> Listing:
    """List the recorded runs, newest first; filters: event, branch, head_sha, status."""
    rows = [run for _, run in call.tx.scan(workflows.RUNS, f"{call.repository['id']}/")][::-1]
    if "workflow_id" in call.parameters:
        number = _workflow(call)[1]["id"]
        rows = [run for run in rows if run["workflow_id"] == number]
    for name, field in (("event", "event"), ("head_sha", "head_sha"), ("branch", "branch")):
        wanted = call.query(name)
        rows = [run for run in rows if not wanted or wanted == (_branch(run) if field == "branch" else run[field])]
    if call.query("status") not in {"", "completed", "skipped"}:
        rows = []
    return Listing(rows, partial(_show_run, call), "workflow_runs")


def _branch(run: Document) -> str:
    return str(run["ref"]).split("/", 2)[2]


def get_run(call: Call) -> Answer:
    """Show a recorded run."""
    run = call.tx.get(workflows.RUNS, f"{call.repository['id']}/{call.parameters['run_id'].zfill(14)}")
    if run is None:
        raise not_found()
    return Answer(_show_run(call, run))


def list_jobs(call: Call) -> Listing:
    """List the jobs of a run: none was started."""
    get_run(call)
    return Listing([], lambda job: job, "jobs")


def _show_run(call: Call, run: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "actions/runs", run["id"])
    person = simple(call.urls, account_by_id(call.tx, run["actor_id"]))
    repository = show(call, call.repository)
    fields = ("id", "name", "path", "run_number", "event", "head_sha", "workflow_id", "created_at")
    return {
        **{field: run[field] for field in fields},
        "node_id": node_id("WFR", run["id"]),
        "head_branch": _branch(run),
        "run_attempt": 1,
        "display_title": workflows.NOT_EXECUTED,
        "status": "completed",
        "conclusion": "skipped",
        "updated_at": run["created_at"],
        "run_started_at": run["created_at"],
        "actor": person,
        "triggering_actor": person,
        "pull_requests": [],
        "referenced_workflows": [],
        "previous_attempt_url": None,
        "url": own,
        "html_url": call.urls.web(name, "actions/runs", run["id"]),
        **{f"{part}_url": f"{own}/{part}" for part in ("jobs", "logs", "artifacts", "cancel", "rerun")},
        "check_suite_url": call.urls.api("repos", name, "check-suites", run["id"]),
        "workflow_url": call.urls.api("repos", name, "actions/workflows", run["workflow_id"]),
        "head_commit": None,
        "repository": repository,
        "head_repository": repository,
    }


_REPO = "/repos/{owner}/{repo}/actions"
_PERMS, _SUB = f"{_REPO}/permissions", f"{_REPO}/oidc/customization/sub"
_ORG_SUB = "/orgs/{org}/actions/oidc/customization/sub"
_FLOWS, _RUNS = f"{_REPO}/workflows", f"{_REPO}/runs"
_FLOW = f"{_FLOWS}/{{workflow_id}}"
_ADMIN_READ, _ADMIN = repo_read("administration", "admin"), repo_write("administration", "admin")
_READ, _WRITE = repo_read("actions"), repo_write("actions")
_DOCS, _OIDC = "actions/permissions", "actions/oidc"
_ORG_PERMISSION = "organization_administration"
ROUTES = (
    route("GET", _PERMS, _ADMIN_READ, get_permissions, _DOCS),
    route("PUT", _PERMS, _ADMIN, put_permissions, _DOCS),
    route("GET", f"{_PERMS}/selected-actions", _ADMIN_READ, get_selected, _DOCS),
    route("PUT", f"{_PERMS}/selected-actions", _ADMIN, put_selected, _DOCS),
    route("GET", f"{_PERMS}/workflow", _ADMIN_READ, get_workflow_permissions, _DOCS),
    route("PUT", f"{_PERMS}/workflow", _ADMIN, put_workflow_permissions, _DOCS),
    route("GET", _SUB, repo_read("actions"), get_subject, _OIDC),
    route("PUT", _SUB, repo_write("actions", "admin"), put_subject, _OIDC),
    route("GET", _ORG_SUB, org_read(_ORG_PERMISSION), get_org_subject, _OIDC),
    route("PUT", _ORG_SUB, org_write(_ORG_PERMISSION), put_org_subject, _OIDC),
    route("GET", _FLOWS, _READ, list_workflows, "actions/workflows#list-repository-workflows"),
    route("GET", _FLOW, _READ, get_workflow, "actions/workflows#get-a-workflow"),
    route("POST", f"{_FLOW}/dispatches", _WRITE, dispatch, "actions/workflows#create-a-workflow-dispatch-event"),
    route("GET", f"{_FLOW}/runs", _READ, list_runs, "actions/workflow-runs"),
    route("GET", _RUNS, _READ, list_runs, "actions/workflow-runs"),
    route("GET", f"{_RUNS}/{{run_id}}", _READ, get_run, "actions/workflow-runs#get-a-workflow-run"),
    route("GET", f"{_RUNS}/{{run_id}}/jobs", _READ, list_jobs, "actions/workflow-jobs"),
)

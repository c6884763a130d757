"""Workflows over REST: list, show, switch off and on, dispatch; and repository dispatches."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import bare, repositories, workflows
from provisioner.sandbox.github.actions import payloads, starting
from provisioner.sandbox.github.actions.run_views import show_run
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, forbidden, not_found, unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, Field, text
from provisioner.sandbox.github.triggers import InputRefused, Workflow, accepted_inputs
from provisioner.sandbox.store import Document

_DISPATCH = {"ref": text(required=True), "inputs": Field("object"), "return_run_details": FLAG}
_EVENT = {"event_type": text(required=True), "client_payload": Field("object")}
_MOST_PROPERTIES = 10


def _present(call: Call) -> list[tuple[Workflow, Document]]:
    git = bare.opened(call.world.folder, call.repository["id"])
    found = workflows.at(git, f"refs/heads/{call.repository['default_branch']}")
    return [(one, starting.registered(call.tx, call.repository, one, call.stamp)) for one in found]


def list_workflows(call: Call) -> Listing:
    """List the workflows of the default branch."""
    return Listing([record for _, record in _present(call)], partial(_show_workflow, call), "workflows")


def get_workflow(call: Call) -> Answer:
    """Show a workflow by number or file name."""
    return Answer(_show_workflow(call, workflow_of(call)[1]))


def workflow_of(call: Call) -> tuple[Workflow, Document]:
    """Return the workflow a path names. Raises GithubError (404)."""
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
        "state": record.get("state", "active"),
        "url": call.urls.api("repos", name, "actions/workflows", record["id"]),
        "html_url": call.urls.web(name, "blob", call.repository["default_branch"], record["path"]),
        "badge_url": call.urls.web(name, "workflows", record["name"], "badge.svg"),
    }


def enable(call: Call) -> Answer:
    """Let events start a workflow again."""
    return _set_state(call, "active")


def disable(call: Call) -> Answer:
    """Let no event start a workflow."""
    return _set_state(call, starting.DISABLED)


def _set_state(call: Call, state: str) -> Answer:
    _, record = workflow_of(call)
    if state == starting.DISABLED and record.get("state") == state:
        raise forbidden("Unable to disable this workflow.")
    call.tx.put(starting.WORKFLOWS, f"{call.repository['id']}/{record['path']}", record | {"state": state})
    return NO_CONTENT


def dispatch(call: Call) -> Answer:
    """Begin a run of a workflow on a branch or tag."""
    wanted = call.body(_DISPATCH)
    workflow, record = workflow_of(call)
    git = bare.opened(call.world.folder, call.repository["id"])
    ref = _full_ref(git, wanted["ref"])
    there = {one.path: one for one in workflows.at(git, ref)}.get(workflow.path)
    if there is None or "workflow_dispatch" not in there.on:
        raise unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    if record.get("state") == starting.DISABLED:
        raise unprocessable("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    try:
        inputs = accepted_inputs(there, wanted.get("inputs", {}))
    except InputRefused as problem:
        raise unprocessable(str(problem)) from None
    actor = call.caller.account
    payload = {
        **payloads.surroundings(call.tx, call.repository, actor),
        "inputs": inputs,
        "ref": ref,
        "workflow": there.path,
    }
    sha = git.resolve(ref) or ""
    cause = starting.Cause("workflow_dispatch", ref, sha, call.stamp, actor["id"], payload, inputs=inputs)
    run = starting.start(call.tx, git, call.repository, there, cause)
    if run is None or not wanted.get("return_run_details"):
        return NO_CONTENT
    shown = show_run(call, run)
    return Answer({"workflow_run_id": run["id"], "run_url": shown["url"], "html_url": shown["html_url"]})


def _full_ref(git: bare.Repository, name: str) -> str:
    for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
        if candidate.startswith("refs/") and git.resolve(candidate):
            return candidate
    raise unprocessable(f"No ref found for: {name}")


def repository_dispatch(call: Call) -> Answer:
    """Begin the runs that wait for an event of this type."""
    wanted = call.body(_EVENT)
    if len(wanted.get("client_payload", {})) > _MOST_PROPERTIES:
        raise GithubError(422, "No more than 10 properties are allowed; more than 10 were supplied.")
    git = bare.opened(call.world.folder, call.repository["id"])
    workflows.on_repository_dispatch(call.tx, git, call.repository, call.caller, wanted | {"stamp": call.stamp})
    return NO_CONTENT


_FLOWS = "/repos/{owner}/{repo}/actions/workflows"
_FLOW = f"{_FLOWS}/{{workflow_id}}"
_READ, _WRITE = repo_read("actions"), repo_write("actions")
_DOCS = "actions/workflows"
ROUTES = (
    route("GET", _FLOWS, _READ, list_workflows, f"{_DOCS}#list-repository-workflows"),
    route("GET", _FLOW, _READ, get_workflow, f"{_DOCS}#get-a-workflow"),
    route("PUT", f"{_FLOW}/enable", _WRITE, enable, f"{_DOCS}#enable-a-workflow"),
    route("PUT", f"{_FLOW}/disable", _WRITE, disable, f"{_DOCS}#disable-a-workflow"),
    route("POST", f"{_FLOW}/dispatches", _WRITE, dispatch, f"{_DOCS}#create-a-workflow-dispatch-event"),
    route("POST", "/repos/{owner}/{repo}/dispatches", repo_write("contents"), repository_dispatch, "repos/repos"),
)

"""Deployments and their statuses over REST.

https://docs.github.com/rest/deployments
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import checks, commits, deployments, environments, events, repositories
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, conflict, not_found, unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.push_facts import is_ancestor
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, Field, text
from provisioner.sandbox.store import Document

_CREATE = {
    "ref": text(required=True),
    "task": TEXT,
    "auto_merge": FLAG,
    "required_contexts": Field("array", nullable=True, items=TEXT),
    "payload": Field("any"),
    "environment": TEXT,
    "description": text(nullable=True),
    "transient_environment": FLAG,
    "production_environment": FLAG,
}
_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_STATUS = {
    "state": text(required=True, enum=_STATES),
    "target_url": TEXT,
    "log_url": TEXT,
    "description": TEXT,
    "environment": TEXT,
    "environment_url": TEXT,
    "auto_inactive": FLAG,
}
_KEPT = ("task", "payload", "description", "transient_environment", "production_environment")
_LONGEST = 140  # characters of a description


def create(call: Call) -> Answer:
    """Ask for a deployment of a ref, whose checks must have succeeded unless ``required_contexts`` says otherwise."""
    wanted, git = call.body(_CREATE), git_of(call)
    sha = next((found for name in _names(wanted["ref"]) if (found := git.resolve(name))), None)
    if sha is None:
        raise unprocessable(f"No ref found for: {wanted['ref']}")
    _check_length(wanted)
    if wanted.get("auto_merge", True):
        _check_behind(call, wanted["ref"], sha)
    _check_contexts(call, wanted, sha)
    environment = wanted.get("environment", "production")
    _note_environment(call, environment)
    number = deployments.create(
        call.tx,
        call.repository,
        ref=wanted["ref"],
        sha=sha,
        environment=environment,
        creator_id=call.caller.account["id"],
        stamp=call.stamp,
        more={name: wanted[name] for name in _KEPT if name in wanted},
    )
    document = deployments.get(call.tx, call.repository, str(number))
    shown = show(call, document)
    events.publish(call, "deployment", lambda: {"deployment": shown, "workflow": None}, "created")
    return Answer(shown, 201, (("Location", shown["url"]),))


def _names(ref: str) -> tuple[str, str, str]:
    return f"refs/heads/{ref}", f"refs/tags/{ref}", ref


def _check_length(wanted: dict[str, Any]) -> None:
    if len(wanted.get("description") or "") > _LONGEST:
        raise unprocessable("Validation Failed: description is too long (maximum is 140 characters)")


def _check_behind(call: Call, ref: str, sha: str) -> None:
    """GitHub would merge the default branch into one that lacks something of it; the sandbox leaves that to people."""
    default = commits.branch_tip(call, call.repository, call.repository["default_branch"])
    is_branch = commits.branch_tip(call, call.repository, ref) is not None
    if default and is_branch and not is_ancestor(git_of(call), default, sha):
        raise conflict(f"Conflict merging {call.repository['default_branch']} into {ref}.")


def _check_contexts(call: Call, wanted: dict[str, Any], sha: str) -> None:
    asked = wanted.get("required_contexts")
    said = checks.verdicts(call.tx, call.repository, sha)
    bad = [
        {"context": name, "state": verdict}
        for name, _, verdict in said
        if verdict != "success" and (asked is None or name in asked)
    ]
    known = {name for name, _, _ in said}
    bad += [{"context": name, "state": "expected"} for name in asked or () if name not in known]
    if bad:
        rows = [{"contexts": bad, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}]
        raise GithubError(409, f"Conflict: Commit status checks failed for {wanted['ref']}.", errors=rows)


def _note_environment(call: Call, name: str) -> None:
    repo_id = call.repository["id"]
    if environments.find(call.tx, repo_id, name) is None:
        environments.put(call.tx, environments.new(call.tx, repo_id, name, call.stamp))


def list_deployments(call: Call) -> Listing:
    """List deployments, newest first, by sha, ref, task and environment."""
    wanted = {name: call.query(name) for name in ("sha", "ref", "task", "environment")}
    rows = [
        document
        for document in deployments.of_repository(call.tx, call.repository)
        if all(value in {"", "none", document[name]} for name, value in wanted.items())
    ]
    return Listing(rows[::-1], partial(show, call))


def _deployment(call: Call) -> Document:
    return deployments.get(call.tx, call.repository, call.parameters["deployment_id"])


def get(call: Call) -> Answer:
    """Show a deployment."""
    return Answer(show(call, _deployment(call)))


def delete(call: Call) -> Answer:
    """Remove a deployment; an active one only when there is no other."""
    document = _deployment(call)
    others = len(deployments.of_repository(call.tx, call.repository)) > 1
    if others and deployments.is_active(call.tx, call.repository, document):
        raise unprocessable(
            "We cannot delete an active deployment unless it is the only deployment in a given repository."
        )
    deployments.delete(call.tx, call.repository, document["id"])
    return NO_CONTENT


def create_status(call: Call) -> Answer:
    """Say how a deployment goes."""
    wanted, document = call.body(_STATUS), _deployment(call)
    _check_length(wanted)
    status = deployments.add_status(
        call.tx,
        call.repository,
        document["id"],
        state=wanted["state"],
        creator_id=call.caller.account["id"],
        stamp=call.stamp,
        log_url=wanted.get("log_url") or wanted.get("target_url") or "",
        environment_url=wanted.get("environment_url", ""),
        description=wanted.get("description", ""),
        auto_inactive=wanted.get("auto_inactive", True),
    )
    shown = show_status(call, document, status)
    payload = {"deployment_status": shown, "deployment": show(call, document)}
    events.publish(call, "deployment_status", lambda: payload, "created")
    return Answer(shown, 201, (("Location", shown["url"]),))


def list_statuses(call: Call) -> Listing:
    """List what was said of a deployment, newest first."""
    document = _deployment(call)
    rows = deployments.statuses(call.tx, call.repository, document["id"])[::-1]
    return Listing(rows, partial(show_status, call, document))


def get_status(call: Call) -> Answer:
    """Show one status of a deployment."""
    document = _deployment(call)
    for status in deployments.statuses(call.tx, call.repository, document["id"]):
        if str(status["id"]) == call.parameters["status_id"]:
            return Answer(show_status(call, document, status))
    raise not_found()


def show(call: Call, document: Document) -> dict[str, Any]:
    """Show a deployment."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "deployments", document["id"])
    same = ("id", "ref", "sha", "environment", "original_environment", "created_at", "updated_at", *_KEPT)
    return {
        **{field: document[field] for field in same},
        "node_id": node_id("DE", document["id"]),
        "url": own,
        "creator": simple(call.urls, account_by_id(call.tx, document["creator_id"])),
        "statuses_url": f"{own}/statuses",
        "repository_url": call.urls.api("repos", name),
    }


def show_status(call: Call, document: Document, status: Document) -> dict[str, Any]:
    """Show a status of a deployment."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "deployments", document["id"])
    same = ("id", "state", "description", "environment", "log_url", "environment_url", "created_at", "updated_at")
    return {
        **{field: status[field] for field in same},
        "node_id": node_id("DES", status["id"]),
        "url": f"{own}/statuses/{status['id']}",
        "creator": simple(call.urls, account_by_id(call.tx, status["creator_id"])),
        "target_url": status["log_url"],
        "deployment_url": own,
        "repository_url": call.urls.api("repos", name),
    }


_ALL = "/repos/{owner}/{repo}/deployments"
_ONE = f"{_ALL}/{{deployment_id}}"
_READ, _WRITE = repo_read("deployments"), repo_write("deployments", "write", "repo", "repo_deployment")
_DOCS, _STATUS_DOCS = "deployments/deployments", "deployments/statuses"
ROUTES = (
    route("GET", _ALL, _READ, list_deployments, _DOCS),
    route("POST", _ALL, _WRITE, create, f"{_DOCS}#create-a-deployment"),
    route("GET", _ONE, _READ, get, _DOCS),
    route("DELETE", _ONE, _WRITE, delete, _DOCS),
    route("GET", f"{_ONE}/statuses", _READ, list_statuses, _STATUS_DOCS),
    route("POST", f"{_ONE}/statuses", _WRITE, create_status, _STATUS_DOCS),
    route("GET", f"{_ONE}/statuses/{{status_id}}", _READ, get_status, _STATUS_DOCS),
)

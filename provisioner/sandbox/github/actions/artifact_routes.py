"""Artifacts over REST."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import repositories
from provisioner.sandbox.github.actions import log_links, records, results
from provisioner.sandbox.github.actions.run_routes import run_of
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, not_found
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.store import Document


def list_of_repository(call: Call) -> Listing:
    """List the artifacts of a repository, newest first; ``name`` picks one name."""
    return _listing(call, results.of_repository(call.tx, call.repository["id"])[::-1])


def list_of_run(call: Call) -> Listing:
    """List the artifacts of a run."""
    rows = results.of_run(call.tx, call.repository["id"], run_of(call)["id"])
    return _listing(call, [row for row in rows if row["final"]])


def _listing(call: Call, rows: list[Document]) -> Listing:
    name = call.query("name")
    return Listing([row for row in rows if name in {"", row["name"]}], partial(_show, call), "artifacts")


def _artifact(call: Call) -> Document:
    for row in results.of_repository(call.tx, call.repository["id"]):
        if str(row["id"]) == call.parameters["artifact_id"]:
            return row
    raise not_found()


def get_artifact(call: Call) -> Answer:
    """Show an artifact."""
    return Answer(_show(call, _artifact(call)))


def delete_artifact(call: Call) -> Answer:
    """Remove an artifact."""
    results.delete(call.tx, _artifact(call))
    return NO_CONTENT


def download(call: Call) -> Answer:
    """Lead to an artifact's archive."""
    row = _artifact(call)
    if results.expired(call.world, row):
        raise GithubError(410, "Artifact has expired")
    if call.parameters["archive_format"] != "zip":
        raise not_found()
    place = log_links.link(call.tx, f"artifact/{row['repo_id']}/{row['id']}", call.now)
    return Answer(None, 302, (("Location", place),))


def _show(call: Call, row: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "actions/artifacts", row["id"])
    run = records.find_run(call.tx, row["repo_id"], row["run_id"]) or {}
    facts = {
        "id": row["run_id"],
        "repository_id": row["repo_id"],
        "head_repository_id": row["repo_id"],
        "head_branch": run.get("head_branch"),
        "head_sha": run.get("head_sha"),
    }
    times = ("created_at", "updated_at", "expires_at")
    return {
        "id": row["id"],
        "node_id": node_id("MDg6QXJ0aWZhY3Q", row["id"]),
        "name": row["name"],
        "size_in_bytes": row["size"],
        "url": own,
        "archive_download_url": f"{own}/zip",
        "expired": results.expired(call.world, row),
        "digest": row["digest"],
        **{field: row[field] for field in times},
        "workflow_run": facts,
    }


_ALL = "/repos/{owner}/{repo}/actions/artifacts"
_ONE = f"{_ALL}/{{artifact_id}}"
_READ, _DOCS = repo_read("actions"), "actions/artifacts"
ROUTES = (
    route("GET", _ALL, _READ, list_of_repository, f"{_DOCS}#list-artifacts-for-a-repository"),
    route("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", _READ, list_of_run, _DOCS),
    route("GET", _ONE, _READ, get_artifact, f"{_DOCS}#get-an-artifact"),
    route("DELETE", _ONE, repo_write("actions"), delete_artifact, f"{_DOCS}#delete-an-artifact"),
    route("GET", f"{_ONE}/{{archive_format}}", _READ, download, f"{_DOCS}#download-an-artifact"),
)

"""The contexts an expression sees: github, vars, needs, inputs, matrix, strategy.

https://docs.github.com/actions/reference/workflows-and-actions/contexts
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.sandbox.github import repositories, rulesets, values
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.actions.evaluation import Scope
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_FAILED = ("failure",)


def github_context(board: Board, node: Document | None = None) -> Json:
    """Return what ``github`` is for a run, without what only a runner knows (token, workspace, paths)."""
    tx, run, repository = board.tx, board.run, board.repository
    owner = account_by_id(tx, repository["owner_id"])["login"]
    name = f"{owner}/{repository['name']}"
    actor = account_by_id(tx, run["actor_id"])
    scope = board.plan["scopes"].get(node["scope"] if node else "", {})
    context = {
        "event": run.get("payload", {}),
        "event_name": run["event"],
        "ref": run["ref"],
        "ref_name": run["ref"].removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("refs/pull/"),
        "ref_type": "tag" if run["ref"].startswith("refs/tags/") else "branch",
        "ref_protected": bool(rulesets.in_force(tx, repository, run["ref"])),
        "sha": run["sha"],
        "head_ref": run.get("head_ref", ""),
        "base_ref": run.get("base_ref", ""),
        "actor": actor["login"],
        "actor_id": str(actor["id"]),
        "triggering_actor": account_by_id(tx, run.get("triggering_actor_id") or actor["id"])["login"],
        "repository": name,
        "repository_id": str(repository["id"]),
        "repository_owner": owner,
        "repository_owner_id": str(repository["owner_id"]),
        "repository_visibility": repository["visibility"],
        "repositoryUrl": f"git://github.com/{name}.git",
        "run_id": str(run["id"]),
        "run_number": str(run["run_number"]),
        "run_attempt": str(run["attempt"]),
        "retention_days": "90",
        "secret_source": "None" if run.get("fork") else "Actions",
        "workflow": run["name"],
        "workflow_ref": f"{name}/{run['path']}@{run['ref']}",
        "workflow_sha": run["sha"],
        "job_workflow_ref": f"{name}/{scope.get('file', run['path'])}@{run['ref']}",
        "server_url": "https://github.com",
        "api_url": "https://api.github.com",
        "graphql_url": "https://api.github.com/graphql",
    }
    return context | ({"job": node["id"]} if node else {})


def variables(tx: Transaction, repository: Document, environment: Document | None) -> dict[str, str]:
    """Return ``vars``: the organisation's, the repository's over them, the environment's over all."""
    return {row["name"]: str(row["value"]) for row in _layers(tx, values.VARIABLES, repository, environment)}


def _layers(tx: Transaction, collection: str, repository: Document, environment: Document | None) -> list[Document]:
    owner = account_by_id(tx, repository["owner_id"])
    shared = [
        row for row in values.listed(tx, collection, values.organization_scope(owner)) if _shared(row, repository)
    ]
    own = values.listed(tx, collection, values.repository_scope(repository))
    inner = values.listed(tx, collection, values.environment_scope(environment)) if environment else []
    return [*shared, *own, *inner]


def secret_rows(tx: Transaction, repository: Document, environment: Document | None) -> list[Document]:
    """Return the secrets in reach, later ones over earlier ones of the same name."""
    return _layers(tx, values.SECRETS, repository, environment)


def _shared(row: Document, repository: Document) -> bool:
    visibility = row.get("visibility", "all")
    if visibility == "selected":
        return repository["id"] in row.get("selected_repository_ids", ())
    return bool(visibility == "all" or repository["visibility"] != "public")


def needs_context(board: Board, node: Document) -> Json:
    """Return ``needs``: result and outputs of each job waited for."""
    found = {}
    for path in node["needs"]:
        needed = board.nodes[path]
        found[needed["id"]] = {"result": needed["result"], "outputs": needed["outputs"]}
    return found


def job_scope(board: Board, node: Document, **more: Any) -> Scope:  # noqa: ANN401 - contexts such as matrix
    """Return what an expression at the level of a job sees."""
    scope = board.plan["scopes"][node["scope"]]
    contexts = {
        "github": github_context(board, node),
        "needs": needs_context(board, node),
        "vars": variables(board.tx, board.repository, None),
        "inputs": scope["inputs"],
        "matrix": more.get("matrix", {}),
        "strategy": more.get("strategy", {}),
    }
    return Scope(contexts, status_of(board, node))


def status_of(board: Board, node: Document) -> Mapping[str, Callable[[], bool]]:
    """Return the status functions: they look at every job that this one waits for, at any distance."""
    results = [board.nodes[path]["result"] for path in ancestors(board, node)]
    cancelled = bool(board.run.get("cancelled"))
    return {
        "success": lambda: not cancelled and all(result == "success" for result in results),
        "failure": lambda: not cancelled and any(result in _FAILED for result in results),
        "cancelled": lambda: cancelled,
        "always": lambda: True,
    }


def ancestors(board: Board, node: Document) -> set[str]:
    """Return the paths of all jobs a job depends on."""
    found, left = set[str](), list(node["needs"])
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += board.nodes[path]["needs"]
    return found


def run_scope(tx: Transaction, board: Board) -> Scope:
    """Return what ``run-name`` and the workflow's own ``concurrency`` see."""
    scope = board.plan["scopes"].get("", {"inputs": {}})
    contexts = {
        "github": github_context(board),
        "inputs": scope["inputs"],
        "vars": variables(tx, board.repository, None),
    }
    return Scope(contexts)


def full_name(board: Board) -> str:
    """Return owner/name."""
    return repositories.full_name(board.tx, board.repository)

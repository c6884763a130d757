"""What one job is given: a workflow with it alone in it, its event, environment, secrets and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.github import environments, job_tokens
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.actions import tokens, uses
from provisioner.sandbox.github.actions.contexts import (
    full_name,
    github_context,
    needs_context,
    variables,
)
from provisioner.sandbox.github.actions.definition import environment_of
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.actions.results import runtime_token
from provisioner.sandbox.github.actions.rewriting import Known, rewritten
from provisioner.sandbox.github.actions.secrets import secrets_of
from provisioner.sandbox.github.callers import revoke
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
PREFIX, LAST_STEP = "PROVISION_ENV_HANDS_ON_", "provision-env-last-step"
URL = "environment-url"
RESULTS = "https://results-receiver.actions.githubusercontent.com/"
_COPIED = ("runs-on", "env", "defaults", "timeout-minutes")
_NOT_HERE = ("windows", "macos")


class NotHere(Exception):
    """A job that this machine cannot run; the text says why."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One job, ready to be executed. ``secrets`` and ``tokens`` never appear in a log or an argument list."""

    repo_id: int
    run_id: int
    job_id: int
    workflow: Json
    event_name: str
    event: Json
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    actions: tuple[uses.Source, ...]
    steps: tuple[str, ...]
    labels: tuple[str, ...]
    actor: str
    timeout_seconds: float
    request_token: str = ""
    github_token: str = field(default="", repr=False)


def prepare(world: World, board: Board, node: Document, job: Document) -> Assignment:
    """Return what a job is given, making its tokens. Raises NotHere, uses.ActionRefused, ProvisionError."""
    definition = node["definition"]
    _check_machine(definition, job)
    github = github_context(board, node)
    workflow = _single(board, node, job, github)
    steps = workflow["jobs"][node["id"]]["steps"]
    environment = (
        environments.find(board.tx, board.repository["id"], job["environment"]) if job["environment"] else None
    )
    granted = tokens.permissions(board, node)
    token = tokens.issue(board, granted)
    secrets = secrets_of(board, node, environment) | {"GITHUB_TOKEN": token}
    identity = _identity(world, board, job, github) if granted.get("id-token") == "write" else None
    surroundings = _environment(github) | {
        "ACTIONS_RUNTIME_TOKEN": runtime_token(board, job),
        "ACTIONS_RESULTS_URL": RESULTS,
    }
    if identity:
        surroundings["ACTIONS_ID_TOKEN_REQUEST_URL"] = identity.request_url
        surroundings["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = identity.request_token
    return Assignment(
        repo_id=board.repository["id"],
        run_id=board.run["id"],
        job_id=job["id"],
        workflow=workflow,
        event_name=board.run["event"],
        event=board.run.get("payload", {}) | ({"inputs": _inputs(board)} if _inputs(board) else {}),
        environment=surroundings,
        secrets=secrets,
        actions=uses.sources(world, board, [step for step in steps if "uses" in step]),
        steps=tuple(str(step.get("id") or index) for index, step in enumerate(steps)),
        labels=tuple(job["labels"]),
        actor=str(github["actor"]),
        timeout_seconds=job["timeout_minutes"] * 60,
        request_token=identity.request_token if identity else "",
        github_token=token,
    )


def give_back(tx: Transaction, assignment: Assignment) -> None:
    """End a job's tokens."""
    revoke(tx, assignment.github_token)
    if assignment.request_token:
        job_tokens.revoke(tx, assignment.request_token)


def _inputs(board: Board) -> Json:
    found: Json = board.plan["scopes"][""]["inputs"]
    return found


def _check_machine(definition: Json, job: Document) -> None:
    if "container" in definition or "services" in definition:
        raise NotHere(
            "The sandbox runs jobs on this machine, without containers: `container` and `services` are not played"
        )
    foreign = [label for label in job["labels"] if label.startswith(_NOT_HERE)]
    if foreign:
        raise NotHere(f"The sandbox runs jobs on this machine only: there is no runner for {foreign[0]}")


def _single(board: Board, node: Document, job: Document, github: Json) -> Json:
    definition, scope = node["definition"], board.plan["scopes"][node["scope"]]
    environment = (
        environments.find(board.tx, board.repository["id"], job["environment"]) if job["environment"] else None
    )
    contexts = {
        "needs": needs_context(board, node),
        "matrix": job["matrix"],
        "strategy": job["strategy"],
        "inputs": scope["inputs"],
        "vars": variables(board.tx, board.repository, environment),
    }
    static = {name.lower(): value for name, value in github.items() if name not in {"event", "job"}}
    known = Known(contexts, static)
    own = {name: rewritten(definition[name], known) for name in _COPIED if name in definition}
    steps = [rewritten(step, known) for step in definition["steps"]]
    handed_on = rewritten(_handed_on(definition), known)
    single = {
        **own,
        "name": job["name"],
        "runs-on": job["labels"],
        "steps": [*steps, *([_last_step(handed_on)] if handed_on else [])],
    }
    return {
        "name": board.run["name"],
        "on": [board.run["event"]],
        "env": rewritten(scope["env"], known),
        "defaults": scope["defaults"],
        "jobs": {node["id"]: single},
    }


def _handed_on(definition: Json) -> Json:
    outputs = {f"output-{name}": text for name, text in (definition.get("outputs") or {}).items()}
    url = environment_of(definition)[1]
    return outputs | ({URL: url} if url else {})


def _last_step(handed_on: Json) -> Json:
    """Return the step that writes what the job hands on; names are numbers, for outputs may be called anything."""
    values = {f"{PREFIX}{index}": text for index, text in enumerate(handed_on.values())}
    command = f'"$PROVISION_ENV_PYTHON" -I -S "$PROVISION_ENV_COLLECT" "$PROVISION_ENV_HANDED_ON" {PREFIX}'
    return {"id": LAST_STEP, "if": "always()", "shell": "bash", "env": values, "run": command}


def handed_on_names(node: Document) -> list[str]:
    """Return what the numbers of the last step stand for."""
    return list(_handed_on(node["definition"]))


def _environment(github: Json) -> dict[str, str]:
    names = (
        *("repository", "repository_id", "repository_owner", "repository_owner_id", "ref", "ref_name", "ref_type"),
        *("head_ref", "base_ref", "run_id", "run_number", "run_attempt", "actor_id", "triggering_actor"),
        *("workflow_ref", "workflow_sha", "retention_days", "server_url", "api_url", "graphql_url"),
    )
    found = {f"GITHUB_{name.upper()}": str(github[name]) for name in names}
    protected = {"GITHUB_REF_PROTECTED": "true" if github["ref_protected"] else "false"}
    # The name under which act takes the commit.
    return found | protected | {"SHA_REF": str(github["sha"]), "RUNNER_ENVIRONMENT": "github-hosted"}


def _identity(world: World, board: Board, job: Document, github: Json) -> job_tokens.JobToken:
    context = {
        "repository": full_name(board),
        "event_name": board.run["event"],
        "ref": board.run["ref"],
        "actor": account_by_id(board.tx, board.run["actor_id"])["login"],
        "workflow": board.run["name"],
        "workflow_ref": github["workflow_ref"],
        "job_workflow_ref": github["job_workflow_ref"],
        "runner_environment": "github-hosted",
        "head_ref": board.run.get("head_ref", ""),
        "base_ref": board.run.get("base_ref", ""),
        **({"environment": job["environment"], "reviewed": "true"} if job["environment"] else {}),
    }
    run = {
        "id": str(board.run["id"]),
        "number": str(board.run["run_number"]),
        "attempt": str(board.run["attempt"]),
        "sha": board.run["sha"],
    }
    return job_tokens.mint(world, board.tx, {name: text for name, text in context.items() if text}, run)

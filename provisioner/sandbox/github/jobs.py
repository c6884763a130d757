"""What an Actions job of a given context may have as an identity: GitHub's rules, then the claims.

A context has ``repository`` and optionally ``event_name``, ``ref``, ``environment``, ``actor``, ``workflow``,
``workflow_ref``, ``job_workflow_ref``, ``runner_environment``, ``head_ref``, ``base_ref``, ``head_repository`` (a pull
request from a fork), ``reviewed`` (``true``: a reviewer has approved) and ``reviewed_by`` (who). A wait timer counts as
having run out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from provisioner.errors import InvalidInput
from provisioner.sandbox.github import bare, environments, rulesets, subjects
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.actions_settings import actions_enabled
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.repositories import by_name
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Context = Mapping[str, str]
KEYS = frozenset(
    (
        "repository",
        "event_name",
        "ref",
        "environment",
        "actor",
        "workflow",
        "workflow_ref",
        "job_workflow_ref",
        "runner_environment",
        "head_ref",
        "base_ref",
        "head_repository",
        "reviewed",
        "reviewed_by",
    )
)
# Jobs of these events run on the default branch, whoever or whatever set them off.
_ON_DEFAULT_BRANCH = frozenset(
    (
        "schedule",
        "issue_comment",
        "issues",
        "workflow_run",
        "repository_dispatch",
        "discussion",
        "discussion_comment",
        "fork",
        "watch",
        "pull_request_target",
        "label",
        "milestone",
        "public",
        "gollum",
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "status",
    )
)
_ON_ANY_REF = frozenset(
    (
        "push",
        "workflow_dispatch",
        "create",
        "release",
        "deployment",
        "deployment_status",
        "merge_group",
        "delete",
    )
)
_ON_PULLS = frozenset(
    (
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
    )
)
_RUNNERS = ("github-hosted", "self-hosted")


def claims_of(world: World, tx: Transaction, context: Context, run: Mapping[str, str]) -> dict[str, str]:
    """Return a job's claims but for times, audience and id. Raises InvalidInput in GitHub's words.

    ``run`` has ``id`` and ``number``, and of a run that is really there ``attempt`` and ``sha``.
    """
    repository = _repository(tx, context)
    owner = context["repository"].partition("/")[0]
    account = find_account(tx, owner)
    login = str(account["login"]) if account else owner
    full_name = f"{login}/{repository['name']}"
    event = context.get("event_name", "push")
    ref = _ref(repository, event, context)
    environment = _environment(tx, repository, ref, context)
    actor = _actor(tx, context)
    sha = run.get("sha") or _sha(world, repository, ref)
    workflow_ref = _workflow_ref(full_name, ref, context)
    claims = {
        "ref": ref,
        "sha": sha,
        "repository": full_name,
        "repository_owner": login,
        "repository_owner_id": str(repository["owner_id"]),
        "repository_id": str(repository["id"]),
        "repository_visibility": repository["visibility"],
        "run_id": run["id"],
        "run_number": run["number"],
        "run_attempt": run.get("attempt", "1"),
        "actor": actor["login"],
        "actor_id": str(actor["id"]),
        "workflow": context.get("workflow") or workflow_ref.partition("@")[0].removeprefix(f"{full_name}/"),
        "head_ref": _pull_ref(event, context, "head_ref", "feature"),
        "base_ref": _pull_ref(event, context, "base_ref", repository["default_branch"]),
        "event_name": event,
        "ref_protected": "true" if rulesets.in_force(tx, repository, ref) else "false",
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "workflow_ref": workflow_ref,
        "workflow_sha": sha,
        "job_workflow_ref": context.get("job_workflow_ref") or workflow_ref,
        "job_workflow_sha": sha,
        "runner_environment": _runner(context),
        **({"environment": environment} if environment else {}),
    }
    return {"sub": subjects.subject(tx, repository, login, claims), **claims}


def _repository(tx: Transaction, context: Context) -> Document:
    unknown = sorted(set(context) - KEYS)
    if unknown:
        raise InvalidInput(f"unknown job context: {', '.join(unknown)}", fix=f"use {', '.join(sorted(KEYS))}")
    owner, _, name = context.get("repository", "").partition("/")
    try:
        repository, _ = by_name(tx, owner, name)
    except GithubError:
        reason = f"Repository {context.get('repository', '')!r} not found."
        raise InvalidInput(reason, fix="name one that exists, as owner/name") from None
    if repository["archived"]:
        raise InvalidInput("Repository was archived so is read-only: its workflows do not run.")
    if not actions_enabled(tx, repository):
        raise InvalidInput("GitHub Actions is disabled on this repository.")
    return repository


def _ref(repository: Document, event: str, context: Context) -> str:
    default = f"refs/heads/{repository['default_branch']}"
    if event in _ON_PULLS:
        return _pull_request_ref(context)
    ref = context.get("ref") or default
    if event in _ON_DEFAULT_BRANCH:
        if ref != default:
            raise InvalidInput(f"A {event} event runs on the default branch ({default}), not on {ref}.")
        return ref
    if event not in _ON_ANY_REF:
        raise InvalidInput(f"{event!r} is not an event that triggers workflows.")
    if not ref.startswith(("refs/heads/", "refs/tags/")):
        raise InvalidInput(f"A {event} event runs on a branch or tag, not on {ref}.")
    return ref


def _pull_request_ref(context: Context) -> str:
    head = context.get("head_repository") or context["repository"]
    if head.lower() != context["repository"].lower():
        raise InvalidInput(
            f"A pull request from the fork {head} gets no id token: its GITHUB_TOKEN is read-only, "
            "`id-token: write` is not granted."
        )
    ref = context.get("ref") or "refs/pull/1/merge"
    if not ref.startswith("refs/pull/"):
        raise InvalidInput(f"A pull request runs on refs/pull/<number>/merge, not on {ref}.")
    return ref


def _environment(tx: Transaction, repository: Document, ref: str, context: Context) -> str:
    name = context.get("environment", "")
    if not name:
        return ""
    environment = environments.find(tx, repository["id"], name)
    if environment is None:
        raise InvalidInput(f"Environment {name!r} not found in {context['repository']}.")
    if not environments.allows(tx, environment, ref):
        raise InvalidInput(environments.refusal_of(name, ref))
    if environment["reviewers"]:
        _check_review(tx, repository, environment, context)
    return name


def _check_review(tx: Transaction, repository: Document, environment: Document, context: Context) -> None:
    if context.get("reviewed") != "true":
        raise InvalidInput(
            f"The deployment to {context['environment']} is waiting for review.", fix="state the review: reviewed=true"
        )
    login = context.get("reviewed_by", "")
    if not login:
        return
    reviewer = find_account(tx, login)
    if reviewer is None or not environments.may_review(tx, repository, environment, reviewer["id"]):
        raise InvalidInput(f"{login} is not a required reviewer of {context['environment']}.")
    if environment["prevent_self_review"] and login.lower() == _actor(tx, context)["login"].lower():
        raise InvalidInput(f"{login} triggered this run and cannot approve its deployment (self-review is prevented).")


def _actor(tx: Transaction, context: Context) -> Document:
    login = context.get("actor")
    if not login:
        operator = tx.get("github/operator", "identity") or {}
        login = str(operator.get("login", ""))
    account = find_account(tx, login)
    if account is None:
        raise InvalidInput(f"The actor {login!r} is not a user of this GitHub.", fix="seed the user first")
    return account


def _sha(world: World, repository: Document, ref: str) -> str:
    """Return the commit of a ref; for one that was never pushed (a drill) a number made of its name."""
    found = bare.opened(world.folder, repository["id"]).commit_of(ref)
    return found or hashlib.sha1(f"{repository['id']} {ref}".encode(), usedforsecurity=False).hexdigest()


def _workflow_ref(full_name: str, ref: str, context: Context) -> str:
    given = context.get("workflow_ref")
    if not given:
        return f"{full_name}/.github/workflows/release.yaml@{ref}"
    if not given.lower().startswith(f"{full_name.lower()}/.github/workflows/"):
        raise InvalidInput(f"The workflow {given} is not one of {full_name}.")
    return given


def _pull_ref(event: str, context: Context, name: str, default: str) -> str:
    pulls = event in _ON_PULLS or event == "pull_request_target"
    return context.get(name) or (default if pulls else "")


def _runner(context: Context) -> str:
    runner = context.get("runner_environment") or _RUNNERS[0]
    if runner not in _RUNNERS:
        raise InvalidInput(f"{runner!r} is no kind of runner", fix=f"use {' or '.join(_RUNNERS)}")
    return runner

"""Repositories as stored: look-up by name or number, creation, renaming, deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from provisioner.sandbox.github import bare
from provisioner.sandbox.github.accounts import account_by_id, find_account
from provisioner.sandbox.github.errors import GithubError, invalid, not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

REPOSITORIES = "github/repositories"
_NAMES = "github/names"
FORKS, OPEN_ISSUES = "github/forks", "github/open_issues"
_LONGEST_NAME = 100
# Everything kept under "<repository id>/…", which goes when the repository goes.
_BELONGINGS = (
    "github/team_access",
    "github/collaborators",
    "github/invitations",
    "github/environments",
    "github/variables",
    "github/secrets",
    "github/rulesets",
    "github/actions_settings",
    "github/workflows",
    "github/runs",
    "github/issues",
    "github/pulls",
    "github/comments",
    "github/statuses",
    "github/check_runs",
    "github/check_suites",
    "github/deployments",
    "github/deployment_statuses",
    "github/protections",
    "github/review_comments",
    "github/hooks",
    "github/hook_deliveries",
    "github/hook_pending",
    "github/labels",
    "github/milestones",
    "github/releases",
    "github/autolinks",
    "github/deploy_keys",
    "github/property_values",
    "github/code_scanning",
    "github/sarifs",
    "github/code_alerts",
)
SWITCHES: Mapping[str, Any] = MappingProxyType(
    {
        "is_template": False,
        "has_issues": True,
        "has_projects": True,
        "has_wiki": True,
        "has_discussions": False,
        "has_downloads": True,
        "allow_squash_merge": True,
        "allow_merge_commit": True,
        "allow_rebase_merge": True,
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "allow_update_branch": False,
        "use_squash_pr_title_as_default": False,
        "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
        "squash_merge_commit_message": "COMMIT_MESSAGES",
        "merge_commit_title": "MERGE_MESSAGE",
        "merge_commit_message": "PR_TITLE",
        "allow_forking": False,
        "web_commit_signoff_required": False,
    }
)


def by_id(tx: Transaction, number: int) -> Document | None:
    """Look a repository up by its number."""
    return tx.get(REPOSITORIES, str(number))


def by_name(tx: Transaction, owner: str, name: str) -> tuple[Document, bool]:
    """Return a repository and whether the name is one it had before a rename. Raises GithubError (404)."""
    account = find_account(tx, owner)
    entry = tx.get(_NAMES, f"{account['id']}/{_bare_name(name).lower()}") if account else None
    repository = by_id(tx, entry["id"]) if entry else None
    if repository is None or entry is None:
        raise not_found()
    return repository, entry["former"]


def _bare_name(name: str) -> str:
    return name.removesuffix(".git")


def put(tx: Transaction, repository: Document) -> None:
    """Write a repository back."""
    tx.put(REPOSITORIES, str(repository["id"]), repository)


def of_owner(tx: Transaction, owner_id: int) -> list[Document]:
    """Return the repositories of an account in the order they were made."""
    return [document for _, document in tx.find(REPOSITORIES, "owner_id", owner_id)]


def every(tx: Transaction) -> Iterator[Document]:
    """Yield all repositories."""
    for _, document in list(tx.scan(REPOSITORIES)):
        yield document


def forks_of(tx: Transaction, repository: Document) -> list[str]:
    """Return the store keys of a repository's forks."""
    return [key for key, _ in tx.scan(FORKS, f"{repository['id']}/")]


def open_issues(tx: Transaction, repository: Document) -> int:
    """Return how many issues and pull requests are open."""
    return int((tx.get(OPEN_ISSUES, str(repository["id"])) or {"count": 0})["count"])


def full_name(tx: Transaction, repository: Document) -> str:
    """Return ``owner/name``."""
    return f"{account_by_id(tx, repository['owner_id'])['login']}/{repository['name']}"


def create(world: World, tx: Transaction, owner: Document, wanted: Document, stamp: str) -> Document:
    """Make a repository, empty, with its bare git repository. ``wanted`` has name, visibility and switches."""
    name = acceptable_name(wanted["name"])
    _refuse_taken(tx, owner["id"], name)
    number = next_id(tx, "repository")
    repository = {
        "id": number,
        "owner_id": owner["id"],
        "default_branch": "main",
        "description": None,
        "homepage": None,
        "topics": [],
        "archived": False,
        "vulnerability_alerts": False,
        "security_fixes": False,
        "size": 0,
        "created_at": stamp,
        "updated_at": stamp,
        "pushed_at": stamp,
        **SWITCHES,
        **wanted,
        "name": name,
    }
    put(tx, repository)
    tx.put(_NAMES, f"{owner['id']}/{name.lower()}", {"id": number, "former": False})
    if repository.get("parent_id"):
        tx.put(FORKS, f"{repository['parent_id']}/{number}", {})
    bare.create(world.folder, number, repository["default_branch"])
    return repository


def acceptable_name(name: str) -> str:
    """Return the name GitHub makes of one: other characters become hyphens. Raises GithubError (422)."""
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", _bare_name(name))
    if clean in {"", ".", ".."} or len(clean) > _LONGEST_NAME:
        problem = f"name is too long (maximum is {_LONGEST_NAME} characters)" if clean.strip(".") else "name is invalid"
        raise _creation_failed(problem)
    return clean


def _refuse_taken(tx: Transaction, owner_id: int, name: str) -> None:
    entry = tx.get(_NAMES, f"{owner_id}/{name.lower()}")
    if entry and not entry["former"]:
        raise _creation_failed("name already exists on this account")


def _creation_failed(problem: str) -> GithubError:
    error = {"resource": "Repository", "code": "custom", "field": "name", "message": problem}
    return GithubError(422, "Repository creation failed.", errors=(error,))


def rename(tx: Transaction, repository: Document, name: str) -> None:
    """Give a repository another name; the old one leads to it until somebody takes it."""
    owner_id, new = repository["owner_id"], acceptable_name(name)
    if new.lower() != repository["name"].lower():
        _refuse_taken(tx, owner_id, new)
        tx.put(_NAMES, f"{owner_id}/{repository['name'].lower()}", {"id": repository["id"], "former": True})
        tx.put(_NAMES, f"{owner_id}/{new.lower()}", {"id": repository["id"], "former": False})
    repository["name"] = new


def transfer(tx: Transaction, repository: Document, owner_id: int, name: str) -> None:
    """Give a repository to another owner under a name; the old place leads to it. Raises GithubError (422)."""
    new = acceptable_name(name)
    _refuse_taken(tx, owner_id, new)
    old = (repository["owner_id"], repository["name"].lower())
    for key, _ in list(tx.scan("github/team_access", f"{repository['id']}/")):
        tx.delete("github/team_access", key)
    tx.put(_NAMES, f"{old[0]}/{old[1]}", {"id": repository["id"], "former": True})
    tx.put(_NAMES, f"{owner_id}/{new.lower()}", {"id": repository["id"], "former": False})
    repository |= {"owner_id": owner_id, "name": new}


def delete(world: World, tx: Transaction, repository: Document) -> None:
    """Remove a repository and everything that belongs to it; its number is never used again."""
    number = repository["id"]
    for collection in _BELONGINGS:
        for key, _ in list(tx.scan(collection, f"{number}/")):
            tx.delete(collection, key)
    for key, entry in list(tx.scan(_NAMES)):
        if entry["id"] == number:
            tx.delete(_NAMES, key)
    tx.delete(REPOSITORIES, str(number))
    tx.delete(OPEN_ISSUES, str(number))
    tx.delete(FORKS, f"{repository.get('parent_id')}/{number}")
    bare.delete(world.folder, number)


def refuse_unknown_branch(exists: bool, branch: str) -> None:  # noqa: FBT001 - the one thing it is about
    """Raise GithubError when a default branch is wanted that is not there."""
    if not exists:
        message = f"The branch {branch} was not found. Please push that ref first or create it via the Git Data API."
        raise invalid("Repository", "default_branch", "invalid", message)

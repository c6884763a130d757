"""Deployment environments as stored, and the rules that decide whether a job may use one.

https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github import protections, teams
from provisioner.sandbox.github.errors import not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.patterns import matches
from provisioner.sandbox.store import Document, Transaction

ENVIRONMENTS = "github/environments"
_LONGEST = 255
_NOT_IN_NAMES = frozenset("\\'\"`,;<>&|")


def key_of(repo_id: int, name: str) -> str:
    """Return the store key; names differ by more than the case of letters."""
    return f"{repo_id}/{name.lower()}"


def find(tx: Transaction, repo_id: int, name: str) -> Document | None:
    """Look an environment up by name."""
    return tx.get(ENVIRONMENTS, key_of(repo_id, name))


def get(tx: Transaction, repo_id: int, name: str) -> Document:
    """Return an environment. Raises GithubError (404)."""
    environment = find(tx, repo_id, name)
    if environment is None:
        raise not_found()
    return environment


def put(tx: Transaction, environment: Document) -> None:
    """Write an environment back."""
    tx.put(ENVIRONMENTS, key_of(environment["repo_id"], environment["name"]), environment)


def of_repository(tx: Transaction, repo_id: int) -> list[Document]:
    """Return the environments of a repository by name."""
    return [document for _, document in tx.scan(ENVIRONMENTS, f"{repo_id}/")]


def new(tx: Transaction, repo_id: int, name: str, stamp: str) -> Document:
    """Return an environment without any protection, not yet written. Raises GithubError (422)."""
    bad = {character for character in name if character in _NOT_IN_NAMES or not character.isprintable()}
    if not name or len(name) > _LONGEST or bad or name != name.strip():
        raise unprocessable(f"Environment name is invalid: {name!r}")
    return {
        "id": next_id(tx, "environment"),
        "repo_id": repo_id,
        "name": name,
        "created_at": stamp,
        "updated_at": stamp,
        "wait_timer": 0,
        "prevent_self_review": False,
        "reviewers": [],
        "policy": None,
        "patterns": [],
        "rule_ids": {},
    }


def rule_id(tx: Transaction, environment: Document, kind: str) -> int:
    """Return the number of a protection rule, the same for as long as the environment has one of its kind."""
    numbers = environment["rule_ids"]
    if kind not in numbers:
        numbers[kind] = next_id(tx, "rule")
    return int(numbers[kind])


def allows(tx: Transaction, environment: Document, ref: str) -> bool:
    """Tell whether the deployment branch policy lets a ref (``refs/…``) deploy.

    "Protected branches only" looks at branch protection rules, not at rulesets, and admits every branch of a
    repository that has none.
    """
    policy = environment["policy"]
    if policy is None or not policy["protected_branches"]:
        return admits(environment, ref)
    repository = {"id": environment["repo_id"]}
    guarded = protections.in_force(tx, repository, ref) is not None
    return ref.startswith("refs/heads/") and (guarded or not protections.any_in(tx, repository))


def admits(environment: Document, ref: str) -> bool:
    """Tell whether the name patterns of a policy let a ref deploy (``allows`` knows protected branches too)."""
    policy = environment["policy"]
    if policy is None:
        return True
    if policy["protected_branches"]:
        return ref.startswith("refs/heads/")
    return any(_pattern_admits(pattern, ref) for pattern in environment["patterns"])


def _pattern_admits(pattern: Mapping[str, Any], ref: str) -> bool:
    for prefix, kind in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if ref.startswith(prefix):
            return bool(pattern["type"] == kind and matches(pattern["name"], ref.removeprefix(prefix)))
    return bool(pattern["type"] == "branch" and matches(pattern["name"], ref))


def refusal_of(environment_name: str, ref: str) -> str:
    """Return GitHub's sentence for a ref that may not deploy."""
    kind, name = "Branch", ref.removeprefix("refs/heads/")
    if ref.startswith("refs/tags/"):
        kind, name = "Tag", ref.removeprefix("refs/tags/")
    return f'{kind} "{name}" is not allowed to deploy to {environment_name} due to environment protection rules.'


def may_review(tx: Transaction, repository: Document, environment: Document, user_id: int) -> bool:
    """Tell whether a person is one of an environment's reviewers, in person or through a team."""
    for who in environment["reviewers"]:
        if who["type"] == "User" and who["id"] == user_id:
            return True
        team = teams.by_number(tx, repository["owner_id"], who["id"]) if who["type"] == "Team" else None
        if team and teams.member_role(tx, team, user_id):
            return True
    return False

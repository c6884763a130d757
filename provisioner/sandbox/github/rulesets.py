"""Rulesets as stored, which of them concern a ref, and who passes them by. No HTTP here.

https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github import teams
from provisioner.sandbox.github.access import at_least, caller_role
from provisioner.sandbox.github.accounts import membership
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.patterns import matches
from provisioner.sandbox.store import Document, Transaction

RULESETS = "github/rulesets"
_PREFIX = {"branch": "refs/heads/", "tag": "refs/tags/"}
# The numbers of the roles that GitHub lets rulesets name.
_ROLE_NUMBERS = {1: "read", 2: "maintain", 3: "triage", 4: "write", 5: "admin"}


def repository_scope(repository: Document) -> str:
    """Return the scope of a repository's own rulesets."""
    return str(repository["id"])


def organization_scope(org_id: int) -> str:
    """Return the scope of an organisation's rulesets."""
    return f"organization/{org_id}"


def listed(tx: Transaction, scope: str) -> list[Document]:
    """Return the rulesets of a scope in the order they were made."""
    return [document for _, document in tx.scan(RULESETS, f"{scope}/")]


def get(tx: Transaction, scope: str, number: str) -> Document:
    """Return one ruleset of a scope. Raises GithubError (404)."""
    document = tx.get(RULESETS, f"{scope}/{number.zfill(12)}")
    if document is None:
        raise not_found()
    return document


def put(tx: Transaction, scope: str, document: Document) -> None:
    """Write a ruleset."""
    tx.put(RULESETS, f"{scope}/{document['id']:012}", document)


def delete(tx: Transaction, scope: str, document: Document) -> None:
    """Remove a ruleset."""
    tx.delete(RULESETS, f"{scope}/{document['id']:012}")


def over(tx: Transaction, repository: Document) -> list[Document]:
    """Return all rulesets that concern a repository: its own and its organisation's, whatever their enforcement."""
    above = listed(tx, organization_scope(repository["owner_id"]))
    return [*listed(tx, repository_scope(repository)), *(held for held in above if _names(held, repository))]


def in_force(tx: Transaction, repository: Document, ref: str) -> list[Document]:
    """Return the active rulesets that concern a ref (``refs/heads/…`` or ``refs/tags/…``) of a repository."""
    return [
        held for held in over(tx, repository) if held["enforcement"] == "active" and concerns(held, repository, ref)
    ]


def on_push(tx: Transaction, repository: Document) -> list[Document]:
    """Return the active push rulesets: those of the repository, and for a fork those of where it comes from too."""
    held = over(tx, repository)
    source = tx.get("github/repositories", str(repository.get("source_id") or 0))
    held += over(tx, source) if source else []
    return [one for one in held if one["target"] == "push" and one["enforcement"] == "active"]


def concerns(ruleset: Mapping[str, Any], repository: Document, ref: str) -> bool:
    """Tell whether a ruleset's target and ref conditions include a ref."""
    if not ref.startswith(_PREFIX.get(ruleset["target"], "refs/never/")):
        return False
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}
    default = f"refs/heads/{repository['default_branch']}"
    included = any(_fits(pattern, ref, default) for pattern in names.get("include", ()))
    return included and not any(_fits(pattern, ref, default) for pattern in names.get("exclude", ()))


def _fits(pattern: str, ref: str, default: str) -> bool:
    if pattern == "~ALL":
        return True
    return ref == default if pattern == "~DEFAULT_BRANCH" else matches(pattern, ref)


def _names(ruleset: Mapping[str, Any], repository: Document) -> bool:
    conditions = ruleset.get("conditions") or {}
    numbers = conditions.get("repository_id")
    if numbers is not None:
        return repository["id"] in numbers.get("repository_ids", ())
    names = conditions.get("repository_name") or {"include": ["~ALL"]}
    included = any(_name_fits(pattern, repository["name"]) for pattern in names.get("include", ()))
    return included and not any(_name_fits(pattern, repository["name"]) for pattern in names.get("exclude", ()))


def _name_fits(pattern: str, name: str) -> bool:
    return pattern == "~ALL" or matches(pattern, name)


def bypass(tx: Transaction, ruleset: Mapping[str, Any], caller: Caller, repository: Document) -> str:
    """Return how a caller passes a ruleset by: ``always``, ``exempt``, ``pull_request`` or nothing."""
    modes = {
        actor.get("bypass_mode", "always") for actor in ruleset["bypass_actors"] if _is(tx, actor, caller, repository)
    }
    return next((mode for mode in ("always", "exempt", "pull_request") if mode in modes), "")


def _is(tx: Transaction, actor: Mapping[str, Any], caller: Caller, repository: Document) -> bool:
    kind, number = actor["actor_type"], actor.get("actor_id")
    if kind == "Integration":
        return caller.kind == "installation" and caller.app["id"] == number
    if not caller.is_person:
        return False
    person = caller.account["id"]
    if kind == "User":
        return bool(person == number)
    if kind == "OrganizationAdmin":
        return membership(tx, repository["owner_id"], person) == "admin"
    if kind == "Team":
        return any(
            team["id"] == number and teams.member_role(tx, team, person)
            for team in teams.of_organization(tx, repository["owner_id"])
        )
    least = _ROLE_NUMBERS.get(number or 0, "")
    return kind == "RepositoryRole" and bool(least) and at_least(caller_role(tx, caller, repository), least)

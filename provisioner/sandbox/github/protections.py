"""Branch protection as stored, and as the rules that a change of a branch is held to.

The older way beside rulesets: one document per branch, which admins pass by unless ``enforce_admins`` is set.
https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github.access import TEAM_MEMBERS, at_least, person_role
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.store import Document, Transaction

PROTECTIONS = "github/protections"
_HEADS = "refs/heads/"
SWITCHES = (
    *("required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations"),
    *("required_conversation_resolution", "lock_branch", "allow_fork_syncing"),
)


def of_branch(tx: Transaction, repository: Document, branch: str) -> Document | None:
    """Return the protection of a branch, None when it has none."""
    return tx.get(PROTECTIONS, f"{repository['id']}/{branch}")


def put(tx: Transaction, repository: Document, branch: str, document: Document) -> None:
    """Protect a branch."""
    tx.put(PROTECTIONS, f"{repository['id']}/{branch}", document)


def delete(tx: Transaction, repository: Document, branch: str) -> None:
    """Take a branch's protection away."""
    tx.delete(PROTECTIONS, f"{repository['id']}/{branch}")


def rename(tx: Transaction, repository: Document, old: str, new: str) -> None:
    """Let a protection follow its branch to another name."""
    held = of_branch(tx, repository, old)
    if held is not None:
        delete(tx, repository, old)
        put(tx, repository, new, held)


def any_in(tx: Transaction, repository: Document) -> bool:
    """Tell whether a repository protects any branch."""
    return next(iter(tx.scan(PROTECTIONS, f"{repository['id']}/")), None) is not None


def in_force(tx: Transaction, repository: Document, ref: str) -> Document | None:
    """Return the protection that concerns a ref."""
    return of_branch(tx, repository, ref.removeprefix(_HEADS)) if ref.startswith(_HEADS) else None


def rules(tx: Transaction, held: Mapping[str, Any], caller: Caller) -> list[dict[str, Any]]:
    """Return a protection as rules of a ruleset, as they are for this caller."""
    found: list[dict[str, Any]] = []
    if not held["allow_deletions"]:
        found.append({"type": "deletion"})
    if not held["allow_force_pushes"]:
        found.append({"type": "non_fast_forward"})
    switches = {
        "required_linear_history": held["required_linear_history"],
        "required_signatures": held["required_signatures"],
        "locked": held["lock_branch"],
        "restricted": held["restrictions"] is not None,
        "creation": held["block_creations"] and held["restrictions"] is not None and not listed(tx, held, caller),
    }
    found += [{"type": kind} for kind, on in switches.items() if on]
    reviews = held["required_pull_request_reviews"]
    if reviews is not None and not names(tx, reviews.get("bypass_pull_request_allowances") or {}, caller):
        found.append({"type": "pull_request", "parameters": _review_rule(held, reviews)})
    elif held["required_conversation_resolution"]:
        found.append({"type": "conversations"})
    checks = held["required_status_checks"]
    if checks is not None and checks["checks"]:
        found.append({"type": "required_status_checks", "parameters": _check_rule(checks)})
    return found


def _review_rule(held: Mapping[str, Any], reviews: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "required_approving_review_count": reviews["required_approving_review_count"],
        "dismiss_stale_reviews_on_push": reviews["dismiss_stale_reviews"],
        "require_code_owner_review": reviews["require_code_owner_reviews"],
        "require_last_push_approval": reviews["require_last_push_approval"],
        "required_review_thread_resolution": held["required_conversation_resolution"],
    }


def _check_rule(checks: Mapping[str, Any]) -> dict[str, Any]:
    wanted = [{"context": row["context"], "integration_id": row["app_id"]} for row in checks["checks"]]
    return {"required_status_checks": wanted, "strict_required_status_checks_policy": checks["strict"]}


def passes_by(tx: Transaction, held: Mapping[str, Any], caller: Caller, repository: Document) -> bool:
    """Tell whether a caller passes a protection by: people who administer the repository, unless told otherwise."""
    if held["enforce_admins"] or not caller.is_person:
        return False
    return at_least(person_role(tx, caller.account["id"], repository), "admin")


def listed(tx: Transaction, held: Mapping[str, Any], caller: Caller) -> bool:
    """Tell whether a caller is among those that may push to a restricted branch."""
    return held["restrictions"] is not None and names(tx, held["restrictions"], caller)


def names(tx: Transaction, actors: Mapping[str, Any], caller: Caller) -> bool:
    """Tell whether ``users``, ``teams`` or ``apps`` (numbers) include a caller."""
    if caller.kind == "installation":
        return caller.app["id"] in actors.get("apps", ())
    if not caller.is_person:
        return False
    person = caller.account["id"]
    return person in actors.get("users", ()) or any(
        tx.get(TEAM_MEMBERS, f"{team}/{person}") is not None for team in actors.get("teams", ())
    )

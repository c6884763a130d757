"""Reviews of pull requests: the verdicts that count, and what rules ask of them."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import code_owners, protections, rulesets
from provisioner.sandbox.github.access import at_least, person_role
from provisioner.sandbox.github.accounts import ACCOUNTS
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.push_rules import Reviews
from provisioner.sandbox.store import Document

COMMENTS = "github/review_comments"
_SILENT = ("COMMENTED", "PENDING")


def verdicts(record: Document) -> dict[int, Document]:
    """Return everybody's newest verdict; comments leave the one before in force, a dismissal takes it away."""
    found = {review["user_id"]: review for review in record["reviews"] if review["state"] not in _SILENT}
    return {user_id: review for user_id, review in found.items() if review["state"] != "DISMISSED"}


def facts(call: Call, record: Document, base: str, head: str) -> Reviews:
    """Return what rules ask of a pull request's reviews."""
    counted = {
        user_id: review
        for user_id, review in verdicts(record).items()
        if at_least(person_role(call.tx, user_id, call.repository), "write")
    }
    approving = {user_id: review for user_id, review in counted.items() if review["state"] == "APPROVED"}
    return Reviews(
        len(approving),
        len(counted) - len(approving),
        _owners_missing(call, base, head, set(approving)),
        _last_pusher(call, record, head, approving),
        sum(1 for thread in threads(call, record["number"]) if not thread["resolved"]),
    )


def _owners_missing(call: Call, base: str, head: str, approvers: set[int]) -> tuple[str, ...]:
    git = git_of(call)
    _, rules = code_owners.read(git, base)
    if not rules:
        return ()
    wanted = {code_owners.owners_of(rules, path) for path in changed_paths(git, base, head)}
    return tuple(code_owners.missing(call.tx, call.repository, sorted(wanted), approvers))


def changed_paths(git: Repository, base: str, head: str) -> list[str]:
    """Return the files that a head changes since it left the base."""
    try:
        fork = git.text("merge-base", base, head)
    except GitRefused:
        fork = base
    return [path for path in git.text("diff", "--name-only", "-z", fork, head).split("\0") if path]


def _last_pusher(call: Call, record: Document, head: str, approving: dict[int, Document]) -> str:
    pusher = record.get("pusher_id")
    by_others = [one for user, one in approving.items() if user != pusher and one["commit_id"] == head]
    if pusher is None or by_others:
        return ""
    account = call.tx.get(ACCOUNTS, str(pusher)) or {}
    return str(account.get("login", ""))


def threads(call: Call, number: int) -> list[Document]:
    """Return the comments that opened a conversation on a pull request."""
    return [one for one in comments(call) if one["number"] == number and one["in_reply_to"] is None]


def comments(call: Call) -> list[Document]:
    """Return all review comments of a repository, oldest first."""
    return [row for _, row in call.tx.scan(COMMENTS, f"{call.repository['id']}/")]


def dismiss_stale(call: Call, record: Document) -> None:
    """Dismiss the approvals of a pull request whose head moved, where a rule of its base wants that."""
    if not _stale_are_dismissed(call, f"refs/heads/{record['base']}"):
        return
    for review in record["reviews"]:
        if review["state"] == "APPROVED":
            review["state"] = "DISMISSED"


def _stale_are_dismissed(call: Call, ref: str) -> bool:
    guard = protections.in_force(call.tx, call.repository, ref)
    classic = guard["required_pull_request_reviews"] if guard else None
    if classic and classic["dismiss_stale_reviews"]:
        return True
    held = rulesets.in_force(call.tx, call.repository, ref)
    rules: list[dict[str, Any]] = [rule for one in held for rule in one["rules"] if rule["type"] == "pull_request"]
    return any(rule["parameters"].get("dismiss_stale_reviews_on_push") for rule in rules)

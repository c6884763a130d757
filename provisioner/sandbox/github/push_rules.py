"""What GitHub refuses in a change of a reference, and its words for it. Pure: facts in, sentences out.

https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reviews:
    """What reviewers said of a pull request; people without write access do not count.

    ``owners_missing`` are the code owners whose approval is still to come, ``last_pusher`` is the login of whoever
    pushed last when nobody else has approved since.
    """

    approvals: int = 0
    objections: int = 0
    owners_missing: tuple[str, ...] = ()
    last_pusher: str = ""
    unresolved: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What is known of one reference to change.

    ``through_pull_request`` is set when a merge makes the change, with its ``reviews`` and whether its head is
    ``behind`` the base. ``checks`` are (context, App's number, verdict) of the new commit or the head. ``unsigned`` are
    new commits without a verified signature. ``listed``: the caller is among those a restriction names.
    """

    ref: str
    creates: bool = False
    deletes: bool = False
    fast_forward: bool = True
    merge_commits: bool = False
    through_pull_request: bool = False
    reviews: Reviews = Reviews()
    behind: bool = False
    checks: tuple[tuple[str, int, str], ...] = ()
    unsigned: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    committers: tuple[str, ...] = ()
    listed: bool = False


def violations(rules: Sequence[Mapping[str, Any]], change: Change) -> list[str]:
    """Return the sentences for the rules a change breaks, in the order of the rules."""
    found = [_violation(rule["type"], rule.get("parameters") or {}, change) for rule in rules]
    return [sentence for sentences in found for sentence in sentences]


def _violation(kind: str, parameters: Mapping[str, Any], change: Change) -> list[str]:
    thing = "tag" if change.ref.startswith("refs/tags/") else "branch"
    if change.deletes:
        deleted = {
            "deletion": f"Cannot delete this {thing}",
            "restricted": "" if change.listed else _NOT_AUTHORIZED,
            "locked": "Cannot change this locked branch",
        }
        return [deleted[kind]] if deleted.get(kind) else []
    if kind in _JUDGES:
        return _JUDGES[kind](parameters, change)
    broken: dict[str, bool | str] = {
        "creation": change.creates and "Cannot create ref due to creations being restricted.",
        "update": not change.creates and "Cannot update this protected ref.",
        "non_fast_forward": not change.creates and not change.fast_forward and f"Cannot force-push to this {thing}",
        "required_linear_history": change.merge_commits and f"This {thing} must not contain merge commits.",
        "required_signatures": bool(change.unsigned) and "Commits must have verified signatures.",
        "restricted": not change.listed and _NOT_AUTHORIZED,
        "locked": "Cannot change this locked branch",
    }
    sentence = broken.get(kind)
    return [str(sentence)] if sentence else []


_NOT_AUTHORIZED = "You're not authorized to push to this branch."


def _pull_request(parameters: Mapping[str, Any], change: Change) -> list[str]:
    if not change.through_pull_request:
        return ["Changes must be made through a pull request."]
    wanted, reviews = int(parameters.get("required_approving_review_count", 0)), change.reviews
    found = []
    if wanted and reviews.objections:
        plural = "" if reviews.objections == 1 else "s"
        found.append(f"{reviews.objections} review{plural} requesting changes by reviewers with write access.")
    if reviews.approvals < wanted:
        plural = "" if wanted == 1 else "s"
        found.append(f"At least {wanted} approving review{plural} is required by reviewers with write access.")
    if parameters.get("require_code_owner_review") and reviews.owners_missing:
        found.append(f"Waiting on code owner review from {', '.join(reviews.owners_missing)}.")
    if parameters.get("require_last_push_approval") and reviews.last_pusher:
        who = reviews.last_pusher
        found.append(f"New changes require approval from someone other than {who} because they were the last pusher.")
    if parameters.get("required_review_thread_resolution") and reviews.unresolved:
        found.append("A conversation must be resolved before this pull request can be merged.")
    return found


def _conversations(_parameters: Mapping[str, Any], change: Change) -> list[str]:
    unresolved = change.through_pull_request and change.reviews.unresolved
    return ["A conversation must be resolved before this pull request can be merged."] if unresolved else []


def _checks(parameters: Mapping[str, Any], change: Change) -> list[str]:
    if change.creates and parameters.get("do_not_enforce_on_create"):
        return []
    wanted = [(check["context"], check.get("integration_id")) for check in parameters["required_status_checks"]]
    states = {name: _state(name, app, change) for name, app in wanted}
    missing = [(name, state) for name, state in states.items() if state != "success"]
    found = [_missing_checks(missing, len(wanted))] if missing else []
    if change.through_pull_request and change.behind and parameters.get("strict_required_status_checks_policy"):
        found.append("The head branch is not up to date with the base branch.")
    return found


def _state(name: str, app: int | None, change: Change) -> str:
    said = [verdict for context, by, verdict in change.checks if context == name and app in (None, by)]
    return next((verdict for verdict in ("failure", "pending", "success") if verdict in said), "expected")


def _missing_checks(missing: Sequence[tuple[str, str]], wanted: int) -> str:
    words = {"expected": "expected", "pending": "in progress", "failure": "failing"}
    if len(missing) == 1:
        name, state = missing[0]
        return f'Required status check "{name}" is {words[state]}.'
    if all(state == "expected" for _, state in missing):
        return f"{len(missing)} of {wanted} required status checks are expected."
    counts = [(sum(1 for _, held in missing if held == state), word) for state, word in words.items()]
    said = " and ".join(f"{count} {word}" for count, word in counts if count)
    return f"{len(missing)} of {wanted} required status checks have not succeeded: {said}."


def _pattern_rule(subject: str, facts: str) -> Callable[[Mapping[str, Any], Change], list[str]]:
    def judge(parameters: Mapping[str, Any], change: Change) -> list[str]:
        values = [change.ref.split("/", 2)[2]] if facts == "ref" else getattr(change, facts)
        if all(_fits(parameters, value) for value in values):
            return []
        how = _HOW[parameters["operator"]]
        negation = " not" if parameters.get("negate") else ""
        return [f"{subject} must{negation} {how}: {parameters['pattern']}"]

    return judge


_HOW = {
    "starts_with": "start with a given pattern",
    "ends_with": "end with a given pattern",
    "contains": "contain a given pattern",
    "regex": "match a given regex pattern",
}


def _fits(parameters: Mapping[str, Any], value: str) -> bool:
    pattern = str(parameters["pattern"])
    found = {
        "starts_with": value.startswith(pattern),
        "ends_with": value.endswith(pattern),
        "contains": pattern in value,
    }
    operator = parameters["operator"]
    held = re.search(pattern, value) is not None if operator == "regex" else found[operator]
    return held is not bool(parameters.get("negate"))


_JUDGES: Mapping[str, Callable[[Mapping[str, Any], Change], list[str]]] = {
    "pull_request": _pull_request,
    "conversations": _conversations,
    "required_status_checks": _checks,
    "branch_name_pattern": _pattern_rule("Branch name", "ref"),
    "tag_name_pattern": _pattern_rule("Tag name", "ref"),
    "commit_message_pattern": _pattern_rule("Commit message", "messages"),
    "commit_author_email_pattern": _pattern_rule("Commit author email", "authors"),
    "committer_email_pattern": _pattern_rule("Committer email", "committers"),
}

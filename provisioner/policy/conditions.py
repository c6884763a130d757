"""The attribute condition: read as a conjunction of equalities, and nothing else.

The reader is a grammar of what is allowed, not a search for what is not: a condition in any other words fails,
also when it would be harmless, because nobody should have to prove that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 4096
"""Google's limit on a condition, in characters."""

EVENTS = frozenset({"push", "workflow_dispatch", "schedule", "pull_request"})

_EQUAL = re.compile(r"assertion\.(?P<claim>\w+)\s*==\s*'(?P<value>[^'\\]*)'")
_IN = re.compile(r"assertion\.(?P<claim>\w+)\s+in\s*\[(?P<values>\s*'[^'\\]*'\s*(?:,\s*'[^'\\]*'\s*)*)\]")
_HAS = re.compile(r"has\(\s*assertion\.(?P<claim>\w+)\s*\)")
_QUOTED = re.compile(r"'([^'\\]*)'")
_DIGITS = re.compile(r"[0-9]{1,20}")
_ALLOWED = frozenset({"repository_owner_id", "repository_id", "event_name", "runner_environment", "job_workflow_ref"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the request declares about its jobs: own runners allowed, and the only workflows trusted (none: any)."""

    self_hosted_runners: bool = False
    trusted_workflows: tuple[str, ...] = ()


def condition_problem(condition: str, asked: Asked) -> str:
    """Say what is wrong with a provider's condition; empty when it is exactly the shape the baseline asks for."""
    if not condition.strip():
        return "there is no attribute condition: every repository of GitHub could exchange a token"
    if len(condition) > LIMIT:
        return f"the condition has {len(condition)} characters, Google allows {LIMIT}"
    terms, problem = _terms(condition)
    return problem or _content_problem(terms) or _asked_problem(terms, asked)


def allowed_ids(condition: str) -> tuple[str, ...]:
    """Return the repository ids that a well-formed condition admits; empty for any other condition."""
    terms, problem = _terms(condition)
    return () if problem else terms.get("repository_id", ())


def _terms(condition: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """Split into claim -> accepted values; the second value is the first problem."""
    terms: dict[str, tuple[str, ...]] = {}
    guarded: set[str] = set()
    for part in _conjuncts(condition):
        term = part.strip()
        guard = _HAS.fullmatch(term)
        if guard:
            guarded.add(guard["claim"])
            continue
        claim, values = _test(term)
        if not claim:
            return {}, f'"{term}" is neither a claim == a quoted value nor a claim in a list of quoted values'
        if claim in terms:
            return {}, f"{claim} is tested twice"
        terms[claim] = values
    unused = guarded - set(terms)
    return terms, f"has(assertion.{min(unused)}) guards nothing" if unused else ""


def _conjuncts(condition: str) -> list[str]:
    """Split at ``&&`` outside quotes."""
    return re.split(r"&&(?=(?:[^']*'[^']*')*[^']*$)", condition)


def _test(term: str) -> tuple[str, tuple[str, ...]]:
    equal, member = _EQUAL.fullmatch(term), _IN.fullmatch(term)
    if equal:
        return equal["claim"], (equal["value"],)
    if member:
        return member["claim"], tuple(_QUOTED.findall(member["values"]))
    return "", ()


def _content_problem(terms: dict[str, tuple[str, ...]]) -> str:
    for claim in ("repository_owner_id", "repository_id", "event_name"):
        if claim not in terms:
            return f"the condition does not test assertion.{claim}"
    for claim in ("repository_owner_id", "repository_id"):
        wrong = next((value for value in terms[claim] if not _DIGITS.fullmatch(value)), None)
        if wrong is not None:
            return f'assertion.{claim} is compared with "{wrong}", which is no numeric id'
    return _rest_problem(terms)


def _asked_problem(terms: dict[str, tuple[str, ...]], asked: Asked) -> str:
    if not asked.self_hosted_runners and "runner_environment" not in terms:
        return "jobs on self-hosted runners are let in though the request does not declare any"
    if asked.trusted_workflows and set(terms.get("job_workflow_ref", ())) != set(asked.trusted_workflows):
        return "the condition does not pin job_workflow_ref to the workflows that the request trusts"
    return ""


def _rest_problem(terms: dict[str, tuple[str, ...]]) -> str:
    events = set(terms["event_name"]) - EVENTS
    if events:
        return f"the event {min(events)} is accepted; strangers can cause it, or nothing here needs it"
    if set(terms.get("runner_environment", ("github-hosted",))) != {"github-hosted"}:
        return "a runner_environment other than github-hosted is named; leave the test out for self-hosted runners"
    if any("*" in ref or "@" not in ref for ref in terms.get("job_workflow_ref", ())):
        return "a trusted workflow is not given as owner/repository/path@ref"
    unknown = set(terms) - _ALLOWED
    return f"assertion.{min(unknown)} is not a claim the baseline lets a condition rest on" if unknown else ""

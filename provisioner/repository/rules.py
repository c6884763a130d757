"""Rulesets of the organisation that would refuse the first push."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from http import HTTPStatus
from typing import Any

from provisioner.errors import Blocked
from provisioner.repository import names
from provisioner.repository.api import gather, part
from provisioner.repository.errors import GitHubError
from provisioner.repository.setting import Target
from provisioner.request.problems import Problem

# Rule types that a first push of several new branches by our App cannot satisfy.
_IN_THE_WAY = frozenset(
    {
        "creation",
        "update",
        "pull_request",
        "required_signatures",
        "required_status_checks",
        "commit_author_email_pattern",
        "commit_message_pattern",
        "committer_email_pattern",
        "branch_name_pattern",
        "file_path_restriction",
        "workflows",
    }
)


def rule_problems(target: Target, found: dict[str, Any] | None) -> list[Problem]:
    """Return the active rulesets of the organisation that our first push would meet.

    A repository that exists tells them to everybody who can read it; before that only the organisation itself does,
    to its administrators. Whoever is none of them looks as soon as the repository is made (``refuse_rules``). A ruleset
    that lets our App pass is not in the way.
    """
    if found is not None and found.get("default_branch") and _has_branch(target):
        return []
    place = f"/orgs/{part(target.owner)}" if found is None else target.path
    try:
        listed = target.api.pages(f"{place}/rulesets")
    except GitHubError as problem:
        if problem.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            return [] if found is None else [_unseen(target)]
        raise
    rulesets = gather([partial(target.api.get, f"{place}/rulesets/{row['id']}") for row in listed if _counts(row)])
    app = _app_id(target) if rulesets else None
    return [
        problem
        for ruleset in rulesets
        if _applies(target, ruleset) and not _passes(ruleset, app)
        for problem in _problems(target, ruleset)
    ]


def refuse_rules(target: Target) -> None:
    """Look at a repository that was just made, before anything else is; raises Blocked where it cannot be filled."""
    problems = rule_problems(target, target.api.get(target.path))
    blocking = tuple(problem.as_error() for problem in problems if problem.blocking)
    if blocking:
        raise Blocked(
            f"{target.team.repository_full_name} was made and would refuse its first commit",
            fix="mend it and run again: it goes on with the empty repository",
            problems=blocking,
        )


def _counts(row: dict[str, Any]) -> bool:
    ours = row.get("source_type", "Organization") != "Organization"
    return row["enforcement"] == "active" and row.get("target", "branch") == "branch" and not ours


def _has_branch(target: Target) -> bool:
    return target.api.find(f"{target.path}/branches/{part(names.default_branch(target.team))}") is not None


def _problems(target: Target, ruleset: dict[str, Any]) -> list[Problem]:
    kinds = sorted({rule["type"] for rule in ruleset.get("rules", [])} & _IN_THE_WAY)
    if not kinds:
        return []
    slug = target.team.platform.github.app_slug
    return [
        Problem(
            f"organisation ruleset '{ruleset['name']}'",
            f"it would refuse the first push ({', '.join(kinds)})",
            f"let the App '{slug}' bypass it, or exclude {target.team.repository_name} from it",
        )
    ]


def _applies(target: Target, ruleset: dict[str, Any]) -> bool:
    conditions = ruleset.get("conditions") or {}
    repositories = conditions.get("repository_name")
    if repositories is not None and not _matches(repositories, target.team.repository_name, ("~ALL",)):
        return False
    refs = conditions.get("ref_name")
    if refs is None:
        return True
    first = names.default_branch(target.team)
    return any(
        _matches(refs, f"refs/heads/{branch}", ("~ALL", "~DEFAULT_BRANCH") if branch == first else ("~ALL",))
        for branch in names.branches(target.team)
    )


def _matches(condition: dict[str, Any], name: str, words: tuple[str, ...]) -> bool:
    def any_of(patterns: list[str]) -> bool:
        return any(pattern in words or fnmatchcase(name, pattern) for pattern in patterns)

    return any_of(condition.get("include") or []) and not any_of(condition.get("exclude") or [])


def _passes(ruleset: dict[str, Any], app: int | None) -> bool:
    if ruleset.get("current_user_can_bypass") == "always":
        return True
    return app is not None and any(
        actor.get("actor_type") == "Integration" and actor.get("actor_id") == app
        for actor in ruleset.get("bypass_actors") or []
    )


def _app_id(target: Target) -> int | None:
    app = target.api.find(f"/apps/{part(target.team.platform.github.app_slug)}")
    return int(app["id"]) if app else None


def _unseen(target: Target) -> Problem:
    return Problem(
        target.team.repository_full_name,
        "its rulesets cannot be read with this token, so one may refuse the first push",
        "give the App the permission metadata: read",
        blocking=False,
    )

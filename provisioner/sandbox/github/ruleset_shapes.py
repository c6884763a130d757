"""What a ruleset in a request may contain: bypass actors, conditions, rules with their parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox.github.errors import GithubError, NotImplementedHere, unprocessable
from provisioner.sandbox.github.push_file_rules import KINDS as FILE_RULES
from provisioner.sandbox.github.shapes import FLAG, NUMBER, TEXT, TEXTS, Field, Shape, text

_NAMES = Field("object", members={"include": TEXTS, "exclude": TEXTS})
_ACTOR = {
    "actor_id": Field("integer", nullable=True),
    "actor_type": text(
        required=True, enum=("Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "User")
    ),
    "bypass_mode": text(enum=("always", "pull_request", "exempt")),
}
_RULE = {"type": text(required=True), "parameters": Field("any", nullable=True)}
_CONDITIONS = {"ref_name": _NAMES}
_ORG_CONDITIONS = {
    **_CONDITIONS,
    "repository_name": Field("object", members={"include": TEXTS, "exclude": TEXTS, "protected": FLAG}),
    "repository_id": Field("object", members={"repository_ids": Field("array", items=NUMBER)}),
}
_COUNT, _NEEDED_FLAG = Field("integer", required=True), Field("boolean", required=True)
_PULL_REQUEST = {
    "allowed_merge_methods": TEXTS,
    "dismiss_stale_reviews_on_push": _NEEDED_FLAG,
    "require_code_owner_review": _NEEDED_FLAG,
    "require_last_push_approval": _NEEDED_FLAG,
    "required_approving_review_count": _COUNT,
    "required_review_thread_resolution": _NEEDED_FLAG,
}
_CHECK = {"context": text(required=True), "integration_id": NUMBER}
_CHECKS = {
    "do_not_enforce_on_create": FLAG,
    "required_status_checks": Field("array", required=True, items=Field("object", members=_CHECK)),
    "strict_required_status_checks_policy": _NEEDED_FLAG,
}
_PATTERN = {
    "name": TEXT,
    "negate": FLAG,
    "operator": text(required=True, enum=("starts_with", "ends_with", "contains", "regex")),
    "pattern": text(required=True),
}
_PATTERN_RULES = (
    *("branch_name_pattern", "tag_name_pattern", "commit_message_pattern"),
    *("commit_author_email_pattern", "committer_email_pattern"),
)
_NEEDED_TEXTS = Field("array", required=True, items=TEXT)
# Rules the sandbox enforces, with their parameters.
_PARAMETERS: Mapping[str, Shape] = {
    **{kind: {} for kind in ("creation", "deletion", "non_fast_forward", "required_linear_history")},
    "required_signatures": {},
    "update": {"update_allows_fetch_and_merge": _NEEDED_FLAG},
    "pull_request": _PULL_REQUEST,
    "required_status_checks": _CHECKS,
    **dict.fromkeys(_PATTERN_RULES, _PATTERN),
    "file_path_restriction": {"restricted_file_paths": _NEEDED_TEXTS},
    "max_file_path_length": {"max_file_path_length": _COUNT},
    "file_extension_restriction": {"restricted_file_extensions": _NEEDED_TEXTS},
    "max_file_size": {"max_file_size": _COUNT},
}
_MERGES = ("merge", "squash", "rebase")
_WITHOUT_NUMBER = ("OrganizationAdmin", "DeployKey")


def ruleset_shape(*, organization: bool, required: bool) -> Shape:
    """Return the shape of a whole ruleset; ``required`` for one that is made, not changed."""
    return {
        "name": text(required=required),
        "target": text(enum=("branch", "tag", "push")),
        "enforcement": text(required=required, enum=("disabled", "active", "evaluate")),
        "bypass_actors": Field("array", items=Field("object", members=_ACTOR)),
        "conditions": Field("object", members=_ORG_CONDITIONS if organization else _CONDITIONS),
        "rules": Field("array", items=Field("object", members=_RULE)),
    }


def check_rules(rules: Iterable[dict[str, Any]], target: str = "branch") -> None:
    """Check rules one by one and fill in what GitHub does. Raises GithubError (422), NotImplementedHere."""
    for index, rule in enumerate(rules):
        if rule["type"] in _PARAMETERS and (rule["type"] in FILE_RULES) != (target == "push"):
            raise _invalid_rule(rule, f"is not a rule of {target} rulesets")
        shape = _PARAMETERS.get(rule["type"])
        if shape is None:
            raise NotImplementedHere(f"the ruleset rule {rule['type']!r}")
        _check_parameters(rule, shape, index)


def _check_parameters(rule: dict[str, Any], shape: Shape, index: int) -> None:
    given = rule.get("parameters")
    if not shape:
        if given:
            raise _invalid_rule(rule, "takes no parameters")
        rule.pop("parameters", None)
        return
    if rule["type"] == "update" and given is None:
        given = rule["parameters"] = {"update_allows_fetch_and_merge": False}
    problems = findings(given or {}, shape, f"properties/rules/{index}/parameters")
    if problems:
        raise GithubError(422, "\n\n".join(("Invalid request.", "\n".join(problems))))
    if rule["type"] == "pull_request":
        _check_pull_request(rule)
    if rule["type"] in _PATTERN_RULES and rule["parameters"]["operator"] == "regex":
        _check_regex(rule)


def _check_pull_request(rule: dict[str, Any]) -> None:
    parameters = rule["parameters"]
    if not 0 <= parameters["required_approving_review_count"] <= 10:  # noqa: PLR2004 - GitHub's limit
        raise _invalid_rule(rule, "required_approving_review_count must be between 0 and 10")
    methods = parameters.setdefault("allowed_merge_methods", [*_MERGES])
    if not methods or set(methods) - set(_MERGES):
        raise _invalid_rule(rule, "allowed_merge_methods must be among merge, squash and rebase")


def _check_regex(rule: dict[str, Any]) -> None:
    try:
        re.compile(rule["parameters"]["pattern"])
    except re.error as problem:
        raise _invalid_rule(rule, f"the pattern is no regular expression: {problem}") from None


def check_actors(actors: Iterable[Mapping[str, Any]]) -> None:
    """Check that actors that need a number have one. Raises GithubError (422)."""
    for actor in actors:
        if actor.get("actor_id") is None and actor["actor_type"] not in _WITHOUT_NUMBER:
            raise unprocessable(f"Validation Failed: bypass actor of type {actor['actor_type']} needs an actor_id")


def _invalid_rule(rule: Mapping[str, Any], problem: str) -> GithubError:
    return GithubError(422, "Validation Failed", errors=(f"Invalid rule '{rule['type']}': {problem}",))


def findings(document: Any, shape: Shape, where: str) -> list[str]:  # noqa: ANN401 - JSON has no narrower type
    """Return what is wrong with a part of a body."""
    return Field("object", members=shape).findings(document, where)

"""GitHub environments: who approves, and which branch may deploy. They exist before any identity is granted to them."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.repository.api import gather, part
from provisioner.repository.errors import GitHubError
from provisioner.repository.reviewers import github_reviewers
from provisioner.repository.setting import Setting, Target
from provisioner.request.parts import Reviewer
from provisioner.request.resolve import EnvironmentSpec

_NOT_FOUND = 404
_CUSTOM_BRANCHES = {"protected_branches": False, "custom_branch_policies": True}


def environment_settings(target: Target) -> list[list[Setting]]:
    """Compare every environment of the request, a group for each: its protection, then its branch policy."""
    rows = target.api.pages(f"{target.path}/environments", "environments")
    found = {row["name"]: row for row in rows}
    specs = target.team.environments
    policies = gather([partial(_policies, target, spec, found.get(spec.name)) for spec in specs])
    return [
        [_protection(target, spec, found.get(spec.name)), _branches(target, spec, had)]
        for spec, had in zip(specs, policies, strict=True)
    ]


def _protection(target: Target, spec: EnvironmentSpec, row: dict[str, Any] | None) -> Setting:
    write = partial(_write, target, spec, row)
    return Setting(f"environment {spec.name}", _expected(target, spec), _found(row), write)


def _branches(target: Target, spec: EnvironmentSpec, had: list[dict[str, Any]]) -> Setting:
    return Setting(
        f"environment {spec.name}: branches that may deploy",
        [{"name": spec.branch, "type": "branch"}],
        [{"name": row["name"], "type": row.get("type", "branch")} for row in had],
        partial(_write_policies, target, spec, had),
    )


def _expected(target: Target, spec: EnvironmentSpec) -> dict[str, Any]:
    names = [
        f"User {one.user.lower()}" if one.user else f"Team {one.team}" for one in github_reviewers(target.team, spec)
    ]
    return {"reviewers": names, "self_review": not names, "branches": _CUSTOM_BRANCHES}


def _found(row: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    rule = next((one for one in row.get("protection_rules") or [] if one["type"] == "required_reviewers"), None)
    return {
        "reviewers": [_reviewer_name(one) for one in rule["reviewers"]] if rule else [],
        "self_review": not (rule and rule.get("prevent_self_review")),
        "branches": row.get("deployment_branch_policy"),
    }


def _reviewer_name(row: dict[str, Any]) -> str:
    who = row["reviewer"]
    return f"Team {who['slug']}" if row["type"] == "Team" else f"User {who['login'].lower()}"


def _write(target: Target, spec: EnvironmentSpec, had: dict[str, Any] | None) -> None:
    """Write the protection; a waiting time that the team set itself stays."""
    rules: list[dict[str, Any]] = (had or {}).get("protection_rules") or []
    asked = github_reviewers(target.team, spec)
    body = {
        "wait_timer": next((rule["wait_timer"] for rule in rules if rule["type"] == "wait_timer"), 0),
        "reviewers": [_reviewer_id(target, one) for one in asked] or None,
        "deployment_branch_policy": _CUSTOM_BRANCHES,
        **({"prevent_self_review": True} if asked else {}),
    }
    target.api.write("PUT", f"{target.path}/environments/{part(spec.name)}", body)


def _reviewer_id(target: Target, reviewer: Reviewer) -> dict[str, Any]:
    if reviewer.user:
        return {"type": "User", "id": target.api.get(f"/users/{part(reviewer.user)}")["id"]}
    path = f"/orgs/{part(target.owner)}/teams/{part(str(reviewer.team))}"
    return {"type": "Team", "id": target.api.get(path)["id"]}


def _policies_path(target: Target, spec: EnvironmentSpec) -> str:
    return f"{target.path}/environments/{part(spec.name)}/deployment-branch-policies"


def _policies(target: Target, spec: EnvironmentSpec, row: dict[str, Any] | None) -> list[dict[str, Any]]:
    if row is None or not (row.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
        return []
    return target.api.pages(_policies_path(target, spec), "branch_policies")


def _write_policies(target: Target, spec: EnvironmentSpec, had: list[dict[str, Any]]) -> None:
    """Add the environment's branch and take every other pattern away, tags too."""
    path = _policies_path(target, spec)
    wanted = (spec.branch, "branch")
    if wanted not in [(row["name"], row.get("type", "branch")) for row in had]:
        target.api.create(path, {"name": spec.branch, "type": "branch"})
    for row in had:
        if (row["name"], row.get("type", "branch")) != wanted:
            _delete(target, f"{path}/{row['id']}")


def _delete(target: Target, path: str) -> None:
    try:
        target.api.write("DELETE", path)
    except GitHubError as problem:
        if problem.status != _NOT_FOUND:
            raise

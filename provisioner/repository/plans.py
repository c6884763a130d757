"""What the organisation's GitHub plan can do, against what the request asks for.

From GitHub's documentation: required reviewers in private repositories need Enterprise, environments with branch
policies in private repositories need Team, so do rulesets; internal repositories exist with Enterprise only.
"""

from __future__ import annotations

from provisioner.repository.api import part
from provisioner.repository.reviewers import REVIEWERS_RULE, reviewers_waived
from provisioner.repository.setting import Target
from provisioner.request.problems import Problem
from provisioner.request.resolve import EnvironmentSpec

_ORDER = ("free", "team", "enterprise")


def plan_problems(target: Target) -> list[Problem]:
    """Return what the plan cannot give; reviewers can be waived in platform.yaml, environments cannot."""
    plan = current_plan(target)
    visibility = target.team.request.repository.visibility
    if visibility == "public" or plan == "enterprise":
        return []
    rows = [
        _reviewers(target, spec, plan)
        for spec in target.team.environments
        if spec.approval == "github" and spec.reviewers
    ]
    if visibility == "internal":
        rows.append(
            Problem("repository.visibility", f"the plan '{plan}' has no internal repositories", "write private")
        )
    if plan == "free":
        reason = "the plan 'free' has no environments and no rulesets in private repositories"
        rows.append(Problem("repository.visibility", reason, "move to the plan Team, or write public"))
    return rows


def current_plan(target: Target) -> str:
    """Return the plan GitHub tells, as far as it does, else the one of platform.yaml."""
    told = (target.api.get(f"/orgs/{part(target.owner)}").get("plan") or {}).get("name", "")
    declared = target.team.platform.github.plan
    told = {"business": "team", "business_plus": "enterprise", "enterprise_cloud": "enterprise"}.get(told, told)
    return min((told, declared), key=_ORDER.index) if told in _ORDER else declared


def _reviewers(target: Target, spec: EnvironmentSpec, plan: str) -> Problem:
    name = target.team.repository_full_name
    visibility = target.team.request.repository.visibility
    return Problem(
        f"environments.{spec.name}.reviewers",
        f"the plan '{plan}' has no required reviewers in {visibility} repositories",
        f"write approval: platform, move to Enterprise, or have the platform team waive {REVIEWERS_RULE} for {name}",
        blocking=not reviewers_waived(target.team),
    )

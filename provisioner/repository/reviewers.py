"""Who approves deployments on GitHub."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase

from provisioner.request.parts import Reviewer
from provisioner.request.resolve import EnvironmentSpec, Team

REVIEWERS_RULE = "github-reviewers"


def github_reviewers(team: Team, spec: EnvironmentSpec) -> tuple[Reviewer, ...]:
    """Return who approves on GitHub.

    Nobody where the platform approves instead, or where the plan cannot do it and platform.yaml waives that. Without
    the waiver the reviewers stay wanted, and GitHub's refusal is an error: a protection is never dropped in silence.
    """
    if spec.approval != "github" or (not _possible(team) and reviewers_waived(team)):
        return ()
    return spec.reviewers


def reviewers_waived(team: Team) -> bool:
    """Tell whether platform.yaml lets this repository go without required reviewers, today."""
    today = datetime.now(UTC).date()
    return any(
        waiver.rule == REVIEWERS_RULE
        and fnmatchcase(team.repository_full_name, waiver.resource)
        and waiver.expires >= today
        for waiver in team.platform.waivers
    )


def _possible(team: Team) -> bool:
    return team.request.repository.visibility == "public" or team.platform.github.plan == "enterprise"

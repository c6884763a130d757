"""Who reaches what, from where somebody wants to know it: a run's record, the states, a plan, the cloud itself."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.access import AccessChange, AccessModel, Repository, cases, compare
from provisioner.request.resolve import Team
from provisioner.terraform.plan import Plan


def repository_of(team: Team, repository_id: str, owner_id: str, full_name: str = "") -> Repository:
    """Return the team's repository as trust sees it."""
    name = full_name or team.repository_full_name
    return Repository(repository_id, owner_id, name, team.request.repository.visibility)


def difference(team: Team, repository: Repository, plans: Iterable[Plan]) -> AccessChange:
    """Return what plans of a team's roots do to access, all of them together."""
    several = tuple(plans)
    before = AccessModel.merged(AccessModel.from_state(plan.prior_state) for plan in several)
    after = AccessModel.merged(AccessModel.from_plan(plan) for plan in several)
    return compare(before, after, cases(team, repository))

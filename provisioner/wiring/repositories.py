"""Only the repository: for a team whose infrastructure exists, or is made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from provisioner.errors import Blocked
from provisioner.request.resolve import Team
from provisioner.runs.progress import Progress, counted, telling
from provisioner.settings import Settings
from provisioner.wiring.folders import open_ledger
from provisioner.wiring.place import connect_github, enter, place_of
from provisioner.wiring.ports import Repositories

Outputs = Mapping[str, Mapping[str, Any]]


def set_up(
    settings: Settings,
    team: Team,
    outputs: Outputs,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
) -> dict[str, Any]:
    """Find or make the repository, fill it, and read everything back."""
    repositories = _entered(settings, team, progress, sandbox)
    with telling(progress, "preflight"):
        blocking = tuple(each.as_error() for each in repositories.preflight(team) if each.blocking)
        if blocking:
            raise Blocked(f"{counted(len(blocking), 'thing')} to mend before this can run", problems=blocking)
    with telling(progress, "repository") as told:
        facts = repositories.prepare(team)
        told.detail = facts.full_name
    with telling(progress, "publish") as told:
        done = repositories.publish(team, facts, outputs)
        told.detail = done["summary"]
    found = repositories.verify(team, facts, outputs)
    return {**asdict(facts), **done, "differences": found}


def differences(
    settings: Settings,
    team: Team,
    outputs: Outputs,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
) -> list[dict[str, str]]:
    """Return every setting that is not as it was set up; changes nothing."""
    repositories = _entered(settings, team, progress, sandbox)
    facts = repositories.find(team)
    if facts is None:
        return [{"where": team.repository_full_name, "expected": "a repository", "found": "nothing"}]
    return repositories.verify(team, facts, outputs)


def _entered(settings: Settings, team: Team, progress: Progress, sandbox: bool | None) -> Repositories:  # noqa: FBT001 - three states
    place = enter(settings, place_of(settings, open_ledger(settings), team.slug, sandbox), team, progress, seed=False)
    return Repositories(connect_github(place.settings, team))

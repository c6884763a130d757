"""Only the repository: for a team whose infrastructure exists, or is made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from provisioner.errors import Blocked, InvalidInput
from provisioner.request.resolve import Team, resolve
from provisioner.runs.progress import Progress, counted, telling
from provisioner.settings import Settings
from provisioner.wiring.folders import require_git
from provisioner.wiring.place import connect_github, entered
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
    require_git(settings)
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
    found = repositories.inspect(team, facts, outputs)
    return {**asdict(facts), **done, "differences": found}


def differences(
    settings: Settings,
    team: Team,
    outputs: Outputs,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
) -> list[dict[str, str]]:
    """Return everything that is not as it was set up; changes nothing."""
    repositories = _entered(settings, team, progress, sandbox)
    facts = repositories.find(team)
    if facts is None:
        return [{"where": team.repository_full_name, "expected": "a repository of ours", "found": "none"}]
    return repositories.inspect(team, facts, outputs)


def adopt(  # noqa: PLR0913, PLR0917 - as the others, and what may be replaced
    settings: Settings,
    team: Team,
    outputs: Outputs,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
    replace: tuple[str, ...],
) -> dict[str, Any]:
    """Propose the template's files to a repository with content; tell what setting it up will change afterwards."""
    require_git(settings)
    repositories = _entered(settings, team, progress, sandbox)
    with telling(progress, "pull request") as told:
        done = repositories.adopt(team, outputs, replace)
        told.detail = done["state"]
    return {"repository": team.repository_full_name, **done}


def outputs_of(settings: Settings, team: Team, given: Outputs, sandbox: bool | None) -> dict[str, Any]:  # noqa: FBT001 - three states
    """Return the outputs of every environment: those given, else what the request says, else what the states hold.

    Raises InvalidInput when an environment has none.
    """
    from provisioner.repository.existing import existing_outputs  # noqa: PLC0415 - the request comes first
    from provisioner.wiring.observing import states_of  # noqa: PLC0415 - Terraform is needed only for states

    said = {name: {"environment": asdict(each)} for name, each in existing_outputs(team).items()}
    found: dict[str, Any] = {**said, **given}
    if not said and any(spec.name not in found for spec in team.environments):
        states = states_of(settings, team, sandbox)
        read = {spec.name: dict(states[spec.names.root].outputs) for spec in team.environments}
        found = {**{name: outputs for name, outputs in read.items() if "environment" in outputs}, **found}
    missing = [spec.name for spec in team.environments if spec.name not in found]
    if missing:
        raise InvalidInput(
            f"nobody knows what exists in {', '.join(missing)}",
            fix="run provision-env up first, say it in the request under `existing`, or give a file with --outputs",
            where=f"environments.{missing[0]}",
        )
    return found


def named(team: Team, repository: str) -> Team:
    """Return the team with another repository of its owner, given as OWNER/NAME. Raises InvalidInput."""
    owner, _, name = repository.rpartition("/")
    if owner.lower() != team.platform.github.owner.lower():
        raise InvalidInput(
            f"{repository!r} is not a repository of {team.platform.github.owner}",
            fix=f"write {team.platform.github.owner}/NAME, the owner that platform.yaml names",
            where="--repository",
        )
    asked = team.request.repository.model_copy(update={"name": name})
    return resolve(team.request.model_copy(update={"repository": asked}), team.platform)


def _entered(settings: Settings, team: Team, progress: Progress, sandbox: bool | None) -> Repositories:  # noqa: FBT001 - three states
    place = entered(settings, team, progress, sandbox)
    return Repositories(connect_github(place.settings, team))

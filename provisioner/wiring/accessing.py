"""Who reaches what, from where somebody wants to know it: a run's record, the states, a plan, the cloud itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.access import AccessChange, AccessMatrix, AccessModel, Case, Repository, cases, compare, compute
from provisioner.access.live import Unmanaged, from_live, from_policies, unmanaged
from provisioner.bootstrap.access import platform_cases
from provisioner.errors import InvalidInput, ProvisionError
from provisioner.policy import read_document
from provisioner.request.resolve import Team
from provisioner.runs.progress import Progress
from provisioner.settings import Settings
from provisioner.terraform.plan import Plan
from provisioner.wiring import ground
from provisioner.wiring.folders import open_artifacts, open_ledger
from provisioner.wiring.observing import preview, recorded_facts, recorded_ids, states_of
from provisioner.wiring.place import connect_google, entered


@dataclass(frozen=True, slots=True)
class Question:
    """Whose access is asked for, and about which place; ``plan`` is a plan's JSON for the source ``plan``."""

    team: Team
    sandbox: bool | None
    progress: Progress
    plan: Path | None = None


def repository_of(team: Team, repository_id: str, owner_id: str, full_name: str = "") -> Repository:
    """Return the team's repository as trust sees it."""
    name = full_name or team.repository_full_name
    return Repository(repository_id, owner_id, name, team.request.repository.visibility)


def difference(
    team: Team, repository: Repository, plans: Iterable[Plan], asked: Iterable[Case] | None = None
) -> AccessChange:
    """Return what plans of a team's roots do to access, all of them together; ``asked`` where it is no usual team."""
    several = tuple(plans)
    before = AccessModel.merged(AccessModel.from_state(plan.prior_state) for plan in several)
    after = AccessModel.merged(AccessModel.from_plan(plan) for plan in several)
    return compare(before, after, cases(team, repository) if asked is None else asked)


def recorded(settings: Settings, team: str) -> dict[str, Any]:
    """Return the matrix that the last run of a team established, as it was recorded, with ``run`` and ``made``."""
    artifacts = open_artifacts(settings)
    for run in open_ledger(settings).runs(team):
        matrix = artifacts.get(run.id, "access")
        if matrix is not None:
            return {"origin": f"Established by run {run.id}", "made": run.updated, "matrix": matrix}
    raise ProvisionError("no run of this team came as far as its access matrix", fix="run `up` again", where=team)


def established(settings: Settings, question: Question, source: str) -> dict[str, Any]:
    """Establish the matrix now, from ``state``, ``plan`` or ``live``; nothing is changed.

    Returns ``origin`` and ``made`` for people and ``matrix``: the document of AccessMatrix and ``source``; of ``live``
    also ``unmanaged`` (grants and keys that no state knows) and ``unread``.
    """
    origin, matrix = _SOURCES[source](settings, question)
    made = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"origin": origin, "made": made, "matrix": {"source": source, **matrix}}


def permissions(settings: Settings, question: Question, roles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what each role allows, as Google's API lists it."""
    enter = ground.entered if ground.is_platform(question.team) else entered
    cloud = connect_google(enter(settings, question.team, question.progress, question.sandbox).settings)
    try:
        return cloud.roles(roles)
    finally:
        cloud.close()


def _from_state(settings: Settings, question: Question) -> tuple[str, dict[str, Any]]:
    model = _known(settings, question)
    return "Read from the states", _matrix(settings, question, model).document()


def _from_plan(settings: Settings, question: Question) -> tuple[str, dict[str, Any]]:
    if question.plan is not None:
        return _from_plan_file(settings, question, question.plan)
    if ground.is_platform(question.team):
        place = ground.entered(settings, question.team, question.progress, question.sandbox)
        plan = ground.planned(place, question.team, recorded_ids(settings, question.team), question.progress)
        return "As it would be after `bootstrap`", _matrix(settings, question, AccessModel.from_plan(plan)).document()
    previews = preview(settings, question.team, question.progress, question.sandbox)
    model = AccessModel.merged(AccessModel.from_plan(each.plan) for each in previews)
    return "As it would be after `up`", _matrix(settings, question, model).document()


def _from_plan_file(settings: Settings, question: Question, file: Path) -> tuple[str, dict[str, Any]]:
    """Answer for the environments whose pool the plan holds: of the others it says nothing."""
    model = AccessModel.from_plan(read_document(file))
    pools = {each.pool for each in model.providers}
    inside = {spec.name for spec in question.team.environments if spec.names.pool in pools}
    if not inside:
        raise InvalidInput(
            "this plan holds no identity of the team", fix="give the plan of an environment", where=str(file)
        )

    def asked(case: Case) -> bool:
        return case.identity.environment.name in inside

    return f"As it would be after {file}", _matrix(settings, question, model, asked).document()


def _from_live(settings: Settings, question: Question) -> tuple[str, dict[str, Any]]:
    if ground.is_platform(question.team):
        return _from_live_ground(settings, question)
    known = _known(settings, question)
    team, place = question.team, entered(settings, question.team, question.progress, question.sandbox)
    cloud = connect_google(place.settings)
    try:
        projects = [cloud.trust(project, places) for project, places in _places(team).items()]
        folders = [spec.names.state_prefix for spec in team.environments]
        state = cloud.bucket_policies(team.platform.state.bucket, folders)
    finally:
        cloud.close()
    live = AccessModel.merged([*map(from_live, projects), AccessModel(grants=tuple(from_policies(state)))])
    matrix = _matrix(settings, question, live)
    identities = {row.case.identity.name: row.case.identity for row in matrix.rows}.values()
    keys = [key for project in projects for key in project.keys]
    strange = unmanaged(known, live, keys, identities)
    unread = [each for project in projects for each in project.unread]
    return "Read from the live policies", _with_strangers(matrix, strange, unread)


def _from_live_ground(settings: Settings, question: Question) -> tuple[str, dict[str, Any]]:
    known, team = _known(settings, question), question.team
    live, trust = ground.live(ground.entered(settings, team, question.progress, question.sandbox), team)
    matrix = _matrix(settings, question, live)
    identities = {row.case.identity.name: row.case.identity for row in matrix.rows}.values()
    strange = unmanaged(known, live, trust.keys, identities)
    # The environments' own roots let the toolkit's accounts into their states; that is not this root's to know.
    states, reads = f"folder:{team.platform.state.bucket}/", "roles/storage.objectViewer"
    found = tuple(
        replace(each, ours=False) if each.role == reads and each.scope.startswith(states) else each for each in strange
    )
    return "Read from the live policies", _with_strangers(matrix, found, list(trust.unread))


def _with_strangers(matrix: AccessMatrix, strange: tuple[Unmanaged, ...], unread: list[str]) -> dict[str, Any]:
    document = matrix.document()
    right = document["right"] and not any(each.ours for each in strange)
    return {**document, "right": right, "unmanaged": [each.document() for each in strange], "unread": unread}


def _places(team: Team) -> dict[str, set[str]]:
    """Return the projects of the team, each with the locations in which it may have something."""
    found: dict[str, set[str]] = {}
    for spec in team.environments:
        locations = {spec.region, *(each.location for each in spec.registries)}
        found.setdefault(spec.project, set()).update(each.lower() for each in locations)
    return found


def _known(settings: Settings, question: Question) -> AccessModel:
    if ground.is_platform(question.team):
        place = ground.entered(settings, question.team, question.progress, question.sandbox)
        return AccessModel.from_state(ground.state_of(place, question.team, recorded_ids(settings, question.team)))
    states = states_of(settings, question.team, question.sandbox)
    return AccessModel.merged(AccessModel.from_state(state) for state in states.values())


def _anything(_case: Case) -> bool:
    return True


def _matrix(
    settings: Settings, question: Question, model: AccessModel, asked: Callable[[Case], bool] = _anything
) -> AccessMatrix:
    facts, ids = recorded_facts(settings, question.team), recorded_ids(settings, question.team)
    name = str(facts["full_name"]) if facts else ""
    repository = repository_of(question.team, ids.repository_id, ids.owner_id, name)
    everything = platform_cases if ground.is_platform(question.team) else cases
    return compute(model, filter(asked, everything(question.team, repository)))


_SOURCES: Mapping[str, Callable[[Settings, Question], tuple[str, dict[str, Any]]]] = {
    "state": _from_state,
    "plan": _from_plan,
    "live": _from_live,
}

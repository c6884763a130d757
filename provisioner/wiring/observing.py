"""What exists for a team, read from its states and from GitHub; and what `up` would change. Nothing is made."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.policy import PolicyContext, Verdict, check
from provisioner.policy.report import document as report
from provisioner.render import RepositoryIds, render, waves
from provisioner.request.resolve import EnvironmentSpec, Team
from provisioner.runs.progress import Progress, Report, telling
from provisioner.settings import Settings
from provisioner.terraform.plan import Plan
from provisioner.terraform.runner import Runner
from provisioner.terraform.state import StateDocument
from provisioner.wiring.bases import Basis, Reading, basis_of
from provisioner.wiring.folders import find_terraform, open_artifacts, open_ledger, workers
from provisioner.wiring.place import Place, connect_google, entered
from provisioner.wiring.ports import Runners

_REPOSITORY = re.compile(r"assertion\.repository_id in \['(\d+)'\]")
_OWNER = re.compile(r"assertion\.repository_owner_id == '(\d+)'")


def observe(settings: Settings, team: Team, sandbox: bool | None) -> dict[str, Any]:  # noqa: FBT001 - three states
    """Return environments with what their state holds, and the repository as the last run left it."""
    place = entered(settings, team, _silence, sandbox)
    with _rendered(team, recorded_ids(settings, team)) as folder, ThreadPoolExecutor(workers()) as pool:
        environments = list(pool.map(lambda spec: _environment(place, folder, spec), team.environments))
    return {"team": team.slug, "environments": environments, "repository": recorded_facts(settings, team)}


def states_of(settings: Settings, team: Team, sandbox: bool | None) -> dict[str, StateDocument]:  # noqa: FBT001 - three states
    """Return what the states of all roots hold, links between environments included; nothing is locked."""
    place = entered(settings, team, _silence, sandbox)
    roots = [root for wave in waves(team) for root in wave]
    with _rendered(team, recorded_ids(settings, team)) as folder, ThreadPoolExecutor(workers()) as pool:
        found = pool.map(lambda root: _state(place, folder / "envs" / root), roots)
        return dict(zip(roots, found, strict=True))


def state_of(settings: Settings, team: Team, spec: EnvironmentSpec, sandbox: bool | None) -> StateDocument:  # noqa: FBT001 - three states
    """Return what the state of one environment holds."""
    place = entered(settings, team, _silence, sandbox)
    with _rendered(team, recorded_ids(settings, team)) as folder:
        return _state(place, folder / "envs" / spec.names.root)


def _state(place: Place, root: Path) -> StateDocument:
    runner = _reader(place)
    runner.init(root)
    return runner.state(root)


def _environment(place: Place, folder: Path, spec: EnvironmentSpec) -> dict[str, Any]:
    state = _state(place, folder / "envs" / spec.names.root)
    outputs = dict(state.outputs.get("environment") or {})
    return {
        "environment": spec.name,
        "project": spec.project,
        "resources": sum(1 for each in state.resources() if each.mode == "managed"),
        "services": {each["name"]: each["uri"] for each in outputs.get("services", {}).values()},
        "registries": list(outputs.get("registries", {}).values()),
        "buckets": list(outputs.get("buckets", {}).values()),
        "accounts": {kind: outputs.get(f"{kind}_service_account") for kind in ("plan", "deploy", "runtime")},
    }


@dataclass(frozen=True, slots=True)
class Preview:
    """What `up` would do to one root, and whether the rules let it pass. The plan holds secrets in clear."""

    root: str
    plan: Plan
    verdict: Verdict
    basis: Basis

    def document(self) -> dict[str, Any]:
        """Return the JSON shape, redacted."""
        return {
            "root": self.root,
            "changes": [change.as_dict() for change in self.plan.redacted().entries],
            "summary": str(self.plan.summary()),
            "empty": self.plan.is_empty,
            "planned": self.basis.document(),
            "verdict": report(self.verdict),
        }


def preview(  # noqa: PLR0913 - one argument per choice, named at the call
    settings: Settings,
    team: Team,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
    *,
    reading: Reading = Reading.STATES,
    ids: RepositoryIds | None = None,
) -> list[Preview]:
    """Return what `up` would change, root by root, each with its verdict. Nothing is made and nothing is locked.

    A root without a state is planned with a local backend, since initialising a remote one would write to it. Where the
    repository does not exist yet, its ids are the preview's. ``reading`` says which states may be looked at. ``ids``
    are those recorded on this machine when not given; ``known_ids`` finds them on any.
    """
    place = entered(settings, team, progress, sandbox, seed=True)
    ids = ids or recorded_ids(settings, team)
    roots = [root for wave in waves(team) for root in wave]
    google = connect_google(place.settings)
    with _rendered(team, ids) as folder, ThreadPoolExecutor(workers()) as pool:
        bases = [basis_of(google, team, root, reading) for root in roots]
        folders = [folder / "envs" / root for root in roots]
        return list(pool.map(lambda root, basis: _previewed(place, team, root, progress, basis), folders, bases))


def _previewed(place: Place, team: Team, root: Path, progress: Progress, basis: Basis) -> Preview:
    spec = next((spec for spec in team.environments if spec.names.root == root.name), None)
    with telling(progress, "plan", root.name) as told:
        runner, file = _reader(place), root / "preview.tfplan"
        basis.prepare(root)
        runner.init(root)
        runner.plan(root, file, refresh=basis.refresh, lock=False)
        planned = runner.show(root, file)
        told.detail = "no changes" if planned.is_empty else str(planned.summary())
    context = PolicyContext(team.platform, team, spec, allow_preview_id=True)
    return Preview(root.name, planned, check(planned, context, team.platform.waivers), basis)


def recorded_facts(settings: Settings, team: Team) -> dict[str, Any] | None:
    """Return what the last run recorded of the team's repository; None when none came that far."""
    artifacts = open_artifacts(settings)
    found = (artifacts.get(run.id, "repository") for run in open_ledger(settings).runs(team.slug))
    return next(filter(None, found), None)


def recorded_ids(settings: Settings, team: Team) -> RepositoryIds:
    """Return the repository's ids where they are known, else the preview's."""
    facts = recorded_facts(settings, team)
    return RepositoryIds(facts["id"], facts["owner_id"]) if facts else RepositoryIds.of_preview()


def known_ids(
    settings: Settings,
    team: Team,
    sandbox: bool | None,  # noqa: FBT001 - three states
    reading: Reading = Reading.STATES,
) -> RepositoryIds:
    """Return the repository's ids as recorded here, else as the state of an environment trusts them, else a preview's.

    A machine that never set the team up, such as a job of CI, knows them from the trust that is in force. ``reading``
    says whose state may be looked at.
    """
    recorded = recorded_ids(settings, team)
    if not recorded.preview or reading is Reading.NOTHING:
        return recorded
    find_terraform(settings)  # without one nothing else is worth asking for
    place = entered(settings, team, _silence, sandbox)
    google = connect_google(place.settings)
    with _rendered(team, recorded) as folder:
        for spec in team.environments:
            if basis_of(google, team, spec.names.root, reading).state:
                found = _trusted(_state(place, folder / "envs" / spec.names.root))
                if found:
                    return found
    return recorded


def _trusted(state: StateDocument) -> RepositoryIds | None:
    for provider in state.resources("google_iam_workload_identity_pool_provider"):
        condition = str(provider.values.get("attribute_condition"))
        repository, owner = _REPOSITORY.search(condition), _OWNER.search(condition)
        if repository and owner:
            return RepositoryIds(repository[1], owner[1])
    return None


def _silence(report: Report) -> None:
    """Say nothing."""


@contextmanager
def _rendered(team: Team, ids: RepositoryIds) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="provision-env-") as folder:
        render(team, ids).write(Path(folder))
        yield Path(folder)


def _reader(place: Place) -> Runner:
    return Runners(find_terraform(place.settings), place.settings, open_ledger(place.settings))("reading", "reading")

"""The platform's own ground as it is, and as the next bootstrap would leave it. Nothing is made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.access import AccessModel, Repository, compare
from provisioner.access.live import from_live, from_policies
from provisioner.bootstrap.access import platform_cases
from provisioner.bootstrap.itself import the_environment
from provisioner.bootstrap.root import platform_tree, scope
from provisioner.bootstrap.rules import RULES
from provisioner.cloud.policies import ProjectTrust
from provisioner.policy import PolicyContext, check
from provisioner.policy.report import document as report
from provisioner.render import RepositoryIds
from provisioner.request.names import PLATFORM_TEAM
from provisioner.request.resolve import Team
from provisioner.runs.progress import Progress, telling
from provisioner.settings import Settings
from provisioner.terraform.plan import Plan
from provisioner.terraform.runner import Runner
from provisioner.terraform.state import StateDocument
from provisioner.wiring import place as places
from provisioner.wiring.bootstrapping import platform_seed
from provisioner.wiring.folders import find_terraform, open_ledger
from provisioner.wiring.observing import recorded_ids
from provisioner.wiring.place import Place, connect_google
from provisioner.wiring.ports import Runners

_LOCAL_BACKEND = 'terraform {\n  backend "local" {}\n}\n'


def is_platform(team: Team) -> bool:
    """Tell whether a team is the platform seen as one."""
    return team.slug == PLATFORM_TEAM


def entered(
    settings: Settings,
    team: Team,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
    *,
    seed: bool = False,
) -> Place:
    """Make this process a client of the place that is meant."""
    return places.entered(settings, team, progress, sandbox, seed=seed, seeding=platform_seed)


def state_of(place: Place, team: Team, ids: RepositoryIds) -> StateDocument:
    """Return what the platform's state holds; nothing is locked."""
    with _rendered(team, ids) as root:
        runner = _reader(place)
        runner.init(root)
        return runner.state(root)


def planned(place: Place, team: Team, ids: RepositoryIds, progress: Progress) -> Plan:
    """Return what a bootstrap would change; before the first one there is neither a state nor a bucket to take in."""
    google = connect_google(place.settings)
    state = team.platform.state
    with _rendered(team, ids) as root, telling(progress, "plan", root.name) as told:
        try:
            if google.describe("google_storage_bucket", {"name": state.bucket, "project": state.project}) is None:
                (root / "imports.tf").unlink()
            if not google.has_object(state.bucket, f"{the_environment(team).names.state_prefix}/default.tfstate"):
                (root / "backend_override.tf").write_text(_LOCAL_BACKEND, encoding="utf-8")
        finally:
            google.close()
        runner, file = _reader(place), root / "preview.tfplan"
        runner.init(root)
        runner.plan(root, file, lock=False)
        found = runner.show(root, file)
        told.detail = "no changes" if found.is_empty else str(found.summary())
        return found


def preview(settings: Settings, team: Team, progress: Progress, sandbox: bool | None) -> dict[str, Any]:  # noqa: FBT001 - three states
    """Return what a bootstrap would change, redacted, with its verdict and what it does to access; nothing is made."""
    ids = recorded_ids(settings, team)
    plan = planned(entered(settings, team, progress, sandbox, seed=True), team, ids, progress)
    context = PolicyContext(team.platform, team, allow_preview_id=True)
    repository = Repository(ids.repository_id, ids.owner_id, team.repository_full_name)
    before, after = AccessModel.from_state(plan.prior_state), AccessModel.from_plan(plan)
    return {
        "team": team.slug,
        "root": the_environment(team).names.root,
        "changes": [change.as_dict() for change in plan.redacted().entries],
        "summary": str(plan.summary()),
        "empty": plan.is_empty,
        "verdict": report(check(plan, context, team.platform.waivers, rules=RULES)),
        "access": compare(before, after, platform_cases(team, repository)).document(),
    }


def live(place: Place, team: Team) -> tuple[AccessModel, ProjectTrust]:
    """Return who is trusted with what right now: in the platform's project, on its bucket, and above all projects.

    ``unread`` of the trust names places whose policy may not be read.
    """
    platform, spec = team.platform, the_environment(team)
    google = connect_google(place.settings)
    try:
        trust = google.trust(spec.project, {spec.region.lower()})
        state = google.bucket_policies(platform.state.bucket, [spec.names.state_prefix])
        above, unread = google.above(scope(team), platform.billing_account)
    finally:
        google.close()
    # The same policy counts in the project, when that lies below; as grants it is what the root made, at its own place.
    known = {each.at for each in above}
    own = tuple(each for each in trust.policies if each.at not in known)
    found = replace(trust, policies=own, unread=tuple(dict.fromkeys((*trust.unread, *unread))))
    grants = tuple(from_policies((*state, *above)))
    return AccessModel.merged([from_live(found), AccessModel(grants=grants)]), found


@contextmanager
def _rendered(team: Team, ids: RepositoryIds) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="provision-env-") as folder:
        platform_tree(team, ids).write(Path(folder))
        yield Path(folder) / "envs" / the_environment(team).names.root


def _reader(place: Place) -> Runner:
    return Runners(find_terraform(place.settings), place.settings, open_ledger(place.settings))("reading", "reading")

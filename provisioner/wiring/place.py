"""The place where a run works: the embedded clouds or the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provisioner.errors import InvalidInput
from provisioner.repository.kinds import PRODUCT, Kind
from provisioner.request.resolve import Team
from provisioner.runs.approval import Approver
from provisioner.runs.interruption import Interruption
from provisioner.runs.ledger import Ledger
from provisioner.runs.progress import Progress, Report, counted, telling
from provisioner.runs.tools import Tools
from provisioner.settings import Settings, adopt
from provisioner.wiring.folders import find_terraform, open_artifacts, open_ledger, sandbox_folder, work_folder
from provisioner.wiring.ports import Proof, Repositories, Rules, Runners
from provisioner.wiring.providers import choose

if TYPE_CHECKING:
    from provisioner.cloud.google import GoogleCloud
    from provisioner.repository.application import AppKey
    from provisioner.repository.github import GitHub
    from provisioner.sandbox.handle import Handle
    from provisioner.sandbox.seed import SeedPlan


class Seeding(Protocol):
    """Says what a sandbox should have before a run."""

    def __call__(self, team: Team, *, projects: bool) -> SeedPlan:
        """Return it; ``projects`` tells whether the team's projects belong to it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run works. ``handle`` is the sandbox's server; None on the real clouds."""

    settings: Settings
    handle: Handle | None


def place_of(settings: Settings, ledger: Ledger, team: str, sandbox: bool | None) -> str:  # noqa: FBT001 - three states
    """Return ``sandbox`` or ``clouds``: what was said, else this shell's sandbox, else what the team used last."""
    if sandbox is not None:
        return "sandbox" if sandbox else "clouds"
    if settings.sandbox is not None:
        return "sandbox"
    latest = next(iter(ledger.runs(team)), None)
    return latest.place if latest else "clouds"


def entered(  # noqa: PLR0913 - as `enter`
    settings: Settings,
    team: Team,
    progress: Progress,
    sandbox: bool | None,  # noqa: FBT001 - three states
    *,
    seed: bool = False,
    seeding: Seeding | None = None,
) -> Place:
    """Make this process a client of the place that is meant, as ``place_of`` finds it."""
    chosen = place_of(settings, open_ledger(settings), team.slug, sandbox)
    return enter(settings, chosen, team, progress, seed=seed, seeding=seeding)


def enter(  # noqa: PLR0913 - one argument per part that the caller owns
    settings: Settings, place: str, team: Team, progress: Progress, *, seed: bool, seeding: Seeding | None = None
) -> Place:
    """Make this process a client of the place; a sandbox is started, and seeded with what the request names.

    ``seeding`` says what that is; see ``seed_plan``, which does where it is not given.
    """
    if place == "clouds":
        return Place(settings, None)
    from provisioner.sandbox.handle import ensure  # noqa: PLC0415 - the real clouds do not pay for it
    from provisioner.sandbox.seed import seed as plant  # noqa: PLC0415

    with telling(progress, "sandbox") as told:
        provider = choose(settings, lambda text: progress(Report("sandbox", "", "note", text)))
        handle = ensure(sandbox_folder(settings))
        entered = adopt(handle.environment(provider.mirror))
        made = plant(handle, (seeding or seed_plan)(team, projects=seed))
        told.detail = f"{handle.state}" + (f", seeded {counted(len(made), 'thing')}" if made else "")
    return Place(entered, handle)


def seed_plan(team: Team, *, projects: bool) -> SeedPlan:
    """Return what platform.yaml and the request take for granted: organisation, people, the state bucket, projects."""
    from provisioner.sandbox.seed import SeedPlan, SeedProject, SeedTeam  # noqa: PLC0415 - as in enter

    platform, request = team.platform, team.request
    reviewers = [reviewer for spec in team.environments for reviewer in spec.reviewers]
    slugs = {part.slug for part in request.repository.teams} | {each.team for each in reviewers if each.team}
    users = {part.user for part in request.repository.collaborators} | {each.user for each in reviewers if each.user}
    wanted = dict.fromkeys([spec.project for spec in team.environments] if projects else [])
    return SeedPlan(
        organisation_id=platform.organisation.id,
        organisation_domain=platform.organisation.domain,
        folder_id=platform.organisation.folder,
        billing_account=platform.billing_account,
        projects=tuple(SeedProject(project) for project in wanted),
        state_bucket=platform.state.bucket,
        state_project=platform.state.project,
        state_location=platform.state.location,
        github_owner=platform.github.owner,
        github_plan=platform.github.plan,
        users=tuple(sorted({*users, *platform.approvers})),
        teams=tuple(SeedTeam(slug, tuple(platform.approvers)) for slug in sorted(slugs)),
    )


def connect_google(settings: Settings) -> GoogleCloud:
    """Return the connection to Google Cloud with the credentials of this process."""
    from provisioner.cloud.google import connect  # noqa: PLC0415 - Google's clients are paid for only where they are used

    clients = settings.clients
    key_file, account = clients.get("GOOGLE_APPLICATION_CREDENTIALS"), clients.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
    return connect(settings.google_token, None if settings.google_token else key_file, account)


def connect_github(settings: Settings, team: Team, kind: Kind = PRODUCT) -> GitHub:
    """Return the connection to the team's GitHub, for repositories of a kind; InvalidInput without App and token."""
    from provisioner.repository.github import connect  # noqa: PLC0415 - PyGithub is paid for only where it is used

    authorities = settings.clients.get("REQUESTS_CA_BUNDLE")
    return connect(
        team.platform.github,
        _github_credential(settings),
        ca_file=Path(authorities) if authorities else None,
        environment={**settings.clients, "PATH": settings.search_path},
        kind=kind,
    )


def _github_credential(settings: Settings) -> str | AppKey:
    from provisioner.repository.application import AppKey  # noqa: PLC0415 - as in connect_github

    if settings.github_app is not None:
        return AppKey(settings.github_app.app_id, settings.github_app.pem())
    if settings.github_token is not None:
        return settings.github_token
    raise InvalidInput(
        "there is no GitHub token, and no App that could make one",
        fix="set PROVISION_ENV_GITHUB_APP_ID and PROVISION_ENV_GITHUB_APP_PRIVATE_KEY_FILE, or GITHUB_TOKEN, or try it "
        "with --sandbox",
        where="GITHUB_TOKEN",
    )


def tools_for(  # noqa: PLR0913, PLR0917 - one argument per part of a run that the caller owns
    place: Place, ledger: Ledger, team: Team, interruption: Interruption, approver: Approver, progress: Progress
) -> Tools:
    """Put together what a run works with."""
    settings = place.settings
    interruption.check()
    return Tools(
        artifacts=open_artifacts(settings),
        ledger=ledger,
        progress=progress,
        approver=approver,
        cloud=connect_google(settings),
        repositories=Repositories(connect_github(settings, team)),
        proof=Proof(place.handle),
        rules=Rules(),
        runner=Runners(find_terraform(settings), settings, ledger),
        work=work_folder(settings, "sandbox" if place.handle else "clouds", team.slug),
    )

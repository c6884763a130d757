"""Names the adapters: the only place that knows which implementation stands behind each port."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.errors import InvalidInput, RefusedByPolicy
from provisioner.policy import PolicyContext, Verdict, check, scan_root
from provisioner.render import modules_version
from provisioner.repository import EnvironmentOutputs, RepositoryFacts, template_version
from provisioner.request.models import Platform
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team
from provisioner.runs.approval import Approver
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.interruption import Interruption
from provisioner.runs.ledger import Ledger
from provisioner.runs.planning import refusal
from provisioner.runs.progress import Progress, telling
from provisioner.runs.tools import Tools
from provisioner.settings import Settings, adopt
from provisioner.terraform.binary import Terraform
from provisioner.terraform.binary import find_terraform as look_for_terraform
from provisioner.terraform.plan import Plan
from provisioner.terraform.runner import Runner

if TYPE_CHECKING:
    from provisioner.repository.github import GitHub

_MOST_WORKERS = 6


def sandbox_folder(settings: Settings) -> Path:
    """Return the state folder of the sandbox: the one this shell is led into, else the user's own."""
    return settings.sandbox or settings.state_folder / "sandbox"


def runs_folder(settings: Settings) -> Path:
    """Return where runs are kept."""
    return settings.state_folder / "runs"


def open_ledger(settings: Settings) -> Ledger:
    """Open the book of runs."""
    return Ledger(runs_folder(settings))


def open_artifacts(settings: Settings) -> Artifacts:
    """Open the store of frozen inputs, plans and receipts."""
    return Artifacts(runs_folder(settings) / "artifacts")


def find_terraform(settings: Settings) -> Terraform:
    """Return the Terraform to use; the error names the ways to get one."""
    return look_for_terraform(settings.terraform, settings.search_path, cache=settings.state_folder / "cache")


def connect_github(settings: Settings, team: Team) -> GitHub:
    """Return the connection to the team's GitHub; InvalidInput when there is no token."""
    from provisioner.repository.github import connect  # noqa: PLC0415 - PyGithub is paid for only where it is used

    if settings.github_token is None:
        raise InvalidInput(
            "there is no GitHub token",
            fix="put an installation token of the provision-env App into GITHUB_TOKEN, or try it with --sandbox",
            where="GITHUB_TOKEN",
        )
    authorities = settings.clients.get("REQUESTS_CA_BUNDLE")
    return connect(
        team.platform.github,
        settings.github_token,
        ca_file=Path(authorities) if authorities else None,
        environment={**settings.clients, "PATH": settings.search_path},
    )


@dataclass(frozen=True, slots=True)
class Runners:
    """Makes a runner per run and root; each notes its processes in the book, so that their locks can be broken."""

    terraform: Terraform
    settings: Settings
    ledger: Ledger

    def __call__(self, run_id: str, root: str) -> Runner:
        """Return a runner with the clients' environment and nothing else."""
        given = {**self.settings.clients, "PATH": self.settings.search_path, "HOME": self.settings.home}
        secrets = tuple(filter(None, (self.settings.google_token, self.settings.github_token)))
        started = partial(self.ledger.record_process, run_id, root)
        return Runner(self.terraform, given, on_started=started, secrets=secrets)


def workers() -> int:
    """Return how many environments are worked on at once: Terraform waits more than it computes."""
    return max(3, min(_MOST_WORKERS, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Repositories:
    """GitHub behind the port of the runs."""

    github: GitHub

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """See the port."""
        return self.github.preflight(team)

    def prepare(self, team: Team) -> RepositoryFacts:
        """See the port."""
        facts = self.github.ensure_repository(team)
        self.github.configure_environments(team)
        return facts

    def publish(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """See the port."""
        done = self.github.publish(team, facts, _typed(outputs))
        what = f"{len(done.written)} settings written" if done.written else "every setting as it should be"
        summary = f"first commit {done.commit[:7]}, {what}" if done.pushed else what
        return {"commit": done.commit, "pushed": done.pushed, "written": list(done.written), "summary": summary}

    def verify(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]
    ) -> list[dict[str, str]]:
        """See the port."""
        found = self.github.verify(team, facts, _typed(outputs))
        return [{"where": each.where, "expected": each.expected, "found": each.found} for each in found]

    def archive(self, team: Team) -> bool:
        """See the port."""
        return self.github.archive(team)


def _typed(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, EnvironmentOutputs]:
    return {name: EnvironmentOutputs.from_output(each["environment"]) for name, each in outputs.items()}


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy behind the port of the runs."""

    def scan(self, root: Path, platform: Platform) -> None:
        """See the port."""
        blocking = tuple(finding for finding in scan_root(root, platform) if finding.blocks)
        if blocking:
            raise RefusedByPolicy(
                f"{root.name} holds source that is not even planned",
                fix="remove it",
                problems=tuple(refusal(each) for each in blocking),
            )

    def check(self, plan: Plan, team: Team, environment: str, *, deletes_confirmed: bool) -> Verdict:
        """See the port."""
        spec = team.environment(environment) if environment else None
        context = PolicyContext(team.platform, team, spec, stateful_deletes_confirmed=deletes_confirmed)
        return check(plan, context, team.platform.waivers)


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


def enter(settings: Settings, place: str, team: Team, progress: Progress, *, seed: bool) -> Place:
    """Make this process a client of the place; a sandbox is started, and seeded with what the request names."""
    if place == "clouds":
        return Place(settings, None)
    from provisioner.sandbox.handle import ensure  # noqa: PLC0415 - the real clouds do not pay for it
    from provisioner.sandbox.seed import seed as plant  # noqa: PLC0415

    with telling(progress, "sandbox") as told:
        handle = ensure(sandbox_folder(settings))
        entered = adopt(handle.environment())
        made = plant(handle, seed_plan(team, projects=seed))
        told.detail = f"{handle.state}" + (f", seeded {len(made)} things" if made else "")
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


def versions(settings: Settings) -> dict[str, str]:
    """Return the versions of what takes part in a run; they belong to its frozen inputs."""
    return {
        "provision-env": importlib.metadata.version("provision-env"),
        "terraform": str(find_terraform(settings)),
        "modules": modules_version(),
        "template": template_version(),
    }


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
        cloud=_cloud(place),
        repositories=Repositories(connect_github(settings, team)),
        proof=_proof(place),
        rules=Rules(),
        runner=Runners(find_terraform(settings), settings, ledger),
        work=settings.state_folder / "work" / ("sandbox" if place.handle else "clouds") / team.slug,
    )


def read_steps(settings: Settings, run_id: str) -> list[dict[str, str]]:
    """Return the durable steps that a run has behind it."""
    from provisioner.runs.engine import engine, steps_of  # noqa: PLC0415 - only this question pays for the engine

    with engine(runs_folder(settings) / "dbos.sqlite3", f"reader-of-{run_id}", {}):
        return steps_of(run_id)

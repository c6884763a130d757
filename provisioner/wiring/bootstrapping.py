"""A bootstrap's own adapters, beside those of every run."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from provisioner.bootstrap.job import PlatformJob
from provisioner.bootstrap.repository import platform_kind
from provisioner.bootstrap.rules import RULES
from provisioner.bootstrap.workflow import bootstrap
from provisioner.policy import PolicyContext, Verdict, check
from provisioner.policy.checkov import checkov_findings
from provisioner.request.resolve import Team
from provisioner.runs.execution import VERBS, Verb
from provisioner.runs.tools import Subject, Tools
from provisioner.settings import Settings
from provisioner.terraform.plan import Plan
from provisioner.wiring.place import Place, connect_github, seed_plan
from provisioner.wiring.ports import Proof, Repositories, Rules

if TYPE_CHECKING:
    from provisioner.access import Case, Repository
    from provisioner.cloud.ground import Ground
    from provisioner.sandbox.seed import SeedPlan

NAME = "bootstrap"


@dataclass(frozen=True, slots=True)
class PlatformRules(Rules):
    """The policy over the platform's own root."""

    def check(self, subject: Subject, plan: Plan, plan_json: Path | None) -> Verdict:
        """See the port."""
        platform = subject.team.platform
        more = checkov_findings(plan_json, plan) if plan_json else ()
        return check(plan, PolicyContext(platform, subject.team), platform.waivers, rules=RULES, more=more)


@dataclass(frozen=True, slots=True)
class PlatformProof(Proof):
    """Access to the toolkit's own identities."""

    def cases(self, team: Team, repository: Repository) -> tuple[Case, ...]:
        """See the port."""
        from provisioner.bootstrap.access import platform_cases  # noqa: PLC0415 - CEL is paid for here only

        return platform_cases(team, repository)


def verbs(settings: Settings) -> Mapping[str, Verb]:
    """Return every verb that a run can have."""
    job = partial(PlatformJob, ground=connect_ground(settings))
    return MappingProxyType({**VERBS, NAME: Verb(bootstrap, job)})


def platform_tools(tools: Tools, place: Place, team: Team) -> Tools:
    """Return a run's tools with the platform's own in place of a team's."""
    kind = platform_kind(team, importlib.metadata.version("provision-env"))
    repositories = Repositories(connect_github(place.settings, team, kind))
    return replace(tools, rules=PlatformRules(), repositories=repositories, proof=PlatformProof(place.handle))


def platform_seed(team: Team, *, projects: bool) -> SeedPlan:
    """Return what a sandbox should have before its bootstrap: all that a team finds, but the state bucket."""
    return replace(seed_plan(team, projects=projects), state_bucket="")


def connect_ground(settings: Settings) -> Ground:
    """Return the connection with which the ground is laid, with the credentials of this process."""
    from provisioner.cloud.ground import Ground  # noqa: PLC0415 - Google's clients are paid for only where they are used
    from provisioner.cloud.session import open_session  # noqa: PLC0415 - likewise

    clients = settings.clients
    file, account = clients.get("GOOGLE_APPLICATION_CREDENTIALS"), clients.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
    return Ground(open_session(settings.google_token, None if settings.google_token else file, account))

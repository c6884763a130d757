"""One sandbox for the folder: its GitHub has an organisation, teams and people, and a token of our App."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from provisioner.repository.github import GitHub
from provisioner.repository.push import Git
from provisioner.repository.tokens import Token
from provisioner.repository.transport import PyGithubTransport, Transport
from provisioner.request.resolve import Team
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedTeam, seed
from tests.template.teams import asked, platform

PEOPLE = ("amina-risk", "jonas", "lena")
TEAMS = (SeedTeam("leads", ("jonas",)), SeedTeam("data-science", ("lena", "amina-risk")))


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox and the ways tests use it."""

    handle: Handle
    environment: dict[str, str]
    numbers: Iterator[int]

    @property
    def token(self) -> str:
        return self.environment["GITHUB_TOKEN"]

    @property
    def owner_token(self) -> str:
        """A token of a person who owns the organisation."""
        return str(self.handle.control("GET", "environment")["github"]["user"])

    def transport(self, token: str | None = None) -> PyGithubTransport:
        return PyGithubTransport(
            platform().github.api_url, token or self.token, self.handle.ca_file, backoff_seconds=0.01
        )

    def github(self, wrap: Callable[[Transport], Transport] | None = None, token: str | None = None) -> GitHub:
        """Return a connection; ``wrap`` stands between it and the network."""
        secret = token or self.token
        transport: Transport = self.transport(secret)
        wrapped = wrap(transport) if wrap else transport
        return GitHub(wrapped, platform().github, Token(secret), Git(secret, self.environment))

    def team(self, **changes: Any) -> Team:
        """Return a team that no other test has."""
        name = f"team-{next(self.numbers)}"
        environments = {"dev": {"project": f"example-{name}-dev"}}
        return asked(**{"team": name, "environments": environments, **changes})

    def rich_team(self) -> Team:
        """Return a team that asks for everything this room does."""
        name = f"team-{next(self.numbers)}"
        stages = {
            "dev": {"project": f"example-{name}-d"},
            "stage": {"project": f"example-{name}-s", "reviewers": [{"team": "leads"}]},
            "prod": {"project": f"example-{name}-p", "reviewers": [{"team": "leads"}, {"user": "amina-risk"}]},
        }
        repository = {
            "topics": ["scoring"],
            "teams": [{"slug": "data-science", "permission": "push"}, {"slug": "leads", "permission": "maintain"}],
            "collaborators": [{"user": "jonas", "permission": "triage"}],
        }
        return asked(team=name, environments=stages, repository=repository)

    def calls(self) -> list[dict[str, Any]]:
        return self.handle.requests()


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    handle = ensure(tmp_path_factory.mktemp("sandbox"), idle_seconds=600)
    settings = platform()
    plan = SeedPlan(
        organisation_id=settings.organisation.id,
        organisation_domain=settings.organisation.domain,
        folder_id=settings.organisation.folder,
        billing_account=settings.billing_account,
        projects=(),
        state_bucket=settings.state.bucket,
        state_project=settings.state.project,
        state_location=settings.state.location,
        github_owner=settings.github.owner,
        github_plan="",
        users=PEOPLE,
        teams=TEAMS,
    )
    seed(handle, plan)
    yield Sandbox(handle, {**os.environ, **handle.environment()}, itertools.count(1))
    handle.stop()


@pytest.fixture(scope="module")
def sandbox(hosted: Sandbox) -> Iterator[Sandbox]:
    """Lead the clients of this process there, as long as a module of this folder runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in hosted.environment.items():
            patch.setenv(name, value)
        yield hosted


@pytest.fixture
def github(sandbox: Sandbox) -> GitHub:
    return sandbox.github()

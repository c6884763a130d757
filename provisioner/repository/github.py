"""The room's door: everything the rest of the product does with GitHub."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from provisioner.errors import Blocked
from provisioner.repository.adoption import Adoption, adopt
from provisioner.repository.api import GitHubApi
from provisioner.repository.application import AppKey, Application
from provisioner.repository.bootstrap import archive, ensure_repository, find_repository, read_facts
from provisioner.repository.errors import GitHubError
from provisioner.repository.facts import Difference, EnvironmentOutputs, PublishResult, RepositoryFacts
from provisioner.repository.inspection import inspect
from provisioner.repository.kinds import PRODUCT, Kind
from provisioner.repository.permits import Permits
from provisioner.repository.preflight import Preflight
from provisioner.repository.publishing import Publisher
from provisioner.repository.push import Git
from provisioner.repository.rules import refuse_rules
from provisioner.repository.setting import Target
from provisioner.repository.tokens import Credential, Token
from provisioner.repository.transport import PyGithubTransport, RenewedToken, Transport
from provisioner.request.platform_parts import GitHubSettings
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team


class GitHubPort(Protocol):
    """What the product needs of a forge. Every call can be repeated; it does what is missing."""

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """Return everything that stands in the way, all at once; changes nothing."""
        ...

    def ensure_repository(self, team: Team) -> RepositoryFacts:
        """Find the team's repository, or make it, empty and marked as ours."""
        ...

    def find_repository(self, team: Team) -> RepositoryFacts | None:
        """Return the team's repository as it is; None when there is none of ours."""
        ...

    def configure_environments(self, team: Team) -> tuple[str, ...]:
        """Give access and make the environments with reviewers and branch policy; return what was written."""
        ...

    def publish(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]) -> PublishResult:
        """Write variables, first commit, default branch and rulesets where they are missing."""
        ...

    def verify(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]
    ) -> tuple[Difference, ...]:
        """Read everything back; an empty result means that all is as it should be."""
        ...

    def archive(self, team: Team) -> bool:
        """Put the repository into the archive; False when there is none of ours."""
        ...


class GitHub:
    """GitHub over its REST API and git."""

    def __init__(
        self, transport: Transport, settings: GitHubSettings, token: Credential, git: Git, kind: Kind = PRODUCT
    ) -> None:
        """``connect`` is the usual way to one; ``kind`` says what its repositories are for."""
        self._kind = kind
        self._api = GitHubApi(transport)
        self._settings = settings
        self._token = token
        self._git = git

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """See ``GitHubPort.preflight``."""
        return Preflight(self._target(team), self._token).problems()

    def ensure_repository(self, team: Team) -> RepositoryFacts:
        """See ``GitHubPort.ensure_repository``."""
        target = self._target(team)
        facts = ensure_repository(target)
        if facts.created:
            refuse_rules(target)
        return facts

    def find_repository(self, team: Team) -> RepositoryFacts | None:
        """See ``GitHubPort.find_repository``."""
        return find_repository(self._target(team))

    def configure_environments(self, team: Team) -> tuple[str, ...]:
        """See ``GitHubPort.configure_environments``."""
        return self._publisher(team, {}).prepare()

    def publish(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]) -> PublishResult:
        """See ``GitHubPort.publish``."""
        return self._publisher(team, outputs).publish(facts)

    def verify(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]
    ) -> tuple[Difference, ...]:
        """See ``GitHubPort.verify``."""
        return self._publisher(team, outputs).verify(facts)

    def inspect(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]
    ) -> tuple[Difference, ...]:
        """Return every difference from what was set up: what a run would mend, and what only people can."""
        found = self.verify(team, facts, outputs) + inspect(self._target(team, outputs), facts)
        return tuple(sorted(set(found)))

    def adopt(self, team: Team, outputs: Mapping[str, EnvironmentOutputs], replace: tuple[str, ...]) -> Adoption:
        """Propose the template's files to a repository with content. Raises Blocked, InvalidInput; see ``adopt``."""
        target = self._target(team, outputs)
        found = self._api.find(target.path)
        lacking = tuple(each.as_error() for each in Permits(target, self._token).problems(found) if each.blocking)
        if lacking:
            raise Blocked("GitHub would not let us propose this", problems=lacking)
        return dataclasses.replace(adopt(target, replace), later=self._later(team, outputs))

    def _later(self, team: Team, outputs: Mapping[str, EnvironmentOutputs]) -> tuple[Difference, ...]:
        """Return what setting up would change; a setting that GitHub does not show is told as that."""
        found = self._api.get(self._target(team).path)
        try:
            rows = self.verify(team, read_facts(found, created=False, empty=False), outputs)
        except GitHubError as problem:
            return (Difference(problem.where, "a setting that can be read", problem.reason),)
        return tuple(row for row in rows if not row.where.startswith("file "))

    def archive(self, team: Team) -> bool:
        """See ``GitHubPort.archive``."""
        return archive(self._target(team))

    def _target(self, team: Team, outputs: Mapping[str, EnvironmentOutputs] | None = None) -> Target:
        return Target(self._api, team, dict(outputs or {}), self._kind)

    def _publisher(self, team: Team, outputs: Mapping[str, EnvironmentOutputs]) -> Publisher:
        app = self._settings.app_slug if self._token.is_installation else None
        return Publisher(self._target(team, outputs), self._git, app)


def connect(
    settings: GitHubSettings,
    token: str | AppKey,
    *,
    ca_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    kind: Kind = PRODUCT,
) -> GitHub:
    """Return a connection; nothing is asked yet. Raises InvalidInput for a key that is none.

    ``token`` is one that works, or the key of our App, which makes its own. ``environment`` is what git may see of the
    process environment (PATH, proxy, certificates); PyGithub takes the proxy from the process itself.
    """
    allowed = dict(environment or {})
    if isinstance(token, str):
        transport = PyGithubTransport(settings.api_url, token, ca_file)
        return GitHub(transport, settings, Token(token), Git(token, allowed), kind)
    token.auth()
    app = Application(token, settings.owner, lambda auth: PyGithubTransport(settings.api_url, auth, ca_file))
    renewed = PyGithubTransport(settings.api_url, RenewedToken(lambda: app.secret), ca_file)
    return GitHub(renewed, settings, app, Git(lambda: app.secret, allowed), kind)

"""The adapters behind the ports of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.errors import RefusedByPolicy
from provisioner.policy import PolicyContext, Verdict, check, check_source
from provisioner.policy.checkov import checkov_findings
from provisioner.repository import EnvironmentOutputs, RepositoryFacts
from provisioner.request.models import Platform
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team
from provisioner.runs.ledger import Ledger
from provisioner.runs.planning import refusal
from provisioner.runs.tools import Subject
from provisioner.settings import Settings
from provisioner.terraform.binary import Terraform
from provisioner.terraform.plan import Plan
from provisioner.terraform.runner import Runner
from provisioner.terraform.state import StateDocument

if TYPE_CHECKING:
    from provisioner.access import AccessMatrix, AccessModel, Case, Repository
    from provisioner.repository.github import GitHub
    from provisioner.sandbox.handle import Handle, JobToken


@dataclass(frozen=True, slots=True)
class Runners:
    """Makes a runner per run and root; each notes in the book which processes it has not seen the end of.

    Only such a process may have left a lock that nobody holds any more.
    """

    terraform: Terraform
    settings: Settings
    ledger: Ledger

    def __call__(self, run_id: str, root: str) -> Runner:
        """Return a runner with the clients' environment and nothing else."""
        given = {**self.settings.clients, "PATH": self.settings.search_path, "HOME": self.settings.home}
        secrets = tuple(filter(None, (self.settings.google_token, self.settings.github_token)))
        started = partial(self.ledger.record_process, run_id, root)
        ended = partial(self.ledger.forget_process, root)
        return Runner(self.terraform, given, on_started=started, on_ended=ended, secrets=secrets)


@dataclass(frozen=True, slots=True)
class Repositories:
    """GitHub behind the port of the runs."""

    github: GitHub

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """See the port."""
        return self.github.preflight(team)

    def find(self, team: Team) -> RepositoryFacts | None:
        """Return the repository as it is; None when there is none of ours."""
        return self.github.find_repository(team)

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
        return [asdict(each) for each in self.github.verify(team, facts, _typed(outputs))]

    def inspect(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]
    ) -> list[dict[str, str]]:
        """Return every difference from what was set up, also what a run does not mend."""
        return [asdict(each) for each in self.github.inspect(team, facts, _typed(outputs))]

    def adopt(self, team: Team, outputs: Mapping[str, Mapping[str, Any]], replace: tuple[str, ...]) -> dict[str, Any]:
        """Propose the template's files to a repository with content."""
        return asdict(self.github.adopt(team, _typed(outputs), replace))

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
        found = check_source(root, PolicyContext(platform), platform.waivers)
        if not found.passed:
            raise RefusedByPolicy(
                f"{root.name} holds source that is not even planned",
                fix="remove it",
                problems=tuple(refusal(each) for each in found.blocking),
            )

    def wants_json(self, platform: Platform) -> bool:
        """See the port: checkov reads files."""
        return platform.require_checkov

    def check(self, subject: Subject, plan: Plan, plan_json: Path | None) -> Verdict:
        """See the port."""
        team = subject.team
        spec = team.environment(subject.environment) if subject.environment else None
        context = PolicyContext(team.platform, team, spec, stateful_deletes_confirmed=subject.deletes_confirmed)
        more = checkov_findings(plan_json, plan) if plan_json else ()
        return check(plan, context, team.platform.waivers, more=more)


@dataclass(frozen=True, slots=True)
class Proof:
    """Access behind the port of the runs: computed everywhere, and executed where jobs can be started at will."""

    handle: Handle | None

    def cases(self, team: Team, repository: Repository) -> tuple[Case, ...]:
        """Return what is asked: every job against every account of the team."""
        from provisioner.access import cases  # noqa: PLC0415 - CEL is paid for here only

        return cases(team, repository)

    def prove(self, team: Team, facts: RepositoryFacts, states: Mapping[str, StateDocument]) -> dict[str, Any]:
        """See the port."""
        from provisioner.access import AccessModel, compute  # noqa: PLC0415 - CEL is paid for here only
        from provisioner.wiring.accessing import repository_of  # noqa: PLC0415

        model = AccessModel.merged(AccessModel.from_state(state) for state in states.values())
        repository = repository_of(team, facts.id, facts.owner_id, facts.full_name)
        matrix = compute(model, self.cases(team, repository))
        if self.handle is not None:
            matrix = self._executed(team, repository, model, matrix)
        matrix.require_right()
        return matrix.document()

    def difference(self, team: Team, facts: RepositoryFacts, plans: Iterable[Plan]) -> dict[str, list[str]]:
        """See the port."""
        from provisioner.wiring.accessing import difference, repository_of  # noqa: PLC0415 - CEL is paid for here only

        repository = repository_of(team, facts.id, facts.owner_id)
        return difference(team, repository, plans, self.cases(team, repository)).document()

    def _executed(self, team: Team, repository: Repository, model: AccessModel, matrix: AccessMatrix) -> AccessMatrix:
        import requests  # noqa: PLC0415 - as above

        from provisioner.access.minting import ActionsMinter  # noqa: PLC0415
        from provisioner.access.prove import Prover  # noqa: PLC0415

        assert self.handle is not None  # noqa: S101 - only called with one
        with requests.Session() as session, self.handle.minting() as mint:
            # Said once: else requests looks for proxies and certificates in the environment before every call.
            session.trust_env = False
            session.proxies = {"https": self.handle.proxy_url}
            session.verify = str(self.handle.ca_file)
            minter = ActionsMinter(partial(_start, mint), session, team.platform.github.oidc_issuer, (repository,))
            return Prover(session, minter, model).prove(matrix)


def _start(mint: Callable[[Mapping[str, str]], JobToken], context: Mapping[str, str]) -> JobToken:
    """Start a job; one of an environment with reviewers counts as reviewed: it is the trust that is tried here."""
    return mint({**context, "reviewed": "true"})

"""The room as the steps of a run see it: JSON documents in and out, so that they can be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from provisioner.repository.facts import EnvironmentOutputs, PublishResult, RepositoryFacts
from provisioner.repository.github import GitHubPort
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team


@dataclass(frozen=True)
class RecordedRepositories:
    """A forge whose results are plain data. ``outputs`` is each environment's Terraform output ``environment``."""

    forge: GitHubPort

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """Return everything that stands in the way."""
        return self.forge.preflight(team)

    def prepare(self, team: Team) -> RepositoryFacts:
        """Find or make the repository, give access, make the environments with their protection."""
        facts = self.forge.ensure_repository(team)
        self.forge.configure_environments(team)
        return facts

    def publish(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Fill the repository; return what was written, the commit, whether it was pushed now, and a summary."""
        result = self.forge.publish(team, facts, _typed(outputs))
        return {
            "written": list(result.written),
            "commit": result.commit,
            "pushed": result.pushed,
            "summary": _summary(result),
        }

    def verify(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]
    ) -> list[dict[str, str]]:
        """Read everything back; return each difference."""
        return [asdict(difference) for difference in self.forge.verify(team, facts, _typed(outputs))]

    def archive(self, team: Team) -> bool:
        """Put the repository into the archive; tell whether there was one."""
        return self.forge.archive(team)


def _summary(result: PublishResult) -> str:
    parts = ["first commit pushed"] if result.pushed else []
    parts += [f"{len(result.written)} settings written"] if result.written else []
    return ", ".join(parts) or "nothing to change"


def _typed(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, EnvironmentOutputs]:
    return {name: EnvironmentOutputs.from_output(value) for name, value in outputs.items()}

"""What the steps of a run need from the other rooms, each behind a small Protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from provisioner.policy import Verdict
from provisioner.repository import RepositoryFacts
from provisioner.request.models import Platform
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team
from provisioner.runs.approval import Approver
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.ledger import Ledger
from provisioner.runs.progress import Progress
from provisioner.terraform.plan import Plan
from provisioner.terraform.port import TerraformPort
from provisioner.terraform.recognition import Lookup
from provisioner.terraform.state import StateDocument


class Cloud(Lookup, Protocol):
    """Google Cloud as preflight and healing see it."""

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """Return everything that would stop the run, and what is worth knowing."""

    def undelete(self, kind: str, name: str) -> None:
        """Bring back a soft-deleted pool, provider or role; ``name`` is the API's full name."""

    def holds_data(self, kind: str, values: Mapping[str, Any]) -> bool:
        """Tell whether a bucket or registry, given as Terraform's type and values, has anything in it."""


class Repositories(Protocol):
    """The team's repository on GitHub."""

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """Return everything that would stop the run, and what is worth knowing."""

    def prepare(self, team: Team) -> RepositoryFacts:
        """Find or create the repository, its people and its environments; change nothing foreign."""

    def publish(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Write variables, first commit, default branch and rulesets; return what was done."""

    def verify(
        self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]
    ) -> list[dict[str, str]]:
        """Read everything back and return each difference."""

    def archive(self, team: Team) -> bool:
        """Make the repository read-only; tell whether there was one to archive."""


class Proof(Protocol):
    """Establishes who reaches which identity."""

    def prove(self, team: Team, facts: RepositoryFacts, states: Mapping[str, StateDocument]) -> dict[str, Any]:
        """Return the access matrix as a document; raises when a row is wrong. ``states`` are by root."""

    def difference(self, team: Team, facts: RepositoryFacts, plans: Iterable[Plan]) -> dict[str, list[str]]:
        """Return what the plans do to access together, in sentences: ``gained`` and ``lost``."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose plan is judged; ``environment`` is empty for a root that serves several."""

    team: Team
    environment: str
    deletes_confirmed: bool


class Rules(Protocol):
    """The policy over a plan."""

    def scan(self, root: Path, platform: Platform) -> None:
        """Raise RefusedByPolicy when a root holds what must not even be planned."""

    def wants_json(self, platform: Platform) -> bool:
        """Tell whether ``check`` needs the plan's JSON as a file (for a scanner that reads files)."""

    def check(self, subject: Subject, plan: Plan, plan_json: Path | None) -> Verdict:
        """Return the verdict, bound to the plan's digest."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything a run works with; wiring puts it together."""

    artifacts: Artifacts
    ledger: Ledger
    progress: Progress
    approver: Approver
    cloud: Cloud
    repositories: Repositories
    proof: Proof
    rules: Rules
    runner: Callable[[str, str], TerraformPort]
    work: Path

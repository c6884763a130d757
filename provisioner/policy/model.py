"""What a check says: findings, the verdict, and the rules that made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from provisioner.policy.view import PlanView
from provisioner.request.models import Platform
from provisioner.request.resolve import EnvironmentSpec, Team


class Severity(StrEnum):
    """How bad a finding is; advice alone lets the change pass."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    ``resource`` is a Terraform address, ``file:line`` for a finding in source text, or ``(plan)`` for something that
    is missing altogether. ``reference`` names the setting of the security baseline or the page it comes from.
    ``waived_by`` is the owner of the waiver that excuses it, empty when none does.
    """

    rule: str
    severity: Severity
    resource: str
    reason: str
    fix: str
    reference: str
    waived_by: str = ""

    @property
    def blocks(self) -> bool:
        """Whether this finding stops the change."""
        return self.severity is not Severity.ADVICE and not self.waived_by


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for exactly one plan file, named by the sha256 of that file."""

    plan_digest: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """True when nothing unwaived blocks."""
        return not any(finding.blocks for finding in self.findings)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop the change."""
        return tuple(finding for finding in self.findings if finding.blocks)


def _today() -> date:
    return datetime.now(tz=UTC).date()


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """What the rules know beside the plan.

    Without a team or an environment (a plan checked by itself, or one that concerns several environments) the rules
    that compare with them fall back to what the baseline itself says, never to silence. ``allow_preview_id`` is for
    plans that nobody will apply: a preview may carry the sentinel repository id. ``stateful_deletes_confirmed`` is
    set once a person typed the team's name for a destroy. ``today`` decides which waivers have expired.
    """

    platform: Platform | None = None
    team: Team | None = None
    environment: EnvironmentSpec | None = None
    allow_preview_id: bool = False
    stateful_deletes_confirmed: bool = False
    today: date = field(default_factory=_today)


Complaint = tuple[str, str]
"""What a rule returns for each problem: the resource it concerns and the reason in one sentence."""

Inspect = Callable[[PlanView, PolicyContext], Iterable[Complaint]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a stable id, one line that says what must hold, the fix, and the function that looks.

    ``setting`` is the number of the setting in the security baseline. ``waivable`` is False where no reason could
    ever make it right.
    """

    id: str
    severity: Severity
    title: str
    fix: str
    setting: int
    inspect: Inspect
    waivable: bool = True

    @property
    def reference(self) -> str:
        """Where the rule comes from, for people."""
        return f"security baseline, setting {self.setting}"

    def findings(self, plan: PlanView, context: PolicyContext) -> Iterator[Finding]:
        """Run the rule and give each complaint the rule's own words around it."""
        for resource, reason in self.inspect(plan, context):
            yield Finding(self.id, self.severity, resource, reason, self.fix, self.reference)

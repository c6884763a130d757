"""Terraform as the runs see it: one Protocol for the real runner and for a fake that behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from provisioner.terraform.diagnostics import Diagnostic
from provisioner.terraform.plan import Plan
from provisioner.terraform.state import StateDocument


@dataclass(frozen=True)
class Timeouts:
    """Longest time of each phase in seconds; ``patience`` is the time between the signals after it."""

    init: float = 300
    plan: float = 900
    show: float = 180
    apply: float = 3600
    state: float = 180
    patience: float = 300


@dataclass(frozen=True)
class PlanResult:
    """A saved plan: whether it changes anything (outputs included), its file and the SHA-256 (hex) of that file."""

    changes: bool
    file: Path
    digest: str
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class ApplyResult:
    """What an apply left: the outputs of the root that are not sensitive, and its warnings.

    ``complete`` is false when Terraform says that the plan covered only a part of the root.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True


class TerraformPort(Protocol):
    """What one root can be asked. All paths are absolute; all errors are those of ``terraform.errors``."""

    def init(self, root: Path) -> bool:
        """Initialise the folder; false when it was initialised already and nothing had to be done."""

    def plan(  # noqa: PLR0913 - one switch for each option of Terraform's
        self,
        root: Path,
        out: Path,
        *,
        destroy: bool = False,
        refresh_only: bool = False,
        refresh: bool = True,
        lock: bool = True,
    ) -> PlanResult:
        """Save a plan, readable by the owner only. Raises StateLocked, TerraformFailed."""

    def show(self, root: Path, plan_file: Path, *, keep: Path | None = None) -> Plan:
        """Read a saved plan; its digest is that of the file. ``keep`` is where its JSON goes too, privately."""

    def apply(self, root: Path, plan_file: Path, sha256: str) -> ApplyResult:
        """Apply exactly the saved plan with this digest.

        Raises PlanFileRefused before anything is started when the file is another one, StalePlan when the state
        moved on, StateLocked, TerraformFailed.
        """

    def outputs(self, root: Path) -> dict[str, Any]:
        """Return all outputs in the state, the sensitive ones in clear."""

    def state(self, root: Path) -> StateDocument:
        """Return the state, in clear."""

    def force_unlock(self, root: Path, lock_id: str) -> None:
        """Break one lock. Raises StaleLock when another one, or none, is held."""

    def untaint(self, root: Path, address: str) -> None:
        """Take the mark from a resource that would be replaced."""

    def state_push(self, root: Path, file: Path, *, lock: bool = True) -> None:
        """Put a state file where the backend keeps it; refused when it is older or of another lineage."""

    def interrupt(self) -> None:
        """Ask what runs to stop: gently the first time, urgently the second."""

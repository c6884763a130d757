"""What can go wrong with Terraform, told apart because each is answered differently.

ProvisionError
+-- TerraformFailed        a command ended with an error; carries the diagnostics
|   +-- StalePlan          the state moved on since the plan: plan again
|   +-- StaleLock          the lock to break is gone or is another one
|   +-- InitRequired       the working folder is not initialised for this root
|   +-- TerraformTimeout   a phase took longer than allowed and was stopped
+-- PlanFileRefused        the plan file is not the approved one
LockedByAnotherRun
+-- StateLocked            the state lock is held; carries the parsed Lock Info
InvalidInput
+-- TerraformMissing       no usable Terraform on this machine
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from provisioner.errors import InvalidInput, LockedByAnotherRun, ProvisionError
from provisioner.terraform.diagnostics import Diagnostic


class TerraformMissing(InvalidInput):
    """No Terraform was found, or only one that is too old."""


class PlanFileRefused(ProvisionError):
    """The plan file is missing or is not the one that was approved; Terraform was not started."""


class TerraformFailed(ProvisionError):
    """A Terraform command failed; ``diagnostics`` holds all that it said, redacted."""

    def __init__(
        self, reason: str, *, fix: str = "", where: str = "", diagnostics: tuple[Diagnostic, ...] = ()
    ) -> None:
        """Keep the diagnostics for healing."""
        super().__init__(reason, fix=fix, where=where)
        self.diagnostics = diagnostics


class StalePlan(TerraformFailed):
    """The saved plan no longer fits the state."""


class StaleLock(TerraformFailed):
    """The lock to be broken is not the one that is held now."""


class InitRequired(TerraformFailed):
    """The working folder is not initialised, or for another backend, module set or provider set."""


class TerraformTimeout(TerraformFailed):
    """A phase ran out of time; ``killed`` is true when it had to be ended the hard way (a lock may be left)."""

    def __init__(
        self, reason: str, *, fix: str = "", where: str = "", diagnostics: tuple[Diagnostic, ...] = (), killed: bool
    ) -> None:
        """Keep how it ended."""
        super().__init__(reason, fix=fix, where=where, diagnostics=diagnostics)
        self.killed = killed


@dataclass(frozen=True)
class LockInfo:
    """Terraform's Lock Info as it prints it; all fields as text, empty when not printed.

    For the gcs backend ``id`` is the generation of the lock object, which ``force-unlock`` wants.
    """

    id: str
    path: str = ""
    operation: str = ""
    who: str = ""
    version: str = ""
    created: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it as a JSON document."""
        return asdict(self)


class StateLocked(LockedByAnotherRun):
    """The state is locked; ``info`` is None when Terraform could not say by whom."""

    def __init__(self, reason: str, *, fix: str = "", where: str = "", info: LockInfo | None = None) -> None:
        """Keep who holds it."""
        super().__init__(reason, fix=fix, where=where)
        self.info = info

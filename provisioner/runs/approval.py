"""Who agrees to a change before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RootChange:
    """What a plan does to one root: counts, the plan's digest, and the redacted changes line by line."""

    root: str
    digest: str
    add: int
    change: int
    destroy: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What has to be agreed to; ``again`` when the changes differ from what was agreed before.

    ``access`` says in sentences who reaches or may do more (``+ …``) or less (``- …``) afterwards.
    """

    verb: str
    team: str
    changes: tuple[RootChange, ...]
    again: bool = False
    access: tuple[str, ...] = ()


class Approver(Protocol):
    """Asks somebody."""

    def __call__(self, request: ApprovalRequest) -> str:
        """Return who approved; raises NeedsApproval when nobody did."""

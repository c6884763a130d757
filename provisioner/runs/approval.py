"""Who agrees to a change before it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from provisioner.terraform.changes import ChangeSet


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
    ``sets`` are the redacted changes by root, read only when asked for; ``ids`` the numbers of the repository and its
    owner that stand in them.
    """

    verb: str
    team: str
    changes: tuple[RootChange, ...]
    again: bool = False
    access: tuple[str, ...] = ()
    sets: Callable[[], Mapping[str, ChangeSet]] = dict
    ids: tuple[str, ...] = ()


class Approver(Protocol):
    """Asks somebody."""

    def __call__(self, request: ApprovalRequest) -> str:
        """Return who approved; raises NeedsApproval when nobody did."""

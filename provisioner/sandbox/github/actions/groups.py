"""Concurrency groups: one run or job at work, one waiting; the newest to wait replaces the one before.

https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provisioner.sandbox.store import Transaction

_GROUPS = "github/concurrency"
Cancel = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place in a group for ``member`` (``run/<id>`` or ``job/<run>/<job>``)."""

    group: str
    member: str
    cancel_in_progress: bool


def wanted_of(section: object, member: str) -> Wanted | None:
    """Read an evaluated ``concurrency`` section; None where there is none."""
    if isinstance(section, dict):
        name, cancels = section.get("group"), section.get("cancel-in-progress", False)
        return Wanted(str(name), member, cancels is True or str(cancels) == "true") if name else None
    return Wanted(str(section), member, cancel_in_progress=False) if section else None


def enter(tx: Transaction, repo_id: int, wanted: Wanted, cancel: Cancel) -> bool:
    """Take a place; True when it is the one at work. ``cancel`` is called for members who have to go."""
    key = f"{repo_id}/{wanted.group.lower()}"
    held = tx.get(_GROUPS, key) or {"holder": "", "pending": ""}
    if held["holder"] in {"", wanted.member}:
        tx.put(_GROUPS, key, held | {"holder": wanted.member})
        return True
    if held["pending"] == wanted.member:
        return False
    replaced = held["pending"]
    tx.put(_GROUPS, key, held | {"pending": wanted.member})
    if replaced:
        cancel(replaced)
    if wanted.cancel_in_progress:
        cancel(held["holder"])
        held = tx.get(_GROUPS, key) or {}
        return bool(held.get("holder") == wanted.member)
    return False


def leave(tx: Transaction, repo_id: int, group: str, member: str) -> None:
    """Give a place up; whoever waits takes it."""
    key = f"{repo_id}/{group.lower()}"
    held = tx.get(_GROUPS, key) or {"holder": "", "pending": ""}
    if held["pending"] == member:
        held["pending"] = ""
    if held["holder"] == member:
        held = {"holder": held["pending"], "pending": ""}
    if held["holder"]:
        tx.put(_GROUPS, key, held)
    else:
        tx.delete(_GROUPS, key)

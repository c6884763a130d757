"""What a failure left behind, and what mends it.

Nothing here touches the world: what Terraform said, the last plan, the names of the files in the root and a lookup
go in, remedies come out, in the order in which they must be done. What cannot be mended is explained.
The list of what the google provider leaves behind was measured with 7.45 and Terraform 1.11.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from provisioner.terraform.changes import ResourceChange
from provisioner.terraform.diagnostics import Diagnostic
from provisioner.terraform.errors import LockInfo
from provisioner.terraform.plan import Plan
from provisioner.terraform.recognition import KINDS, Lookup, import_id, is_ours
from provisioner.terraform.state import StateDocument

ERRORED_STATE = "errored.tfstate"
_LOOKUPS_AT_ONCE = 8


@dataclass(frozen=True)
class PushErroredState:
    """A state that could not be saved lies in the root: push it before anything else, under the lease.

    A lock of the same dead run may still be held: it keeps others out meanwhile, so push with ``lock=False`` and
    break it afterwards.
    """

    path: str


@dataclass(frozen=True)
class UnlockDead:
    """Break the lock of a process that is known dead."""

    lock_id: str
    info: LockInfo


@dataclass(frozen=True)
class Undelete:
    """Bring back a soft-deleted pool, provider or role; ``name`` is the API's full name."""

    kind: str
    name: str


@dataclass(frozen=True)
class ImportExisting:
    """It exists and is ours, but the state does not know it: write an import block."""

    address: str
    id: str


@dataclass(frozen=True)
class Untaint:
    """It is marked for replacement but protected from destruction: take the mark away."""

    address: str


@dataclass(frozen=True)
class Replan:
    """Nothing is broken: plan again."""

    reason: str


@dataclass(frozen=True)
class Explain:
    """Only a person can mend this."""

    text: str
    fix: str = ""
    address: str = ""


Remedy = PushErroredState | UnlockDead | Undelete | ImportExisting | Untaint | Replan | Explain
_ORDER = (PushErroredState, UnlockDead, Undelete, ImportExisting, Untaint, Replan, Explain)


@dataclass(frozen=True)
class Situation:
    """What is known when something failed: the plan that was applied, the state now, how to ask the cloud."""

    plan: Plan
    state: StateDocument
    lookup: Lookup


def diagnose(
    diagnostics: Iterable[Diagnostic], situation: Situation, root_files: Collection[str] = ()
) -> tuple[Remedy, ...]:
    """Return the remedies for a failed plan or apply, each once, in the order to do them.

    ``root_files`` are names of the files in the root. An error that is not recognised becomes an Explain.
    """
    found: list[Remedy] = [*left_in(root_files)]
    for each in diagnostics:
        if each.is_error and not each.summary.startswith(_CONSEQUENCES):
            found += _recognise(each, situation)
    return _in_order(found)


def left_in(root_files: Collection[str]) -> tuple[Remedy, ...]:
    """Return the remedy for a state that a dead run could not save."""
    return (PushErroredState(ERRORED_STATE),) if ERRORED_STATE in root_files else ()


def unlock(info: LockInfo | None, is_dead: Callable[[LockInfo], bool]) -> Remedy:
    """Return the remedy for a held lock; it is broken only when ``is_dead`` knows that its holder is."""
    if info is None:
        return Explain("the state is locked and Terraform could not say by whom", fix="look at the state bucket")
    if is_dead(info):
        return UnlockDead(info.id, info)
    return Explain(
        f"the state is locked by {info.who} since {info.created} ({info.operation})",
        fix=f"wait for it, or when that process is dead: terraform force-unlock {info.id}",
    )


def unsaved(plan: Plan, lookup: Lookup) -> tuple[Remedy, ...]:
    """Return the remedies after a run that was killed: what it made since the last saved state exists already.

    Every resource that the plan wants to create is looked up. For budgets and notification channels this is the only
    chance: creating them again succeeds and leaves a silent duplicate.
    """
    creates = [change for change in plan.managed(*KINDS) if change.actions == ("create",) and not change.importing]
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE) as pool:
        found = pool.map(lambda change: _existing(change, plan, lookup), creates)
        return _in_order([remedy for remedies in found for remedy in remedies])


def soft_deleted(state: StateDocument) -> tuple[Remedy, ...]:
    """Return the remedies for what somebody deleted outside while the state still holds it.

    Pools and providers have ``state`` DELETED then, roles ``deleted``; Terraform plans nothing for them.
    """
    gone = (
        each for each in state.resources() if _is_soft_deleted(each.values.get("state"), each.values.get("deleted"))
    )
    return _in_order([Undelete(each.type, str(each.values.get("name") or each.values.get("id"))) for each in gone])


def _recognise(each: Diagnostic, situation: Situation) -> tuple[Remedy, ...]:
    for pattern, remedy in _RECOGNISERS:
        if pattern.search(each.text):
            found = remedy(each, situation)
            if found:
                return found
    return (Explain(each.text, address=each.address),)


def _exists(each: Diagnostic, situation: Situation) -> tuple[Remedy, ...]:
    change = situation.plan.find(each.address)
    return _existing(change, situation.plan, situation.lookup) if change else ()


def _existing(change: ResourceChange, plan: Plan, lookup: Lookup) -> tuple[Remedy, ...]:
    if change.type not in KINDS:
        return ()
    existing = lookup.describe(change.type, change.after or {})
    if existing is None:
        return ()
    imported = import_id(change, existing)
    if imported is None or not is_ours(change, existing, plan):
        return (_foreign(change, existing.name),)
    brought_back = (Undelete(change.type, existing.name),) if existing.deleted else ()
    return (*brought_back, ImportExisting(change.address, imported))


def _foreign(change: ResourceChange, name: str) -> Explain:
    return Explain(
        f"{name} exists already and does not carry this environment's labels or description",
        fix="delete or rename it, or choose another name in the request; it is not taken over",
        address=change.address,
    )


def _tainted(each: Diagnostic, situation: Situation) -> tuple[Remedy, ...]:
    held = situation.state.find(each.address)
    return (Untaint(each.address),) if held and held.tainted else ()


def _credentials(each: Diagnostic, _: Situation) -> tuple[Remedy, ...]:
    return (
        Explain(each.text, fix="get fresh credentials: gcloud auth application-default login", address=each.address),
    )


def _denied(each: Diagnostic, _: Situation) -> tuple[Remedy, ...]:
    fix = "ask for the permission that is named, then run the same command again"
    return (Explain(each.text, fix=fix, address=each.address),)


def _lost(each: Diagnostic, situation: Situation) -> tuple[Remedy, ...]:
    """Import what was made although the answer did not arrive, before a second create fails or makes a double."""
    return _exists(each, situation) or (Replan(each.summary),)


def _passing(each: Diagnostic, _: Situation) -> tuple[Remedy, ...]:
    return (Replan(each.summary),)


_CONSEQUENCES = ("execution halted", "Error releasing the state lock")

_LOST_ANSWER = r"\bError 409\b|already ?exists|inconsistent result after apply"
_PROTECTED = r"cannot destroy .* without setting deletion_protection"
_NO_CREDENTIALS = r"\bError 401\b|invalid_grant|invalid credentials|UNAUTHENTICATED|could not find default credentials"
_OVERTAKEN = r"saved plan is stale|too many conflicts|concurrent policy changes"
_BUSY = r"\bError (429|500|502|503|504)\b|connection reset|\bEOF\b|i/o timeout|RESOURCE_EXHAUSTED"
_DENIED = r"\bError 403\b|PERMISSION_DENIED"

_Recogniser = Callable[[Diagnostic, Situation], tuple[Remedy, ...]]
_RECOGNISERS: tuple[tuple[re.Pattern[str], _Recogniser], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), remedy)
    for pattern, remedy in (
        (_LOST_ANSWER, _exists),
        (_PROTECTED, _tainted),
        (_NO_CREDENTIALS, _credentials),
        (_OVERTAKEN, _passing),
        (_BUSY, _lost),
        (_DENIED, _denied),
    )
)


def _is_soft_deleted(state: object, deleted: object) -> bool:
    return state == "DELETED" or deleted is True


def _in_order(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    return tuple(sorted(dict.fromkeys(remedies), key=lambda remedy: _ORDER.index(type(remedy))))

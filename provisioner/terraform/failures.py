"""Telling Terraform's failures apart by what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from provisioner.errors import ProvisionError
from provisioner.terraform.diagnostics import Diagnostic
from provisioner.terraform.errors import InitRequired, LockInfo, StaleLock, StalePlan, StateLocked, TerraformFailed

_STALE = ("Saved plan is stale", "Saved plan does not match the given state")
_LOCKED = "Error acquiring the state lock"
_NOT_LOCKED = re.compile(
    r"LocalState not locked|Lock ID .* does not match|lock id .* does not match|Failed to unlock state"
)
_UNINITIALISED = re.compile(
    r"Backend initialization required|Backend configuration (changed|block has changed)|Module not installed"
    r"|Required plugins are not installed|Inconsistent dependency lock file|Missing required provider"
    r"|Initialization required|Module source has changed|Module version requirements have changed"
)
_LOCK_FIELD = re.compile(r"^\s*(ID|Path|Operation|Who|Version|Created):[ \t]*(.*?)\s*$", re.MULTILINE)


def failure(command: str, root: str, diagnostics: tuple[Diagnostic, ...]) -> ProvisionError:
    """Return the error that a failed command stands for; ``root`` is shown as the place."""
    errors = tuple(each for each in diagnostics if each.is_error)
    for each in errors:
        known = _known(each, root, diagnostics)
        if known:
            return known
    return TerraformFailed(
        f"terraform {command} failed: {_told(errors)}",
        fix="mend the cause and run the same command again: it resumes where it stopped",
        where=_first_place(errors) or root,
        diagnostics=diagnostics,
    )


def lock_info(text: str) -> LockInfo | None:
    """Read the ``Lock Info`` that Terraform prints; None when there is none."""
    fields = {name.lower(): value for name, value in _LOCK_FIELD.findall(text)}
    return LockInfo(**fields) if fields.get("id") else None


def _known(each: Diagnostic, root: str, diagnostics: tuple[Diagnostic, ...]) -> ProvisionError | None:
    if each.summary == _LOCKED:
        return _locked(each, root)
    if each.summary in _STALE:
        return StalePlan(
            "the saved plan is stale: the state has moved on", fix="plan again", where=root, diagnostics=diagnostics
        )
    if _UNINITIALISED.search(each.summary):
        return InitRequired(each.summary, fix="run init", where=root, diagnostics=diagnostics)
    if _NOT_LOCKED.search(each.text):
        return StaleLock(
            each.text, fix="look at the lock again: it is gone or another one", where=root, diagnostics=diagnostics
        )
    return None


def _locked(each: Diagnostic, root: str) -> StateLocked:
    info = lock_info(each.detail)
    if info is None:
        return StateLocked(f"the state cannot be locked: {each.detail.partition(chr(10))[0]}", where=root)
    return StateLocked(
        f"the state is locked by {info.who or 'somebody'} since {info.created or 'an unknown time'} ({info.operation})",
        fix=f"wait for it; if that process is dead: provision-env locks break {PurePath(root).name} "
        f"(elsewhere: terraform force-unlock {info.id})",
        where=root,
        info=info,
    )


def _told(errors: Iterable[Diagnostic]) -> str:
    texts = [f"{each.address}: {each.text}" if each.address else each.text for each in errors]
    return "\n".join(dict.fromkeys(texts)) or "it gave no reason"


def _first_place(errors: Iterable[Diagnostic]) -> str:
    return next((each.address or each.where for each in errors if each.address or each.where), "")

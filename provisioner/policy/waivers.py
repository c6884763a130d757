"""Waivers: one rule, one resource, an owner, a reason, a last day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from provisioner.policy.model import Finding, Severity
from provisioner.request.platform_parts import Waiver

_NAMES_A_TYPE = re.compile(r"(^|\.)google_[a-z0-9_]+\.[^*]")
_REFERENCE = "security baseline, waivers"


@dataclass(frozen=True, slots=True)
class Waiving:
    """Findings after the waivers were applied, and what is wrong with the waivers themselves."""

    findings: tuple[Finding, ...]
    about_waivers: tuple[Finding, ...]


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], today: date, waivable: Callable[[str], bool | None]
) -> Waiving:
    """Excuse what a good waiver names.

    ``waivable`` tells of a rule id whether it may be waived at all, None of one that is not known. A waiver that has
    expired, names no known rule, a rule that cannot be waived or a resource too broadly excuses nothing and is a
    finding itself. One that is merely unused is advice: the same list serves many teams' plans, and no single plan can
    tell.
    """
    complaints = tuple(_complaint(waiver, today, waivable) for waiver in waivers)
    good = tuple(waiver for waiver, complaint in zip(waivers, complaints, strict=True) if complaint is None)
    excused = tuple(_excuse(finding, good) for finding in findings)
    unused = (_finding("PE-WAIVER-004", w, "excuses nothing here", _UNUSED) for w in good if not _used(w, findings))
    return Waiving(excused, (*(complaint for complaint in complaints if complaint), *unused))


def _excuse(finding: Finding, waivers: Sequence[Waiver]) -> Finding:
    owner = next((waiver.owner for waiver in waivers if _matches(waiver, finding)), "")
    return replace(finding, waived_by=owner) if owner else finding


def _used(waiver: Waiver, findings: Sequence[Finding]) -> bool:
    return any(_matches(waiver, finding) for finding in findings)


def _matches(waiver: Waiver, finding: Finding) -> bool:
    """Match the address; only ``*`` is special, so that the brackets of ``for_each`` keys mean themselves."""
    pattern = waiver.resource.replace("[", "[[]").replace("?", "[?]")
    return waiver.rule == finding.rule and fnmatchcase(finding.resource, pattern)


def _complaint(waiver: Waiver, today: date, waivable: Callable[[str], bool | None]) -> Finding | None:
    allowed = waivable(waiver.rule)
    if allowed is None:
        return _finding("PE-WAIVER-001", waiver, "names no rule that exists", "use an id of `provision-env rules list`")
    if not allowed:
        return _finding("PE-WAIVER-001", waiver, "names a rule that nothing can excuse", "mend the cause instead")
    if waiver.expires < today:
        return _finding("PE-WAIVER-002", waiver, f"expired on {waiver.expires}", "remove it, or agree on a new day")
    if _too_broad(waiver.resource):
        return _finding("PE-WAIVER-003", waiver, "covers more than one kind of resource", _TOO_BROAD)
    return None


_TOO_BROAD = "write the type and the name, such as module.*.google_storage_bucket.this"
_UNUSED = "remove it if no team needs it any more"


def _too_broad(resource: str) -> bool:
    return "*" in resource and not _NAMES_A_TYPE.search(resource)


def _finding(rule: str, waiver: Waiver, reason: str, fix: str) -> Finding:
    severity = Severity.ADVICE if rule == "PE-WAIVER-004" else Severity.HIGH
    where = f"waiver of {waiver.rule} for {waiver.resource}"
    return Finding(rule, severity, where, f"the waiver of {waiver.owner} {reason}", fix, _REFERENCE)


def titles() -> Iterator[tuple[str, str]]:
    """Yield the ids of findings about waivers with what each means."""
    yield "PE-WAIVER-001", "A waiver names a rule that exists and may be waived"
    yield "PE-WAIVER-002", "A waiver has not expired"
    yield "PE-WAIVER-003", "A waiver names one kind of resource"
    yield "PE-WAIVER-004", "A waiver is used (advice)"
    yield "PE-WAIVER-005", "A rule that is switched off exists, and may be"

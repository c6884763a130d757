"""A verdict as a document and as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from provisioner.policy.model import Finding, Severity, Verdict

SCHEMA_VERSION = 1
_ORDER = tuple(Severity)


def document(verdict: Verdict) -> dict[str, Any]:
    """Return the JSON shape.

    ``schema_version`` 1; ``passed``; ``plan_digest`` (sha256 of the plan file, empty for plan JSON or source);
    ``counts`` by severity of what blocks, plus ``waived`` and ``advice``; ``findings``, worst first, each with
    rule, severity, resource, reason, fix, reference, waived_by, blocks.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "passed": verdict.passed,
        "plan_digest": verdict.plan_digest,
        "counts": counts(verdict),
        "findings": [asdict(finding) | {"blocks": finding.blocks} for finding in ordered(verdict)],
    }


def counts(verdict: Verdict) -> dict[str, int]:
    """Count what blocks by severity, what was waived and what is advice."""
    found = Counter(finding.severity.value for finding in verdict.blocking)
    waived = sum(1 for finding in verdict.findings if finding.waived_by)
    advice = sum(1 for f in verdict.findings if f.severity is Severity.ADVICE and not f.waived_by)
    return {s.value: found[s.value] for s in _ORDER if s is not Severity.ADVICE} | {"waived": waived, "advice": advice}


def ordered(verdict: Verdict) -> tuple[Finding, ...]:
    """Return the findings: blocking ones first, the worst of them first, then by rule and resource."""
    return tuple(sorted(verdict.findings, key=lambda f: (not f.blocks, _ORDER.index(f.severity), f.rule, f.resource)))


def text(verdict: Verdict) -> str:
    """Return the report for a terminal without colours; ends in a newline."""
    return "\n".join((*_lines(verdict), _summary(verdict), ""))


def _lines(verdict: Verdict) -> Iterator[str]:
    for finding in ordered(verdict):
        state = f"waived by {finding.waived_by}" if finding.waived_by else finding.severity.value
        yield f"{finding.rule}  {state}  {finding.resource}"
        yield f"    {finding.reason}"
        if finding.blocks:
            yield f"    {finding.fix}  [{finding.reference}]"


def _summary(verdict: Verdict) -> str:
    found = ", ".join(f"{number} {name}" for name, number in counts(verdict).items() if number)
    return f"{'passed' if verdict.passed else 'refused'}{f': {found}' if found else ''}"

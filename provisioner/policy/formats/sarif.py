"""SARIF 2.1.0, as GitHub's code scanning reads it.

Facts: OASIS SARIF 2.1.0; GitHub's page "SARIF support for code scanning": ``security-severity`` is a text from 0.0 to
10.0, ``partialFingerprints`` tell that a finding is the same as the last one, suppressed results are not shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from provisioner.policy.catalogue import explanations
from provisioner.policy.model import Finding, Severity, Verdict
from provisioner.policy.report import ordered
from provisioner.policy.source.places import Place, Places

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.ADVICE: "note"}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.ADVICE: "2.0"}


def sarif(verdict: Verdict, places: Places, version: str) -> dict[str, Any]:
    """Return one log with one run; ``version`` is that of the tool. Waived findings are suppressed, not left out."""
    found = ordered(verdict)
    rules = list(dict.fromkeys(finding.rule for finding in found))
    driver = {
        "name": "provision-env",
        "semanticVersion": version,
        "rules": [_rule(rule, found) for rule in rules],
    }
    results = [_result(finding, rules.index(finding.rule), places.of(finding.resource)) for finding in found]
    run = {
        "tool": {"driver": driver},
        "results": results,
        "columnKind": "utf16CodeUnits",
        "automationDetails": {"id": "provision-env/check/"},
        "properties": {"passed": verdict.passed, "planDigest": verdict.plan_digest},
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: str, found: Sequence[Finding]) -> dict[str, Any]:
    example = next(finding for finding in found if finding.rule == rule)
    title = next((each.title for each in explanations() if each.id == rule), example.reason)
    return {
        "id": rule,
        "name": rule.replace("-", ""),
        "shortDescription": {"text": title},
        "help": {"text": f"{example.fix}. {example.reference}."},
        "defaultConfiguration": {"level": _LEVELS[example.severity]},
        "properties": {"security-severity": _SCORES[example.severity], "tags": ["security", "terraform"]},
    }


def _result(finding: Finding, index: int, place: Place) -> dict[str, Any]:
    location = {
        "physicalLocation": {"artifactLocation": {"uri": place.file}, "region": {"startLine": place.line}},
        "logicalLocations": [{"fullyQualifiedName": finding.resource, "kind": "resource"}],
    }
    waived = {"kind": "external", "status": "accepted", "justification": f"waived by {finding.waived_by}"}
    identity = hashlib.sha256(f"{finding.rule}\n{finding.resource}".encode()).hexdigest()
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.resource}: {finding.reason}. To mend it: {finding.fix}."},
        "locations": [location],
        "partialFingerprints": {"ruleAndResource/v1": identity},
        "suppressions": [waived] if finding.waived_by else [],
    }

"""Rules over a plan and over source text; the verdict decides whether a saved plan may be applied."""

from __future__ import annotations

from provisioner.policy.catalogue import Explanation, explain, explanations
from provisioner.policy.documents import check_source, consistent, read_document
from provisioner.policy.engine import check
from provisioner.policy.model import Finding, PolicyContext, Rule, Severity, Verdict
from provisioner.policy.rules import RULES
from provisioner.policy.source.scan import scan_root

__all__ = [
    "RULES",
    "Explanation",
    "Finding",
    "PolicyContext",
    "Rule",
    "Severity",
    "Verdict",
    "check",
    "check_source",
    "consistent",
    "explain",
    "explanations",
    "read_document",
    "scan_root",
]

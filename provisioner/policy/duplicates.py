"""One problem, one finding: what checkov says of a resource goes where a rule of ours has said it."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from provisioner.policy.model import Finding

SAME = MappingProxyType(
    {
        "CKV_GCP_28": ("PE-IAM-004",),
        "CKV_GCP_29": ("PE-GCS-001",),
        "CKV_GCP_41": ("PE-IAM-003",),
        "CKV_GCP_42": ("PE-IAM-002", "PE-IAM-005"),
        "CKV_GCP_46": ("PE-IAM-005",),
        "CKV_GCP_49": ("PE-IAM-002", "PE-IAM-003", "PE-IAM-005"),
        "CKV_GCP_78": ("PE-GCS-003",),
        "CKV_GCP_101": ("PE-AR-004", "PE-IAM-004"),
        "CKV_GCP_114": ("PE-GCS-002",),
        "CKV_GCP_117": ("PE-IAM-002",),
        "CKV_GCP_118": ("PE-WIF-003",),
    }
)
"""checkov's check -> our rules that complain about the same thing, in better words."""


def without_duplicates(ours: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return ``others`` without what one of ``ours`` says about the same resource.

    Only a finding that was made takes another away: where our rule is silent or switched off, checkov is heard.
    """
    said = {(finding.rule, finding.resource) for finding in ours}
    return tuple(f for f in others if not any((rule, f.resource) in said for rule in SAME.get(f.rule, ())))

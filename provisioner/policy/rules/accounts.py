"""Service accounts: no keys, and the default ones without power."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import PlanView

DEFAULTS = "google_project_default_service_accounts"


def _no_keys(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for key in plan.of("google_service_account_key", "google_storage_hmac_key"):
        yield key.address, "a key that does not expire would lie in the state and on somebody's disk"


def _defaults_without_power(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    found = tuple(plan.of(DEFAULTS))
    for resource in found:
        if resource.get("action") not in {"DEPRIVILEGE", "DISABLE"}:
            yield resource.address, "leaves the default service accounts their roles/editor"
        if resource.get("restore_policy") != "NONE":
            yield resource.address, "would hand roles/editor back to them when it is destroyed"
    if plan.manages_project and not found:
        yield "(plan)", "the default service accounts keep roles/editor on the project"


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-SA-001",
        Severity.CRITICAL,
        "There are no service-account keys",
        "use workload identity federation from CI, and impersonation for people",
        4,
        _no_keys,
    ),
    Rule(
        "PE-SA-002",
        Severity.HIGH,
        "The project's default service accounts have no power",
        'write google_project_default_service_accounts with action = "DEPRIVILEGE" and restore_policy = "NONE"',
        7,
        _defaults_without_power,
    ),
)

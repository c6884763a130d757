"""The project's services and its audit log."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import UNKNOWN, PlanView, Resource

SERVICE = "google_project_service"
AUDIT = "google_project_iam_audit_config"
_AUDITED = ("iam.googleapis.com", "sts.googleapis.com")
_NEEDED = frozenset({"DATA_READ", "DATA_WRITE"})


def _stays_on(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for service in plan.of(SERVICE):
        if service.get("disable_on_destroy") is not False:
            yield service.address, "destroying this root would switch the API off for everything else in the project"
        dependents = service.get("disable_dependent_services")
        if dependents is UNKNOWN or dependents:
            yield service.address, "would switch off the services that depend on it, too"


def _audited(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    configs = tuple(plan.of(AUDIT))
    for config in configs:
        if any(_exempt(config)):
            yield config.address, "leaves members out of the audit log"
    if not plan.manages_project:
        return
    for service in _AUDITED:
        found = {kind for c in configs if c.get("service") in {service, "allServices"} for kind in _kinds(c)}
        if not found >= _NEEDED:
            yield "(plan)", f"who read or changed what at {service} is not logged"


def _kinds(config: Resource) -> Iterator[str]:
    entries = config.get("audit_log_config")
    for index in range(len(entries) if isinstance(entries, list) else 0):
        yield config.text("audit_log_config", index, "log_type")


def _exempt(config: Resource) -> Iterator[bool]:
    entries = config.get("audit_log_config")
    for index in range(len(entries) if isinstance(entries, list) else 0):
        members = config.get("audit_log_config", index, "exempted_members")
        yield members is UNKNOWN or bool(members)


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-API-001",
        Severity.HIGH,
        "Destroying a root leaves the project's APIs on",
        "set disable_on_destroy = false and leave disable_dependent_services out",
        12,
        _stays_on,
    ),
    Rule(
        "PE-AUD-001",
        Severity.HIGH,
        "Data access at IAM and STS is logged, for everybody",
        "write google_project_iam_audit_config with DATA_READ and DATA_WRITE for iam and sts, without exempted_members",
        17,
        _audited,
    ),
)

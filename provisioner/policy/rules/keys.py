"""Keys of our own: near what they encrypt, and in nobody else's hands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.policy.grants import grants
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import UNKNOWN, PlanView

_KEYS: dict[str, tuple[str | int, ...]] = {
    "google_artifact_registry_repository": ("kms_key_name",),
    "google_cloud_run_v2_service": ("template", 0, "encryption_key"),
    "google_cloud_run_v2_job": ("template", 0, "template", 0, "encryption_key"),
}
_USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
# https://docs.cloud.google.com/iam/docs/service-agents: Google's own accounts, by names no project of ours can have.
_AGENT = re.compile(
    r"serviceAccount:service-[0-9]+@(gs-project-accounts|serverless-robot-prod|gcp-sa-[a-z0-9-]+)"
    r"\.iam\.gserviceaccount\.com"
)


def _near(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for resource in plan.of(*_KEYS):
        key, location = resource.get(*_KEYS[resource.type]), resource.get("location")
        if key is None or key == "":
            continue
        if key is UNKNOWN or location is UNKNOWN:
            yield resource.address, "the encryption key or the location is known only after apply"
        elif f"/locations/{str(location).lower()}/" not in str(key).lower():
            yield resource.address, f"the key {key} does not lie in {location}, so it could not be used there"


def _agents_only(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if not grant.resource.type.startswith("google_kms_"):
            continue
        if grant.role != _USE:
            yield grant.resource.address, f"grants {grant.role} on a key; what encrypts needs {_USE} only"
        if not isinstance(grant.member, str) or not _AGENT.fullmatch(grant.member):
            yield grant.resource.address, f"lets {grant.member} use a key, which is no service agent of Google's"


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-KMS-001",
        Severity.MEDIUM,
        "A key of our own lies in the location of what it encrypts",
        "use a key of the resource's location, or leave the key out",
        18,
        _near,
    ),
    Rule(
        "PE-KMS-002",
        Severity.HIGH,
        "Keys are used by Google's service agents and by nobody else",
        f"grant {_USE} to service-<project number>@<the service's agent domain>, as the modules do",
        18,
        _agents_only,
    ),
)

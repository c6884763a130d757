"""Cloud Storage: closed, versioned, recoverable, at home."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.locations import location_problem
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import UNKNOWN, PlanView, Resource

BUCKET = "google_storage_bucket"
_WEEK = 7 * 24 * 60 * 60
_ACL = (
    "google_storage_bucket_acl",
    "google_storage_bucket_access_control",
    "google_storage_default_object_acl",
    "google_storage_default_object_access_control",
    "google_storage_object_acl",
    "google_storage_object_access_control",
)


def _uniform(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        if bucket.get("uniform_bucket_level_access") is not True:
            yield bucket.address, "objects may carry access lists of their own"
    for acl in plan.of(*_ACL):
        yield acl.address, "an access list grants past IAM, where nobody looks"


def _not_public(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        if bucket.get("public_access_prevention") != "enforced":
            yield bucket.address, "public access prevention is not enforced"


def _versioned(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        if bucket.get("versioning", 0, "enabled") is not True:
            yield bucket.address, "an overwritten object is lost"


def _soft_delete(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        seconds = bucket.get("soft_delete_policy", 0, "retention_duration_seconds")
        if not isinstance(seconds, int) or seconds < _WEEK:
            yield bucket.address, "deleted objects are not kept for seven days"


def _lifecycle(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        rules = bucket.get("lifecycle_rule")
        indices = range(len(rules)) if isinstance(rules, list) else range(0)
        if not any(_drops_old_versions(bucket, index) for index in indices):
            yield bucket.address, "old versions pile up for ever"
        if not any(_action(bucket, index) == "AbortIncompleteMultipartUpload" for index in indices):
            yield bucket.address, "uploads that were broken off are kept and paid for"


def _action(bucket: Resource, index: int) -> object:
    return bucket.get("lifecycle_rule", index, "action", 0, "type")


def _drops_old_versions(bucket: Resource, index: int) -> bool:
    """Only a rule that spares the live version counts: one without such a condition deletes the data itself."""
    old = ("num_newer_versions", "days_since_noncurrent_time")
    counts = [bucket.get("lifecycle_rule", index, "condition", 0, name) for name in old]
    return _action(bucket, index) == "Delete" and any(isinstance(count, int) and count > 0 for count in counts)


def _kept(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    if context.stateful_deletes_confirmed:
        return
    for bucket in plan.of(BUCKET):
        if bucket.get("force_destroy") not in {False, None}:
            yield bucket.address, "destroying the bucket would take its objects along"


def _at_home(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        location = bucket.get("location")
        if isinstance(location, str) and location != location.upper():
            yield bucket.address, f"the location {location} is not in upper case: a later plan would replace the bucket"
        problem = location_problem(location, context.platform)
        if problem:
            yield bucket.address, problem


def _key_nearby(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for bucket in plan.of(BUCKET):
        encryption = bucket.get("encryption")
        if encryption is not UNKNOWN and not encryption:
            continue
        key, location = bucket.get("encryption", 0, "default_kms_key_name"), bucket.get("location")
        if key is UNKNOWN or location is UNKNOWN:
            yield bucket.address, "the encryption key or the location is known only after apply"
        elif f"/locations/{str(location).lower()}/" not in str(key).lower():
            yield bucket.address, f"the key {key} does not lie in {location}, so the bucket could not use it"


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-GCS-001",
        Severity.HIGH,
        "Access to buckets is by IAM alone",
        "set uniform_bucket_level_access = true and use google_storage_bucket_iam_member",
        8,
        _uniform,
    ),
    Rule(
        "PE-GCS-002",
        Severity.CRITICAL,
        "Buckets cannot be made public",
        'set public_access_prevention = "enforced"',
        8,
        _not_public,
    ),
    Rule("PE-GCS-003", Severity.HIGH, "Buckets keep versions", "write versioning { enabled = true }", 8, _versioned),
    Rule(
        "PE-GCS-004",
        Severity.HIGH,
        "Deleted objects can be had back for a week",
        "write soft_delete_policy { retention_duration_seconds = 604800 } or more",
        8,
        _soft_delete,
    ),
    Rule(
        "PE-GCS-005",
        Severity.MEDIUM,
        "Old versions and broken uploads are cleaned up",
        "write a Delete rule with num_newer_versions and an AbortIncompleteMultipartUpload rule",
        8,
        _lifecycle,
    ),
    Rule(
        "PE-GCS-006",
        Severity.HIGH,
        "A bucket with objects in it cannot be destroyed",
        "set force_destroy = false; a destroy run with --delete-data is the way to delete data",
        8,
        _kept,
    ),
    Rule(
        "PE-GCS-007",
        Severity.HIGH,
        "Buckets lie where the platform allows, written in upper case",
        "use a region or a multi-region of platform.yaml, in upper case",
        8,
        _at_home,
    ),
    Rule(
        "PE-GCS-008",
        Severity.MEDIUM,
        "A bucket's own key lies in the bucket's location",
        "use a key of the bucket's location (a multi-region bucket needs a key of that multi-region)",
        18,
        _key_nearby,
    ),
)

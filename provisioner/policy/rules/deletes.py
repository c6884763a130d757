"""Deletes and replaces of what holds data or names that cannot be had back."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import PlanView

STATEFUL = frozenset(
    {
        "google_storage_bucket",
        "google_artifact_registry_repository",
        "google_iam_workload_identity_pool",
        "google_iam_workload_identity_pool_provider",
        "google_secret_manager_secret",
        "google_secret_manager_secret_version",
        "google_kms_key_ring",
        "google_kms_crypto_key",
        "google_sql_database_instance",
        "google_sql_database",
        "google_spanner_instance",
        "google_spanner_database",
        "google_firestore_database",
        "google_bigtable_instance",
        "google_bigtable_table",
        "google_alloydb_cluster",
        "google_bigquery_dataset",
        "google_bigquery_table",
        "google_redis_instance",
        "google_redis_cluster",
        "google_memorystore_instance",
        "google_filestore_instance",
        "google_compute_disk",
        "google_compute_region_disk",
        "google_project",
    }
)


def _confirmed(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    if context.stateful_deletes_confirmed:
        return
    for resource in plan.resources:
        if resource.type not in STATEFUL or resource.mode != "managed":
            continue
        actions = set(resource.actions)
        if {"delete", "create"} <= actions:
            yield resource.address, "would be deleted and made anew"
        elif "delete" in actions:
            yield resource.address, "would be deleted"
        elif "forget" in actions:
            yield resource.address, "would no longer be managed by anyone"


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-DEL-001",
        Severity.CRITICAL,
        "What holds data is not deleted or replaced in passing",
        "undo the change that causes it, add a waiver for this address, or use provision-env destroy",
        15,
        _confirmed,
    ),
)

"""The example of each module's README plans, and makes what the README says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.provider import ProviderServer
from tests.modules.stage import MODULES, Cloud, changes, module_root, provider

pytestmark = pytest.mark.e2e

EXPECTED = {
    "artifact-registry": {
        "google_artifact_registry_repository": 1,
        "google_artifact_registry_repository_iam_member": 1,
    },
    "billing-budget": {"google_billing_budget": 1, "google_monitoring_notification_channel": 1},
    "cloud-run": {"google_cloud_run_v2_service": 1, "google_cloud_run_v2_service_iam_member": 1},
    "gcs-bucket": {
        "google_storage_bucket": 1,
        "google_storage_bucket_iam_member": 1,
        "google_storage_managed_folder": 1,
        "google_storage_managed_folder_iam_member": 1,
    },
    "project-services": {
        "google_project_service": 12,
        "google_project_default_service_accounts": 1,
        "google_project_iam_audit_config": 2,
    },
    "service-account": {"google_service_account": 1, "google_project_iam_member": 2},
    "platform": {
        "google_project_service": 2,
        "google_project_default_service_accounts": 1,
        "google_project_iam_audit_config": 2,
        "google_monitoring_notification_channel": 1,
        "google_billing_budget": 1,
        "google_storage_bucket": 1,
        "google_storage_bucket_iam_member": 2,
        "google_service_account": 3,
        "google_organization_iam_member": 3,
        "google_billing_account_iam_member": 2,
        "google_iam_workload_identity_pool": 1,
        "google_iam_workload_identity_pool_provider": 1,
        "google_service_account_iam_member": 6,
    },
    "workload-identity": {
        "google_iam_workload_identity_pool": 1,
        "google_iam_workload_identity_pool_provider": 1,
        "google_service_account_iam_member": 6,
    },
    "team-environment": {
        "google_project_service": 12,
        "google_project_default_service_accounts": 1,
        "google_project_iam_audit_config": 2,
        "google_monitoring_notification_channel": 1,
        "google_billing_budget": 1,
        "google_service_account": 3,
        "google_project_iam_member": 11,
        "google_service_account_iam_member": 6,
        "google_iam_workload_identity_pool": 1,
        "google_iam_workload_identity_pool_provider": 1,
        "google_storage_bucket": 1,
        "google_storage_bucket_iam_member": 1,
        "google_artifact_registry_repository": 1,
        "google_artifact_registry_repository_iam_member": 1,
        "google_cloud_run_v2_service": 1,
        "google_storage_managed_folder": 1,
        "google_storage_managed_folder_iam_member": 1,
    },
}


def example(module: str) -> str:
    found = re.search(r"```hcl\n(.*?)```", (MODULES / module / "README.md").read_text(), re.DOTALL)
    assert found, module
    return found[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider(Cloud(tmp_path_factory.mktemp("cloud"), ("example-churn-dev",))) as running:
        yield running


def test_every_module_has_an_expectation() -> None:
    assert {path.parent.name for path in MODULES.glob("*/main.tf")} == set(EXPECTED)


@pytest.mark.parametrize("module", EXPECTED)
def test_the_example_plans(module: str, server: ProviderServer, tmp_path: Path) -> None:
    plan = module_root(tmp_path, server, example(module)).plan()
    made = [change for change in plan["resource_changes"] if change["mode"] == "managed"]
    assert set(map(tuple, changes(plan).values())) == {("create",)}
    assert Counter(change["type"] for change in made) == EXPECTED[module]

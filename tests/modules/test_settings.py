"""The settings of the security baseline, read from the plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.modules.environments import Estate
from tests.modules.stage import module_root
from tests.modules.test_grants import of_type
from tests.modules.test_readmes import example

pytestmark = pytest.mark.e2e


def named(plan: dict[str, Any], kind: str, field: str) -> dict[str, dict[str, Any]]:
    return {one[field]: one for one in of_type(plan, kind)}


def test_buckets_are_private_versioned_and_restorable(dev_plan: dict[str, Any]) -> None:
    for bucket in of_type(dev_plan, "google_storage_bucket"):
        assert bucket["uniform_bucket_level_access"] is True
        assert bucket["public_access_prevention"] == "enforced"
        assert bucket["force_destroy"] is False
        assert bucket["versioning"] == [{"enabled": True}]
        assert bucket["location"].isupper()
    raw = named(dev_plan, "google_storage_bucket", "name")["example-churn-dev-churn-dev-raw"]
    assert raw["soft_delete_policy"][0]["retention_duration_seconds"] == 14 * 86400
    rules = {rule["action"][0]["type"]: rule["condition"][0] for rule in raw["lifecycle_rule"]}
    assert rules["Delete"]["num_newer_versions"] == 2
    assert rules["Delete"]["with_state"] == "ARCHIVED"
    assert rules["AbortIncompleteMultipartUpload"]["age"] == 7


def test_registries_keep_tags_where_they_are_and_clean_up_what_has_none(dev_plan: dict[str, Any]) -> None:
    registries = named(dev_plan, "google_artifact_registry_repository", "repository_id")
    images, base = registries["churn-dev-images"], registries["churn-dev-base"]
    assert images["docker_config"] == [{"immutable_tags": True}]
    assert [policy["id"] for policy in images["cleanup_policies"]] == ["delete-untagged"]
    assert images["cleanup_policies"][0]["condition"][0]["older_than"] == f"{30 * 86400}s"
    assert images["vulnerability_scanning_config"][0]["enablement_config"] == "INHERITED"
    assert images["cleanup_policy_dry_run"] is True
    kept = {policy["id"]: policy["action"] for policy in base["cleanup_policies"]}
    assert kept == {"delete-untagged": "DELETE", "delete-old": "DELETE", "keep-live": "KEEP", "keep-newest": "KEEP"}
    live = next(policy for policy in base["cleanup_policies"] if policy["id"] == "keep-live")
    assert live["condition"][0]["tag_prefixes"] == ["live-"]


def test_services_have_an_account_limits_probes_and_protection(dev_plan: dict[str, Any]) -> None:
    service = named(dev_plan, "google_cloud_run_v2_service", "name")["churn-dev-scoring"]
    template = service["template"][0]
    container = template["containers"][0]
    assert service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    assert service["deletion_protection"] is True
    assert template["service_account"] == "churn-dev-runtime@example-churn-dev.iam.gserviceaccount.com"
    assert template["scaling"][0] == {"min_instance_count": 1, "max_instance_count": 4}
    assert container["resources"][0]["limits"] == {"cpu": "2", "memory": "2Gi"}
    assert "@sha256:" in container["image"]
    assert container["startup_probe"][0]["http_get"][0]["path"] == "/health"
    assert container["liveness_probe"][0]["http_get"][0]["path"] == "/health"


def test_secrets_come_by_reference_with_a_version(dev_plan: dict[str, Any]) -> None:
    service = named(dev_plan, "google_cloud_run_v2_service", "name")["churn-dev-scoring"]
    variables = {one["name"]: one for one in service["template"][0]["containers"][0]["env"]}
    assert variables["API_KEY"]["value_source"][0]["secret_key_ref"][0] == {"secret": "api-key", "version": "1"}
    assert not variables["API_KEY"]["value"]
    assert variables["LOG_LEVEL"]["value"] == "info"


def test_the_project_is_audited_and_its_default_accounts_lose_editor_for_good(dev_plan: dict[str, Any]) -> None:
    (default,) = of_type(dev_plan, "google_project_default_service_accounts")
    assert (default["action"], default["restore_policy"]) == ("DEPRIVILEGE", "NONE")
    audited = named(dev_plan, "google_project_iam_audit_config", "service")
    assert set(audited) == {"iam.googleapis.com", "sts.googleapis.com"}
    for config in audited.values():
        kinds = {one["log_type"] for one in config["audit_log_config"]}
        assert kinds == {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
    assert {one["disable_on_destroy"] for one in of_type(dev_plan, "google_project_service")} == {False}


def test_the_budget_warns_the_owner_in_time(dev_plan: dict[str, Any]) -> None:
    (budget,) = of_type(dev_plan, "google_billing_budget")
    rules = {(rule["threshold_percent"], rule["spend_basis"]) for rule in budget["threshold_rules"]}
    assert rules == {
        (0.5, "CURRENT_SPEND"), (0.8, "CURRENT_SPEND"), (1, "CURRENT_SPEND"), (1, "FORECASTED_SPEND"),
    }  # fmt: skip
    assert budget["budget_filter"][0]["projects"] == ["projects/420000000001"]
    assert budget["amount"][0]["specified_amount"][0] == {"currency_code": "EUR", "nanos": None, "units": "700"}
    (channel,) = of_type(dev_plan, "google_monitoring_notification_channel")
    assert channel["labels"] == {"email_address": "churn-team@example.com"}


def test_everything_that_takes_labels_has_them_all(dev_plan: dict[str, Any]) -> None:
    wanted = {"team", "env", "cost-center", "owner", "data-class", "managed-by"}
    kinds = ("google_storage_bucket", "google_artifact_registry_repository", "google_cloud_run_v2_service")
    for kind in kinds:
        for one in of_type(dev_plan, kind):
            assert wanted <= set(one["labels"]), one["labels"]
    (channel,) = of_type(dev_plan, "google_monitoring_notification_channel")
    assert wanted <= set(channel["user_labels"])


def test_no_key_no_basic_role_no_authoritative_grant(dev_plan: dict[str, Any], prod_plan: dict[str, Any]) -> None:
    for plan in (dev_plan, prod_plan):
        kinds = {change["type"] for change in plan["resource_changes"]}
        assert not {kind for kind in kinds if kind.endswith(("_iam_policy", "_iam_binding", "_account_key"))}
        roles = {
            change["change"]["after"].get("role") for change in plan["resource_changes"] if change["change"]["after"]
        }
        assert not roles & {"roles/owner", "roles/editor", "roles/viewer"}


AGENTS = {
    "gcs-bucket": "gs-project-accounts",
    "artifact-registry": "gcp-sa-artifactregistry",
    "cloud-run": "serverless-robot-prod",
}
KEY = "projects/example-keys/locations/europe-west1/keyRings/ring/cryptoKeys/key"


def test_a_key_is_granted_to_googles_own_account_and_used(shared_estate: Estate, tmp_path: Path) -> None:
    lines = f'project_id = "example-churn-dev"\n  project_number = "420000000001"\n  kms_key = "{KEY}"'
    bodies = (re.sub(r"project_id +=.*", lines, example(module)) for module in AGENTS)
    plan = module_root(tmp_path, shared_estate.server, "\n".join(bodies)).plan()
    grants = {
        (one["member"], one["role"], one["crypto_key_id"]) for one in of_type(plan, "google_kms_crypto_key_iam_member")
    }
    assert grants == {
        (
            f"serviceAccount:service-420000000001@{agent}.iam.gserviceaccount.com",
            "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            KEY,
        )
        for agent in AGENTS.values()
    }
    assert of_type(plan, "google_storage_bucket")[0]["encryption"][0]["default_kms_key_name"] == KEY
    assert of_type(plan, "google_artifact_registry_repository")[0]["kms_key_name"] == KEY
    assert of_type(plan, "google_cloud_run_v2_service")[0]["template"][0]["encryption_key"] == KEY


def test_the_condition_admits_own_runners_and_only_named_workflows_where_asked(
    shared_estate: Estate, tmp_path: Path
) -> None:
    workflow = "example-ml/pipelines/.github/workflows/release.yaml@refs/tags/v1"
    asked = f'allow_pull_request_plan = true\n  self_hosted_runners = true\n  trusted_workflows = ["{workflow}"]'
    body = example("workload-identity").replace("allow_pull_request_plan = true", asked)
    plan = module_root(tmp_path, shared_estate.server, body).plan()
    (provider,) = of_type(plan, "google_iam_workload_identity_pool_provider")
    assert provider["attribute_condition"] == (
        "assertion.repository_owner_id == '700800' && assertion.repository_id in ['900100200']"
        " && assertion.event_name in ['push','workflow_dispatch','schedule','pull_request']"
        f" && has(assertion.job_workflow_ref) && assertion.job_workflow_ref in ['{workflow}']"
    )

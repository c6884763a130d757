"""Who gets what, read from the plan before anything exists: exactly this, and nothing unknown."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.e2e

POOL = "principalSet://iam.googleapis.com/projects/420000000001/locations/global/workloadIdentityPools/churn-dev-gh"
PROD = "principalSet://iam.googleapis.com/projects/420000000002/locations/global/workloadIdentityPools/churn-prod-gh"
CONDITION = (
    "assertion.repository_owner_id == '700800' && assertion.repository_id in ['900100200']"
    " && assertion.event_name in ['push','workflow_dispatch','schedule','pull_request']"
    " && has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'"
)
ENVIRONMENT = "(has(assertion.environment) ? assertion.environment : '')"
MAPPING = {
    "google.subject": (
        "assertion.repository_id + (has(assertion.environment) ? ':env:' + assertion.environment"
        " : ':event:' + assertion.event_name)"
    ),
    "attribute.repository_id": "assertion.repository_id",
    "attribute.repo_event": f"assertion.repository_id + ':' + {ENVIRONMENT} + ':' + assertion.event_name",
    "attribute.repo_env_ref_event": (
        f"assertion.repository_id + ':' + {ENVIRONMENT} + ':' + assertion.ref + ':' + assertion.event_name"
    ),
    "attribute.repository": "has(assertion.repository) ? assertion.repository : ''",
    "attribute.ref": "has(assertion.ref) ? assertion.ref : ''",
    "attribute.actor_id": "has(assertion.actor_id) ? assertion.actor_id : ''",
    "attribute.job_workflow_ref": "has(assertion.job_workflow_ref) ? assertion.job_workflow_ref : ''",
}


def of_type(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [change["change"]["after"] for change in plan["resource_changes"] if change["type"] == kind]


def account(name: str, environment: str = "dev") -> str:
    return f"serviceAccount:churn-{environment}-{name}@example-churn-{environment}.iam.gserviceaccount.com"


def federated(plan: dict[str, Any], name: str) -> set[str]:
    return {
        grant["member"]
        for grant in of_type(plan, "google_service_account_iam_member")
        if grant["role"] == "roles/iam.workloadIdentityUser" and f"-{name}@" in grant["service_account_id"]
    }


def test_the_trust_condition_and_mapping_are_the_baselines(dev_plan: dict[str, Any]) -> None:
    (provider,) = of_type(dev_plan, "google_iam_workload_identity_pool_provider")
    assert provider["attribute_condition"] == CONDITION
    assert provider["attribute_mapping"] == MAPPING
    assert provider["oidc"][0]["issuer_uri"] == "https://token.actions.githubusercontent.com"


def test_deploy_is_reached_from_its_environment_on_its_branch_by_two_events(
    dev_plan: dict[str, Any], prod_plan: dict[str, Any]
) -> None:
    assert federated(dev_plan, "deploy") == {
        f"{POOL}/attribute.repo_env_ref_event/900100200:dev:refs/heads/main:push",
        f"{POOL}/attribute.repo_env_ref_event/900100200:dev:refs/heads/main:workflow_dispatch",
    }
    assert federated(prod_plan, "deploy") == {
        f"{PROD}/attribute.repo_env_ref_event/900100200:prod:refs/heads/release:push",
        f"{PROD}/attribute.repo_env_ref_event/900100200:prod:refs/heads/release:workflow_dispatch",
    }


def test_plan_is_reached_without_an_environment_and_by_pull_requests_in_dev_only(
    dev_plan: dict[str, Any], prod_plan: dict[str, Any]
) -> None:
    events = ("push", "schedule", "workflow_dispatch")
    branch = {f"{POOL}/attribute.repo_env_ref_event/900100200::refs/heads/main:{event}" for event in events}
    assert federated(dev_plan, "plan") == branch | {f"{POOL}/attribute.repo_event/900100200::pull_request"}
    release = {f"{PROD}/attribute.repo_env_ref_event/900100200::refs/heads/release:{event}" for event in events}
    assert federated(prod_plan, "plan") == release


def test_runtime_is_reached_by_no_token(dev_plan: dict[str, Any]) -> None:
    assert federated(dev_plan, "runtime") == set()


def test_roles_on_the_project(dev_plan: dict[str, Any]) -> None:
    grants = {(one["member"], one["role"]) for one in of_type(dev_plan, "google_project_iam_member")}
    wanted = {
        "plan": (
            "artifactregistry.reader", "iam.securityReviewer", "iam.workloadIdentityPoolViewer", "run.viewer",
            "serviceusage.serviceUsageViewer", "storage.bucketViewer", "secretmanager.viewer", "monitoring.viewer",
            "pubsub.viewer",
        ),
        "deploy": ("run.developer",),
        "runtime": ("cloudtrace.agent", "logging.logWriter", "monitoring.metricWriter", "bigquery.dataViewer"),
    }  # fmt: skip
    assert grants == {(account(name), f"roles/{role}") for name, roles in wanted.items() for role in roles}


def test_deploy_acts_as_runtime_and_as_nobody_else(dev_plan: dict[str, Any]) -> None:
    acting = [
        one for one in of_type(dev_plan, "google_service_account_iam_member") if "serviceAccountUser" in one["role"]
    ]
    assert [(one["member"], one["service_account_id"].split("/")[-1].split("@")[0]) for one in acting] == [
        (account("deploy"), "churn-dev-runtime")
    ]


def test_roles_on_parts(dev_plan: dict[str, Any]) -> None:
    buckets = {(one["member"], one["role"]) for one in of_type(dev_plan, "google_storage_bucket_iam_member")}
    assert buckets == {(account("runtime"), "roles/storage.objectUser")}
    registries = of_type(dev_plan, "google_artifact_registry_repository_iam_member")
    assert {(one["repository"], one["member"], one["role"]) for one in registries} == {
        (f"churn-dev-{key}", account("deploy"), "roles/artifactregistry.writer") for key in ("images", "base")
    }
    secrets = {
        (one["secret_id"], one["member"]) for one in of_type(dev_plan, "google_secret_manager_secret_iam_member")
    }
    assert secrets == {("api-key", account("runtime")), ("feature-store", account("runtime"))}
    invokers = {(one["name"], one["member"]) for one in of_type(dev_plan, "google_cloud_run_v2_service_iam_member")}
    assert invokers == {("churn-dev-scoring", "group:payments@example.com")}


def test_folders_give_plan_its_own_state_and_deploy_what_it_publishes(dev_plan: dict[str, Any]) -> None:
    folders = {
        (one["bucket"], one["managed_folder"], one["member"], one["role"])
        for one in of_type(dev_plan, "google_storage_managed_folder_iam_member")
    }
    data = "example-churn-dev-churn-dev-data"
    assert folders == {
        ("example-ml-terraform-state", "churn/dev/", account("plan"), "roles/storage.objectViewer"),
        (data, "models/", account("deploy"), "roles/storage.objectUser"),
        (data, "cloud-infrastructure/gcp/", account("deploy"), "roles/storage.objectUser"),
    }


def test_every_member_and_target_of_a_grant_is_known_in_the_plan(dev_plan: dict[str, Any]) -> None:
    grants = [change for change in dev_plan["resource_changes"] if change["type"].endswith("_iam_member")]
    unknown = {key for grant in grants for key, value in grant["change"]["after_unknown"].items() if value}
    assert grants
    assert unknown <= {"id", "etag", "project", "location", "condition"}

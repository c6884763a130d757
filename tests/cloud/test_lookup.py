"""Lookups against the sandbox's Google Cloud: what exists, whose it is, what comes back, what holds data."""

from __future__ import annotations

import pytest

from provisioner.cloud.google import GoogleCloud
from provisioner.cloud.session import Session
from provisioner.errors import ProvisionError
from provisioner.terraform.recognition import KINDS
from tests.cloud.calls import IAM, STORAGE, do, enable, finish
from tests.cloud.conftest import BILLING

pytestmark = pytest.mark.e2e

PROJECT = "fraud-dev-1"
LABELS = {"team": "fraud", "env": "dev", "managed-by": "provision-env"}
IAM_API = IAM.removesuffix("/projects")
AR = "https://artifactregistry.googleapis.com/v1"
PLANNED = {
    "project": PROJECT, "location": "europe-west1", "region": "europe-west1", "name": "thing", "bucket": "thing",
    "repository_id": "thing", "workload_identity_pool_id": "fraud-dev-gh", "secret_id": "thing", "role_id": "thing",
    "workload_identity_pool_provider_id": "github", "account_id": "fraud-dev-plan", "display_name": "fraud dev",
    "billing_account": BILLING,
}  # fmt: skip


@pytest.fixture
def ready(session: Session) -> Session:
    enable(
        session, PROJECT, "iam", "artifactregistry", "run", "pubsub", "secretmanager", "monitoring", "cloudscheduler"
    )
    return session


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_not_there_is_nothing_even_where_its_api_is_not_enabled(kind: str, cloud: GoogleCloud) -> None:
    assert cloud.describe(kind, PLANNED) is None


def test_a_name_that_is_not_known_yet_cannot_be_looked_up(cloud: GoogleCloud) -> None:
    assert cloud.describe("google_cloud_run_v2_service", {"project": PROJECT, "location": None}) is None
    assert cloud.describe("google_project_service", PLANNED) is None


def test_a_bucket_is_told_by_its_labels_and_a_folder_by_its_buckets(ready: Session, cloud: GoogleCloud) -> None:
    bucket = {"name": "thing", "location": "EU", "labels": LABELS}
    bucket["iamConfiguration"] = {"uniformBucketLevelAccess": {"enabled": True}}
    do(ready, "POST", f"{STORAGE}?project={PROJECT}", bucket)
    do(ready, "POST", f"{STORAGE}/thing/managedFolders", {"name": "inbox/"})
    found = cloud.describe("google_storage_bucket", PLANNED)
    folder = cloud.describe("google_storage_managed_folder", {"bucket": "thing", "name": "inbox/"})
    assert found is not None
    assert folder is not None
    assert (found.labels, folder.labels, found.deleted) == (LABELS, LABELS, False)
    assert cloud.describe("google_storage_managed_folder", {"bucket": "thing", "name": "other/"}) is None


def test_a_bucket_holds_data_while_anything_of_it_is_left(ready: Session, cloud: GoogleCloud) -> None:
    do(
        ready,
        "POST",
        f"{STORAGE}?project={PROJECT}",
        {"name": "thing", "location": "EU", "versioning": {"enabled": True}},
    )
    assert not cloud.holds_data("google_storage_bucket", PLANNED)
    upload = "https://storage.googleapis.com/upload/storage/v1/b/thing/o?uploadType=media&name=a/b.txt"
    do(ready, "POST", upload, {"any": "content"})
    assert cloud.has_object("thing", "a/b.txt")
    assert cloud.holds_data("google_storage_bucket", PLANNED)
    do(ready, "DELETE", f"{STORAGE}/thing/o/a%2Fb.txt")
    assert not cloud.has_object("thing", "a/b.txt")
    assert cloud.holds_data("google_storage_bucket", PLANNED)
    assert not cloud.holds_data("google_storage_bucket", {"name": "never-was"})
    assert not cloud.holds_data("google_service_account", PLANNED)


def test_a_registry_is_told_by_its_labels_and_is_empty_at_first(ready: Session, cloud: GoogleCloud) -> None:
    parent = f"{AR}/projects/{PROJECT}/locations/europe-west1/repositories"
    finish(ready, AR, do(ready, "POST", f"{parent}?repositoryId=thing", {"format": "DOCKER", "labels": LABELS}))
    found = cloud.describe("google_artifact_registry_repository", PLANNED)
    assert found is not None
    assert (found.labels, found.name) == (LABELS, f"projects/{PROJECT}/locations/europe-west1/repositories/thing")
    assert not cloud.holds_data("google_artifact_registry_repository", PLANNED)


def test_an_account_is_told_by_its_description(ready: Session, cloud: GoogleCloud) -> None:
    account = {"accountId": "fraud-dev-plan", "serviceAccount": {"description": "Reads: fraud dev"}}
    do(ready, "POST", f"{IAM}/{PROJECT}/serviceAccounts", account)
    found = cloud.describe("google_service_account", PLANNED)
    assert found is not None
    assert (found.text, found.deleted) == ("Reads: fraud dev", False)


def test_a_deleted_pool_and_its_provider_are_seen_and_brought_back(ready: Session, cloud: GoogleCloud) -> None:
    kind = "google_iam_workload_identity_pool"
    pools = f"{IAM}/{PROJECT}/locations/global/workloadIdentityPools"
    finish(ready, IAM_API, do(ready, "POST", f"{pools}?workloadIdentityPoolId=fraud-dev-gh", {"description": "ours"}))
    finish(ready, IAM_API, do(ready, "DELETE", f"{pools}/fraud-dev-gh"))
    found = cloud.describe(kind, PLANNED)
    assert found is not None
    assert (found.text, found.deleted) == ("ours", True)
    cloud.undelete(kind, found.name)
    cloud.undelete(kind, found.name)
    back = cloud.describe(kind, PLANNED)
    assert back is not None
    assert not back.deleted


def test_a_deleted_role_is_brought_back_without_an_operation(ready: Session, cloud: GoogleCloud) -> None:
    kind = "google_project_iam_custom_role"
    role = {
        "roleId": "thing",
        "role": {"title": "t", "description": "ours", "includedPermissions": ["run.services.get"]},
    }
    do(ready, "POST", f"{IAM}/{PROJECT}/roles", role)
    do(ready, "DELETE", f"{IAM}/{PROJECT}/roles/thing")
    found = cloud.describe(kind, PLANNED)
    assert found is not None
    assert (found.text, found.deleted) == ("ours", True)
    cloud.undelete(kind, found.name)
    back = cloud.describe(kind, PLANNED)
    assert back is not None
    assert not back.deleted


def test_what_never_was_cannot_be_brought_back(ready: Session, cloud: GoogleCloud) -> None:
    with pytest.raises(ProvisionError, match=r"answered 40[34]"):
        cloud.undelete("google_project_iam_custom_role", f"projects/{PROJECT}/roles/never")


def test_budgets_and_channels_are_found_by_their_display_name(ready: Session, cloud: GoogleCloud) -> None:
    budgets = f"https://billingbudgets.googleapis.com/v1/billingAccounts/{BILLING}/budgets"
    amount = {"amount": {"specifiedAmount": {"currencyCode": "USD", "units": "5"}}}
    do(ready, "POST", budgets, {"displayName": "other", **amount})
    made = do(ready, "POST", budgets, {"displayName": "fraud dev", **amount})
    channels = f"https://monitoring.googleapis.com/v3/projects/{PROJECT}/notificationChannels"
    channel = {
        "type": "email",
        "displayName": "fraud dev",
        "labels": {"email_address": "a@example.com"},
        "userLabels": LABELS,
    }
    told = do(ready, "POST", channels, channel)
    budget = cloud.describe("google_billing_budget", PLANNED)
    found = cloud.describe("google_monitoring_notification_channel", PLANNED)
    assert budget is not None
    assert found is not None
    assert (budget.name, budget.text) == (made["name"], "fraud dev")
    assert (found.name, found.labels) == (told["name"], LABELS)
    assert cloud.describe("google_billing_budget", {**PLANNED, "display_name": "none"}) is None


def test_what_may_not_be_read_is_as_good_as_absent(ready: Session, cloud: GoogleCloud) -> None:
    name = "seen/default.tfstate"
    assert not cloud.sees_object("thing-that-is-nowhere", name)
    do(ready, "POST", f"{STORAGE}?project={PROJECT}", {"name": "seen-thing", "location": "EU"})
    assert not cloud.sees_object("seen-thing", name)
    do(
        ready,
        "POST",
        f"https://storage.googleapis.com/upload/storage/v1/b/seen-thing/o?uploadType=media&name={name}",
        {},
    )
    assert cloud.sees_object("seen-thing", name)

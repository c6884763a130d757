"""What the real provider sent is answered so that it would be content."""

from __future__ import annotations

import pytest

from provisioner.sandbox.google.hierarchy import ENABLED_SERVICES, PROJECTS
from tests.sandbox.core.cloud import PROJECT, GoogleCloud
from tests.sandbox.core.replay import SHARED, Replay, arrange_accounts, arrange_bucket, arrange_policy, steps

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the recordings are not on this machine")
POLICIES = ("google_storage_bucket_iam_member", "google_project_iam_member", "google_project_iam_audit_config")


def play(cloud: GoogleCloud, name: str) -> None:
    player = Replay(cloud)
    for step in steps(name):
        player.send(step)


def test_backend_gcs(cloud: GoogleCloud) -> None:
    uniform = {"uniformBucketLevelAccess": {"enabled": True}}
    cloud.bucket("acme-tfstate", versioning={"enabled": True}, iamConfiguration=uniform)
    play(cloud, "backend.gcs")


def test_google_storage_bucket(cloud: GoogleCloud) -> None:
    enable = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/compute.googleapis.com:enable"
    cloud.call("POST", enable, {})
    player = Replay(cloud)
    for step in steps("google_storage_bucket"):
        if "/compute/" in step["path"]:
            assert cloud.call("GET", step["host"] + step["path"]).body["name"] == PROJECT
        else:
            player.send(step)


def test_google_storage_bucket_object(cloud: GoogleCloud) -> None:
    arrange_bucket(cloud, "acme-payments-dev-data")
    play(cloud, "google_storage_bucket_object")


def test_google_storage_managed_folder_iam_member(cloud: GoogleCloud) -> None:
    arrange_accounts(cloud)
    arrange_bucket(cloud, "acme-payments-dev-data")
    folder = "storage.googleapis.com/storage/v1/b/acme-payments-dev-data/managedFolders"
    assert cloud.call("POST", folder, {"name": "inbox/"}).status == 200
    play(cloud, "google_storage_managed_folder_iam_member")


@pytest.mark.parametrize("name", POLICIES)
def test_policies(cloud: GoogleCloud, name: str) -> None:
    arrange_accounts(cloud)
    arrange_bucket(cloud, "acme-payments-dev-data")
    player, arranged = Replay(cloud), ""
    for step in steps(name):
        if step["op"] != arranged and "bindings" in step["response"]:
            arrange_policy(cloud, step)
        arranged = step["op"]
        player.send(step)


def test_google_project_service(cloud: GoogleCloud) -> None:
    with cloud.world.store.transaction() as tx:
        for key, _ in list(tx.scan(ENABLED_SERVICES, f"{PROJECT}/")):
            tx.delete(ENABLED_SERVICES, key)
    _label(cloud)
    play(cloud, "google_project_service")


def test_google_billing_budget(cloud: GoogleCloud) -> None:
    play(cloud, "google_billing_budget")


def test_data_google_project(cloud: GoogleCloud) -> None:
    _label(cloud)
    play(cloud, "data.google_project")


def test_provider_configure(cloud: GoogleCloud) -> None:
    play(cloud, "provider.configure")


def _label(cloud: GoogleCloud) -> None:
    with cloud.world.store.transaction() as tx:
        tx.put(PROJECTS, PROJECT, (tx.get(PROJECTS, PROJECT) or {}) | {"labels": {"env": "lab"}})

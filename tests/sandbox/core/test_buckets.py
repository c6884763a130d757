"""Buckets: names, defaults, changes, ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.core.cloud import NUMBER, PROJECT, GoogleCloud

ROOT = "storage.googleapis.com/storage/v1/b"


@pytest.mark.parametrize(
    "name", ["ab", "Acme", "goog-x", "my-google-bucket", "10.0.0.1", "-abc", "abc-", "a..b", "x" * 64]
)
def test_names_that_are_refused(cloud: GoogleCloud, name: str) -> None:
    assert cloud.bucket(name).status == 400


def test_defaults(cloud: GoogleCloud) -> None:
    made = cloud.call("POST", f"{ROOT}?project={PROJECT}", {"name": "acme-data"}).body
    assert made["location"] == "US"
    assert made["locationType"] == "multi-region"
    assert made["rpo"] == "DEFAULT"
    assert made["storageClass"] == "STANDARD"
    assert made["projectNumber"] == NUMBER
    assert made["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
    assert made["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
    assert made["iamConfiguration"]["publicAccessPrevention"] == "inherited"
    assert "rpo" not in cloud.bucket("acme-regional").body


def test_names_are_global(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    assert cloud.bucket("acme-data").message.endswith("you already own it.")
    other = {"projectId": "acme-other", "parent": {"type": "folder", "id": "888888888888"}}
    cloud.call("POST", "cloudresourcemanager.googleapis.com/v1/projects", other)
    taken = cloud.call("POST", f"{ROOT}?project=acme-other", {"name": "acme-data"})
    assert (taken.status, taken.reason) == (409, "conflict")
    assert "is not available" in taken.message


@pytest.mark.parametrize(
    "settings",
    [
        {"location": "MOON-WEST1"},
        {"storageClass": "LUKEWARM"},
        {"labels": {"Upper": "x"}},
        {"labels": {"a": "with space"}},
        {"softDeletePolicy": {"retentionDurationSeconds": "60"}},
        {"lifecycle": {"rule": [{"action": {"type": "Explode"}, "condition": {"age": 1}}]}},
        {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {}}]}},
        {"lifecycle": {"rule": [{"action": {"type": "SetStorageClass"}, "condition": {"age": 1}}]}},
        {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": -1}}]}},
        {
            "lifecycle": {
                "rule": [{"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"isLive": True}}]
            }
        },
    ],
)
def test_settings_that_are_refused(cloud: GoogleCloud, settings: dict[str, Any]) -> None:
    assert cloud.bucket("acme-data", **settings).status == 400
    assert cloud.bucket("acme-data").status == 200
    assert cloud.call("PATCH", f"{ROOT}/acme-data", settings).status == 400


def test_a_patch_merges_and_null_removes(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", labels={"env": "dev", "team": "x"}, versioning={"enabled": True})
    changed = cloud.call("PATCH", f"{ROOT}/acme-data", {"labels": {"team": None, "owner": "y"}}).body
    assert changed["labels"] == {"env": "dev", "owner": "y"}
    assert changed["versioning"] == {"enabled": True}
    assert changed["metageneration"] == "2"
    assert changed["etag"] == "CAI="
    cleared = cloud.call("PATCH", f"{ROOT}/acme-data", {"versioning": None}).body
    assert "versioning" not in cleared
    assert cloud.call("PATCH", f"{ROOT}/acme-data", {"location": "US"}).status == 400


def test_an_update_replaces_all_settings(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", labels={"env": "dev"}, versioning={"enabled": True})
    changed = cloud.call("PUT", f"{ROOT}/acme-data", {"labels": {"a": "b"}}).body
    assert changed["labels"] == {"a": "b"}
    assert "versioning" not in changed
    assert changed["location"] == "EUROPE-WEST1"


def test_a_stale_metageneration_is_a_412(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    assert cloud.call("PATCH", f"{ROOT}/acme-data?ifMetagenerationMatch=1", {"labels": {"a": "b"}}).status == 200
    stale = cloud.call("PATCH", f"{ROOT}/acme-data?ifMetagenerationMatch=1", {"labels": {"a": "c"}})
    assert (stale.status, stale.reason) == (412, "conditionNotMet")
    assert cloud.call("GET", f"{ROOT}/acme-data?ifMetagenerationNotMatch=2").status == 304


def test_only_an_empty_bucket_can_be_deleted(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", versioning={"enabled": True})
    cloud.upload("acme-data", "a", b"1")
    assert (cloud.call("DELETE", f"{ROOT}/acme-data").status, cloud.call("DELETE", f"{ROOT}/acme-data/o/a").status) == (
        409,
        204,
    )
    assert cloud.call("DELETE", f"{ROOT}/acme-data").reason == "conflict"
    old = cloud.call("GET", f"{ROOT}/acme-data/o?versions=true").body["items"][0]["generation"]
    assert cloud.call("DELETE", f"{ROOT}/acme-data/o/a?generation={old}").status == 204
    assert cloud.call("DELETE", f"{ROOT}/acme-data").status == 204
    gone = cloud.call("GET", f"{ROOT}/acme-data")
    assert (gone.status, gone.reason) == (404, "notFound")
    assert cloud.bucket("acme-data").status == 200


def test_locked_uniform_access_stays(cloud: GoogleCloud) -> None:
    access = {"uniformBucketLevelAccess": {"enabled": True}}
    off = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}
    cloud.bucket("acme-data", iamConfiguration=access)
    cloud.bucket("acme-early", iamConfiguration=access)
    assert cloud.call("PATCH", f"{ROOT}/acme-early", off).status == 200
    cloud.world.clock.advance(91 * 24 * 3600)
    assert cloud.call("PATCH", f"{ROOT}/acme-data", off).status == 412


def test_a_locked_retention_policy_cannot_be_shortened(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", retentionPolicy={"retentionPeriod": "100"})
    cloud.upload("acme-data", "a", b"1")
    refused = cloud.call("DELETE", f"{ROOT}/acme-data/o/a")
    assert (refused.status, refused.reason) == (403, "retentionPolicyNotMet")
    assert cloud.upload("acme-data", "a", b"2").status == 403
    lock = f"{ROOT}/acme-data/lockRetentionPolicy?ifMetagenerationMatch=1"
    assert cloud.call("POST", lock).body["retentionPolicy"]["isLocked"]
    assert cloud.call("PATCH", f"{ROOT}/acme-data", {"retentionPolicy": {"retentionPeriod": "50"}}).status == 403
    assert cloud.call("PATCH", f"{ROOT}/acme-data", {"retentionPolicy": None}).status == 403
    cloud.world.clock.advance(101)
    assert cloud.call("DELETE", f"{ROOT}/acme-data/o/a").status == 204


def test_facts_beside_buckets(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    agent = cloud.call("GET", f"storage.googleapis.com/storage/v1/projects/{PROJECT}/serviceAccount").body
    assert agent["email_address"] == f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    assert cloud.call("GET", f"{ROOT}/acme-data/storageLayout").body["location"] == "EUROPE-WEST1"

"""What time does in buckets: lifecycle, retention, holds, deleted buckets."""

from __future__ import annotations

from typing import Any

from tests.sandbox.core.cloud import PROJECT, GoogleCloud

ROOT = "storage.googleapis.com/storage/v1/b"
BUCKET = f"{ROOT}/acme-data"
DAY = 86400


def rule(kind: str, **condition: Any) -> dict[str, Any]:
    action = {"type": "SetStorageClass", "storageClass": kind} if kind.isupper() else {"type": kind}
    return {"action": action, "condition": condition}


def names(cloud: GoogleCloud, query: str = "") -> list[str]:
    return [item["name"] for item in cloud.call("GET", f"{BUCKET}/o?{query}").body.get("items", [])]


def test_rules_delete_and_cool_objects_when_the_clock_moves(cloud: GoogleCloud) -> None:
    rules = [rule("Delete", age=10, matchesPrefix=["tmp/"]), rule("NEARLINE", age=5), rule("COLDLINE", age=5)]
    cloud.bucket("acme-data", lifecycle={"rule": rules}, softDeletePolicy={"retentionDurationSeconds": "0"})
    for name in ("tmp/a", "keep"):
        cloud.upload("acme-data", name, b"1")
    cloud.world.clock.advance(6 * DAY)
    kept = cloud.call("GET", f"{BUCKET}/o/keep").body
    assert (kept["storageClass"], kept["metageneration"]) == ("COLDLINE", "2")
    cloud.world.clock.advance(5 * DAY)
    assert names(cloud) == ["keep"]


def test_rules_thin_out_old_versions(cloud: GoogleCloud) -> None:
    rules = [rule("Delete", numNewerVersions=2, isLive=False)]
    cloud.bucket("acme-data", versioning={"enabled": True}, lifecycle={"rule": rules})
    for content in (b"1", b"2", b"3", b"4"):
        cloud.upload("acme-data", "a", content)
    cloud.world.clock.advance(DAY)
    assert names(cloud, "versions=true") == ["a", "a"]
    assert cloud.call("GET", f"{BUCKET}/o/a?alt=media").content == b"4"


def test_held_objects_outlive_their_rules(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", lifecycle={"rule": [rule("Delete", age=1)]})
    cloud.upload("acme-data", "a", b"1")
    cloud.call("PATCH", f"{BUCKET}/o/a", {"temporaryHold": True})
    cloud.world.clock.advance(2 * DAY)
    assert names(cloud) == ["a"]
    cloud.call("PATCH", f"{BUCKET}/o/a", {"temporaryHold": False})
    cloud.world.clock.advance(DAY)
    assert names(cloud) == []


def test_unfinished_multipart_uploads_are_given_up(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", lifecycle={"rule": [rule("AbortIncompleteMultipartUpload", age=1)]})
    cloud.call("POST", "storage.googleapis.com/acme-data/big?uploads", b"")
    listing = "storage.googleapis.com/acme-data?uploads"
    assert b"<Upload>" in cloud.call("GET", listing).content
    cloud.world.clock.advance(2 * DAY)
    assert b"<Upload>" not in cloud.call("GET", listing).content


def test_an_event_based_hold_starts_the_retention_period(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", retentionPolicy={"retentionPeriod": "1000"}, defaultEventBasedHold=True)
    made = cloud.upload("acme-data", "a", b"1").body
    assert made["eventBasedHold"]
    assert "retentionExpirationTime" not in cloud.call("GET", f"{BUCKET}/o/a").body
    cloud.world.clock.advance(2000)
    assert cloud.call("DELETE", f"{BUCKET}/o/a").status == 403
    released = cloud.call("PATCH", f"{BUCKET}/o/a", {"eventBasedHold": False}).body
    assert "retentionExpirationTime" in released
    assert cloud.call("DELETE", f"{BUCKET}/o/a").reason == "retentionPolicyNotMet"
    cloud.world.clock.advance(1001)
    assert cloud.call("DELETE", f"{BUCKET}/o/a").status == 204


def test_an_objects_own_retention(cloud: GoogleCloud) -> None:
    body = {"name": "acme-data", "location": "EU"}
    cloud.call("POST", f"{ROOT}?project={PROJECT}&enableObjectRetention=true", body)
    cloud.upload("acme-data", "a", b"1")
    kept = {"mode": "Unlocked", "retainUntilTime": "2027-01-01T00:00:00Z"}
    assert cloud.call("PATCH", f"{BUCKET}/o/a", {"retention": kept}).body["retention"] == kept
    assert cloud.call("DELETE", f"{BUCKET}/o/a").status == 403
    assert cloud.call("PATCH", f"{BUCKET}/o/a", {"retention": None}).status == 403
    assert cloud.call("PATCH", f"{BUCKET}/o/a?overrideUnlockedRetention=true", {"retention": None}).status == 200
    locked = kept | {"mode": "Locked"}
    assert cloud.call("PATCH", f"{BUCKET}/o/a", {"retention": locked}).status == 200
    shorter = locked | {"retainUntilTime": "2026-12-01T00:00:00Z"}
    assert cloud.call("PATCH", f"{BUCKET}/o/a?overrideUnlockedRetention=true", {"retention": shorter}).status == 403
    cloud.bucket("acme-plain")
    cloud.upload("acme-plain", "a", b"1")
    assert cloud.call("PATCH", f"{ROOT}/acme-plain/o/a", {"retention": kept}).status == 400


def test_a_deleted_bucket_can_be_restored_with_its_policy_and_soft_deleted_objects(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    generation = cloud.call("GET", BUCKET).body["generation"]
    grant = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:one@example.com"]}]}
    cloud.call("PUT", f"{BUCKET}/iam", grant)
    old = cloud.upload("acme-data", "a", b"precious").body["generation"]
    cloud.call("DELETE", f"{BUCKET}/o/a")
    assert cloud.call("DELETE", BUCKET).status == 204
    assert cloud.call("GET", BUCKET).status == 404
    listed = cloud.call("GET", f"{ROOT}?project={PROJECT}&softDeleted=true").body["items"]
    assert [(item["name"], item["generation"]) for item in listed] == [("acme-data", generation)]
    assert cloud.call("GET", f"{BUCKET}?softDeleted=true&generation={generation}").body["hardDeleteTime"]
    cloud.bucket("acme-data")
    assert cloud.call("POST", f"{BUCKET}/restore?generation={generation}").status == 409
    assert names(cloud, "softDeleted=true") == []
    cloud.call("DELETE", BUCKET)
    restored = cloud.call("POST", f"{BUCKET}/restore?generation={generation}").body
    assert (restored["generation"], "softDeleteTime" in restored) == (generation, False)
    assert cloud.call("GET", f"{BUCKET}/o", token=cloud.user("one@example.com")).status == 200
    assert cloud.call("POST", f"{BUCKET}/o/a/restore?generation={old}", {}).status == 200
    assert cloud.call("GET", f"{BUCKET}/o/a?alt=media").content == b"precious"


def test_a_deleted_bucket_is_gone_for_good_after_a_week(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    generation = cloud.call("GET", BUCKET).body["generation"]
    cloud.call("DELETE", BUCKET)
    cloud.world.clock.advance(8 * DAY)
    assert "items" not in cloud.call("GET", f"{ROOT}?project={PROJECT}&softDeleted=true").body
    assert cloud.call("POST", f"{BUCKET}/restore?generation={generation}").status == 404


def test_many_objects_are_restored_at_once(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    for name in ("logs/a", "logs/b", "other"):
        cloud.upload("acme-data", name, b"old")
        cloud.call("DELETE", f"{BUCKET}/o/{name.replace('/', '%2F')}")
    cloud.upload("acme-data", "logs/b", b"new")
    begun = cloud.call("POST", f"{BUCKET}/o/bulkRestore", {"matchGlobs": ["logs/**"]}).body
    assert (begun["done"], begun["metadata"]["succeededCount"], begun["metadata"]["skippedCount"]) == (True, "1", "1")
    assert names(cloud) == ["logs/a", "logs/b"]
    identifier = begun["name"].rpartition("/")[2]
    assert cloud.call("GET", f"{BUCKET}/operations/{identifier}").body["done"]


def test_autoclass_is_dated(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", autoclass={"enabled": True})
    shown = cloud.call("GET", BUCKET).body["autoclass"]
    assert (shown["terminalStorageClass"], "toggleTime" in shown) == ("NEARLINE", True)
    sent = {"storageClass": "ARCHIVE"}
    url = "storage.googleapis.com/upload/storage/v1/b/acme-data/o?uploadType=resumable&name=a"
    session = cloud.call("POST", url, sent).headers["location"].removeprefix("https://")
    assert cloud.call("PUT", session, b"1").body["storageClass"] == "STANDARD"
    assert cloud.bucket("acme-other", autoclass={"enabled": True}, storageClass="NEARLINE").status == 400

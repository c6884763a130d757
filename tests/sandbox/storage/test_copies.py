"""Rewrites in steps, moves, compositions, keys, transcoding, payers, notifications."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

import pytest

from tests.sandbox.core.cloud import NUMBER, PROJECT, GoogleCloud

ROOT = "storage.googleapis.com/storage/v1/b"
BUCKET = f"{ROOT}/acme-data"
ONE = "one@example.com"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def bucket(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data")
    return cloud


def test_a_rewrite_between_places_goes_in_steps(bucket: GoogleCloud) -> None:
    bucket.call("POST", f"{ROOT}?project={PROJECT}", {"name": "acme-us", "location": "US"})
    content = bytes(MEBIBYTE) + b"tail"
    bucket.upload("acme-data", "a", content)
    url = f"{BUCKET}/o/a/rewriteTo/b/acme-us/o/a?maxBytesRewrittenPerCall={MEBIBYTE}"
    first = bucket.call("POST", url, {}).body
    assert (first["done"], first["totalBytesRewritten"]) == (False, str(MEBIBYTE))
    assert bucket.call("GET", f"{ROOT}/acme-us/o/a").status == 404
    other = f"{BUCKET}/o/a/rewriteTo/b/acme-us/o/other?rewriteToken={first['rewriteToken']}"
    assert bucket.call("POST", other, {}).status == 400
    last = bucket.call("POST", f"{url}&rewriteToken={first['rewriteToken']}", {}).body
    assert (last["done"], last["resource"]["size"]) == (True, str(len(content)))
    assert bucket.call("POST", f"{url}&rewriteToken={first['rewriteToken']}", {}).status == 400
    assert bucket.call("POST", f"{BUCKET}/o/a/rewriteTo/b/acme-us/o/b?maxBytesRewrittenPerCall=5", {}).status == 400
    near = bucket.call("POST", f"{BUCKET}/o/a/rewriteTo/b/acme-data/o/b?maxBytesRewrittenPerCall={MEBIBYTE}", {})
    assert near.body["done"]


def test_a_move_leaves_nothing_behind(bucket: GoogleCloud) -> None:
    made = bucket.upload("acme-data", "a", b"1").body
    moved = bucket.call("POST", f"{BUCKET}/o/a/moveTo/o/b%2Fc").body
    assert (moved["name"], moved["metageneration"]) == ("b/c", "1")
    assert moved["generation"] != made["generation"]
    assert bucket.call("GET", f"{BUCKET}/o/a").status == 404
    assert "items" not in bucket.call("GET", f"{BUCKET}/o?softDeleted=true").body
    assert bucket.call("GET", f"{BUCKET}/o/b%2Fc?alt=media").content == b"1"
    assert bucket.call("POST", f"{BUCKET}/o/b%2Fc/moveTo/o/b%2Fc").status == 400
    assert bucket.call("POST", f"{BUCKET}/o/b%2Fc/moveTo/o/d?ifSourceGenerationMatch=1").status == 412


def test_composites_have_no_md5_and_count_their_parts(bucket: GoogleCloud) -> None:
    for name in ("a", "b"):
        bucket.upload("acme-data", name, name.encode())
    joined = {"sourceObjects": [{"name": "a"}, {"name": "b"}], "destination": {"crc32c": "AAAAAA=="}}
    made = bucket.call("POST", f"{BUCKET}/o/ab/compose", joined).body
    assert (made["componentCount"], "md5Hash" in made) == (2, False)
    again = {"sourceObjects": [{"name": "ab"}, {"name": "a"}], "deleteSourceObjects": True}
    assert bucket.call("POST", f"{BUCKET}/o/aba/compose", again).body["componentCount"] == 3
    assert [item["name"] for item in bucket.call("GET", f"{BUCKET}/o").body["items"]] == ["aba", "b"]
    stale = {"sourceObjects": [{"name": "b", "objectPreconditions": {"ifGenerationMatch": "1"}}]}
    assert bucket.call("POST", f"{BUCKET}/o/x/compose", stale).status == 412
    assert bucket.call("POST", f"{BUCKET}/o/x/compose", {"sourceObjects": [{"name": "b"}] * 33}).status == 400


def test_a_customers_key_is_needed_to_read(bucket: GoogleCloud) -> None:
    def headers(key: bytes) -> dict[str, str]:
        digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
        encoded = base64.b64encode(key).decode()
        prefix = "x-goog-encryption"
        return {f"{prefix}-algorithm": "AES256", f"{prefix}-key": encoded, f"{prefix}-key-sha256": digest}

    own, other = headers(b"k" * 32), headers(b"o" * 32)
    url = "storage.googleapis.com/upload/storage/v1/b/acme-data/o?uploadType=media&name=a"
    made = bucket.call("POST", url, b"secret", headers={"content-type": "text/plain"} | own).body
    assert made["customerEncryption"]["encryptionAlgorithm"] == "AES256"
    read = f"{BUCKET}/o/a?alt=media"
    assert bucket.call("GET", read, headers=own).content == b"secret"
    assert bucket.call("GET", read).reason == "resourceIsEncryptedWithCustomerEncryptionKey"
    assert bucket.call("GET", read, headers=other).reason == "customerEncryptionKeyIsIncorrect"
    assert "crc32c" not in bucket.call("GET", f"{BUCKET}/o/a").body
    wrong = own | {"x-goog-encryption-key-sha256": other["x-goog-encryption-key-sha256"]}
    assert bucket.call("GET", read, headers=wrong).reason == "customerEncryptionKeySha256IsInvalid"


def test_compressed_content_is_unpacked_for_who_cannot(bucket: GoogleCloud) -> None:
    packed = gzip.compress(b"text " * 100)
    url = "storage.googleapis.com/upload/storage/v1/b/acme-data/o?uploadType=media&name=a&contentEncoding=gzip"
    bucket.call("POST", url, packed, headers={"content-type": "text/plain"})
    read = f"{BUCKET}/o/a?alt=media"
    plain = bucket.call("GET", read)
    assert (plain.content, "content-encoding" in plain.headers) == (b"text " * 100, False)
    kept = bucket.call("GET", read, headers={"accept-encoding": "gzip"})
    assert (kept.content, kept.headers["content-encoding"]) == (packed, "gzip")


def test_requesters_pay_where_the_bucket_says_so(bucket: GoogleCloud) -> None:
    bucket.upload("acme-data", "a", b"1")
    bucket.call("PATCH", BUCKET, {"billing": {"requesterPays": True}})
    grant = {"bindings": [{"role": "roles/storage.objectViewer", "members": [f"user:{ONE}"]}]}
    bucket.call("PUT", f"{BUCKET}/iam", grant)
    token = bucket.user(ONE)
    refused = bucket.call("GET", f"{BUCKET}/o/a", token=token)
    assert refused.message == "Bucket is a requester pays bucket but no user project provided."
    foreign = bucket.call("GET", f"{BUCKET}/o/a?userProject={PROJECT}", token=token)
    assert (foreign.status, "serviceusage.services.use" in foreign.message) == (403, True)
    project = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    bucket.grant(project, "roles/serviceusage.serviceUsageConsumer", f"user:{ONE}")
    assert bucket.call("GET", f"{BUCKET}/o/a?userProject={PROJECT}", token=token).status == 200


def test_notifications_reach_a_topic(bucket: GoogleCloud) -> None:
    topic = f"projects/{PROJECT}/topics/changes"
    bucket.call("PUT", f"pubsub.googleapis.com/v1/{topic}", {})
    subscription = f"pubsub.googleapis.com/v1/projects/{PROJECT}/subscriptions/reader"
    bucket.call("PUT", subscription, {"topic": topic})
    wanted = {"topic": f"//pubsub.googleapis.com/{topic}", "payload_format": "JSON_API_V1", "object_name_prefix": "in/"}
    refused = bucket.call("POST", f"{BUCKET}/notificationConfigs", wanted)
    assert "does not have permission to publish messages" in refused.message
    agent = f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    grant = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}}
    bucket.call("POST", f"pubsub.googleapis.com/v1/{topic}:setIamPolicy", grant)
    made = bucket.call("POST", f"{BUCKET}/notificationConfigs", wanted).body
    assert bucket.call("GET", f"{BUCKET}/notificationConfigs").body["items"] == [made]
    bucket.upload("acme-data", "in%2Fa", b"1")
    bucket.upload("acme-data", "elsewhere", b"1")
    bucket.call("DELETE", f"{BUCKET}/o/in%2Fa")
    pulled = bucket.call("POST", f"{subscription}:pull", {"maxMessages": 10}).body["receivedMessages"]
    events = [entry["message"]["attributes"] for entry in pulled]
    assert [event["eventType"] for event in events] == ["OBJECT_FINALIZE", "OBJECT_DELETE"]
    assert {event["objectId"] for event in events} == {"in/a"}
    assert json.loads(base64.b64decode(pulled[0]["message"]["data"]))["size"] == "1"
    assert bucket.call("DELETE", f"{BUCKET}/notificationConfigs/{made['id']}").status == 204
    assert bucket.call("GET", f"{BUCKET}/notificationConfigs/{made['id']}").status == 404

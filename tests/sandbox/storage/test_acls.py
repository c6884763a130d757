"""Access control lists: what they open, and where they are refused."""

from __future__ import annotations

import pytest

from tests.sandbox.core.cloud import NUMBER, PROJECT, GoogleCloud

BUCKET = "storage.googleapis.com/storage/v1/b/acme-data"
ONE = "one@example.com"
READ_MORE = "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"


@pytest.fixture
def lists(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data")
    cloud.upload("acme-data", "a", b"1")
    return cloud


@pytest.fixture
def uniform(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data", iamConfiguration={"uniformBucketLevelAccess": {"enabled": True}})
    cloud.upload("acme-data", "a", b"1")
    return cloud


@pytest.mark.parametrize(
    ("verb", "path", "words"),
    [
        ("GET", "/o/a/acl", "Cannot get legacy ACL for an object"),
        ("GET", "/acl", "Cannot get legacy ACL for a bucket"),
        ("POST", "/acl", "Cannot use ACL API to update bucket policy"),
        ("POST", "/defaultObjectAcl", "Cannot use ACL API to update bucket policy"),
        ("GET", "/o/a/iam", "Cannot use the object's own policy"),
    ],
)
def test_uniform_access_refuses_lists(uniform: GoogleCloud, verb: str, path: str, words: str) -> None:
    body = {"entity": f"user-{ONE}", "role": "READER"} if verb == "POST" else None
    refused = uniform.call(verb, f"{BUCKET}{path}", body)
    assert refused.status == 400
    assert refused.message == f"{words} when uniform bucket-level access is enabled. {READ_MORE}"


def test_uniform_access_refuses_lists_of_new_objects(uniform: GoogleCloud) -> None:
    refused = uniform.upload("acme-data", "b", b"1", "&predefinedAcl=publicRead")
    assert refused.status == 400
    assert refused.message.startswith("Cannot insert legacy ACL for an object when uniform")
    assert "acl" not in uniform.call("GET", f"{BUCKET}/o/a?projection=full").body


def test_projections(lists: GoogleCloud) -> None:
    assert "acl" not in lists.call("GET", f"{BUCKET}/o/a").body
    full = lists.call("GET", f"{BUCKET}/o/a?projection=full").body
    assert full["owner"] == {"entity": "user-operator@example.com"}
    assert {(entry["entity"], entry["role"]) for entry in full["acl"]} == {
        (f"project-owners-{NUMBER}", "OWNER"),
        (f"project-editors-{NUMBER}", "OWNER"),
        (f"project-viewers-{NUMBER}", "READER"),
        ("user-operator@example.com", "OWNER"),
    }
    shown = lists.call("GET", f"{BUCKET}?projection=full").body
    assert {entry["entity"] for entry in shown["acl"]} >= {f"project-owners-{NUMBER}"}
    assert shown["owner"] == {"entity": f"project-owners-{NUMBER}"}
    listed = lists.call("GET", f"{BUCKET}/o?projection=full").body["items"][0]
    assert listed["acl"] == full["acl"]


def test_an_entry_opens_one_object_to_one_reader(lists: GoogleCloud) -> None:
    lists.upload("acme-data", "b", b"2")
    token = lists.user(ONE)
    read = f"{BUCKET}/o/a?alt=media"
    assert lists.call("GET", read, token=token).status == 403
    made = lists.call("POST", f"{BUCKET}/o/a/acl", {"entity": f"user-{ONE}", "role": "READER"}).body
    assert (made["role"], made["email"], made["object"]) == ("READER", ONE, "a")
    assert lists.call("GET", read, token=token).content == b"1"
    assert lists.call("GET", f"{BUCKET}/o/b", token=token).status == 403
    assert lists.call("GET", f"{BUCKET}/o/a/acl", token=token).status == 403
    assert lists.call("PUT", f"{BUCKET}/o/a/acl/user-{ONE}", {"role": "OWNER"}).body["role"] == "OWNER"
    assert lists.call("GET", f"{BUCKET}/o/a/acl", token=token).status == 200
    policy = lists.call("GET", f"{BUCKET}/o/a/iam").body["bindings"]
    assert f"user:{ONE}" in next(each["members"] for each in policy if each["role"].endswith("legacyObjectOwner"))
    assert lists.call("DELETE", f"{BUCKET}/o/a/acl/user-{ONE}").status == 204
    assert lists.call("GET", read, token=token).status == 403
    assert lists.call("GET", f"{BUCKET}/o/a/acl/user-{ONE}").status == 404


def test_a_new_version_does_not_inherit_a_list(lists: GoogleCloud) -> None:
    lists.call("POST", f"{BUCKET}/o/a/acl", {"entity": "allUsers", "role": "READER"})
    assert lists.call("GET", f"{BUCKET}/o/a", token="").status == 200
    lists.upload("acme-data", "a", b"2")
    assert lists.call("GET", f"{BUCKET}/o/a", token="").status == 401


def test_predefined_and_default_lists(lists: GoogleCloud) -> None:
    lists.upload("acme-data", "page", b"1", "&predefinedAcl=publicRead")
    assert lists.call("GET", "storage.googleapis.com/acme-data/page", token="").content == b"1"
    assert lists.call("PATCH", f"{BUCKET}/o/page?predefinedAcl=private", {"cacheControl": "no-store"}).status == 200
    assert lists.call("GET", "storage.googleapis.com/acme-data/page", token="").status == 401
    default = lists.call("POST", f"{BUCKET}/defaultObjectAcl", {"entity": f"user-{ONE}", "role": "READER"})
    assert default.status == 200
    lists.upload("acme-data", "new", b"1")
    assert lists.call("GET", f"{BUCKET}/o/new", token=lists.user(ONE)).status == 200
    assert lists.upload("acme-data", "x", b"1", "&predefinedAcl=nobody").status == 400


def test_a_buckets_list_is_its_policy(lists: GoogleCloud) -> None:
    lists.call("POST", f"{BUCKET}/acl", {"entity": f"user-{ONE}", "role": "WRITER"})
    bindings = lists.call("GET", f"{BUCKET}/iam").body["bindings"]
    assert {"role": "roles/storage.legacyBucketWriter", "members": [f"user:{ONE}"]} in bindings
    assert lists.upload("acme-data", "mine", b"1", token=lists.user(ONE)).status == 200
    assert lists.call("POST", f"{BUCKET}/acl", {"entity": "nobody", "role": "READER"}).status == 400
    assert lists.call("POST", f"{BUCKET}/acl", {"entity": f"user-{ONE}", "role": "KING"}).status == 400
    bindings.append({"role": "roles/storage.legacyBucketReader", "members": ["allAuthenticatedUsers"]})
    lists.call("PUT", f"{BUCKET}/iam", {"bindings": bindings})
    entities = {entry["entity"] for entry in lists.call("GET", f"{BUCKET}/acl").body["items"]}
    assert {f"user-{ONE}", "allAuthenticatedUsers"} <= entities


def test_prevented_public_access_refuses_public_entries(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", iamConfiguration={"publicAccessPrevention": "enforced"})
    cloud.upload("acme-data", "a", b"1")
    assert cloud.call("POST", f"{BUCKET}/o/a/acl", {"entity": "allUsers", "role": "READER"}).status == 412


def test_a_bucket_made_with_lists(cloud: GoogleCloud) -> None:
    url = f"storage.googleapis.com/storage/v1/b?project={PROJECT}&predefinedDefaultObjectAcl=publicRead"
    made = cloud.call("POST", url, {"name": "acme-data", "acl": [{"entity": f"user-{ONE}", "role": "OWNER"}]}).body
    assert [(entry["entity"], entry["role"]) for entry in made["acl"]] == [(f"user-{ONE}", "OWNER")]
    cloud.upload("acme-data", "a", b"1")
    assert cloud.call("GET", f"{BUCKET}/o/a", token="").status == 200

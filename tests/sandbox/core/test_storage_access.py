"""Who may do what with buckets, folders and objects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.core.cloud import PROJECT, GoogleCloud

BUCKET = "storage.googleapis.com/storage/v1/b/acme-tfstate"
ONE, OTHER = "one@example.com", "other@example.com"


@pytest.fixture
def bucket(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket(
        "acme-tfstate",
        versioning={"enabled": True},
        iamConfiguration={"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
    )
    for name in ("one/dev/default.tfstate", "other/dev/default.tfstate"):
        cloud.upload("acme-tfstate", name, b"{}")
    return cloud


def grant(cloud: GoogleCloud, url: str, *bindings: dict[str, Any]) -> int:
    policy = cloud.call("GET", f"{url}/iam?optionsRequestedPolicyVersion=3").body
    body = {"bindings": [*policy.get("bindings", []), *bindings], "etag": policy["etag"], "version": 3}
    return cloud.call("PUT", f"{url}/iam", body).status


def test_a_stranger_gets_nothing(bucket: GoogleCloud) -> None:
    token = bucket.user(ONE)
    refused = bucket.call("GET", f"{BUCKET}/o", token=token)
    assert refused.status == 403
    assert refused.message.startswith(
        f"{ONE} does not have storage.objects.list access to the Google Cloud Storage bucket"
    )
    assert bucket.call("GET", f"{BUCKET}/o/one%2Fdev%2Fdefault.tfstate", token=token).status == 403
    assert bucket.upload("acme-tfstate", "one/x", b"", token=token).status == 403
    create = f"storage.googleapis.com/storage/v1/b?project={PROJECT}"
    assert bucket.call("POST", create, {"name": "acme-mine"}, token=token).status == 403


def test_a_managed_folder_opens_what_is_below_it_and_nothing_else(bucket: GoogleCloud) -> None:
    bucket.call("POST", f"{BUCKET}/managedFolders", {"name": "one/dev/"})
    folder = f"{BUCKET}/managedFolders/one%2Fdev%2F"
    assert grant(bucket, folder, {"role": "roles/storage.objectUser", "members": [f"user:{ONE}"]}) == 200
    token = bucket.user(ONE)
    assert bucket.call("GET", f"{BUCKET}/o/one%2Fdev%2Fdefault.tfstate?alt=media", token=token).content == b"{}"
    assert bucket.upload("acme-tfstate", "one/dev/default.tfstate", b"{1}", token=token).status == 200
    assert bucket.call("GET", f"{BUCKET}/o?prefix=one/dev/", token=token).status == 200
    assert bucket.call("GET", "storage.googleapis.com/acme-tfstate/one/dev/default.tfstate", token=token).status == 200
    for verb, url in (
        ("GET", f"{BUCKET}/o/other%2Fdev%2Fdefault.tfstate"),
        ("GET", f"{BUCKET}/o"),
        ("GET", f"{BUCKET}/o?prefix=one/"),
        ("GET", f"{BUCKET}/o?prefix=other/dev/"),
        ("DELETE", f"{BUCKET}/o/other%2Fdev%2Fdefault.tfstate"),
        ("GET", "storage.googleapis.com/acme-tfstate/other/dev/default.tfstate"),
        ("GET", f"{folder}/iam"),
    ):
        assert bucket.call(verb, url, token=token).status == 403, url
    assert bucket.upload("acme-tfstate", "one/developers", b"", token=token).status == 403


def test_a_condition_on_names_does_not_open_listing(bucket: GoogleCloud) -> None:
    condition = {
        "title": "mine",
        "expression": 'resource.name.startsWith("projects/_/buckets/acme-tfstate/objects/one/")',
    }
    binding = {"role": "roles/storage.objectViewer", "members": [f"user:{ONE}"], "condition": condition}
    assert grant(bucket, BUCKET, binding) == 200
    token = bucket.user(ONE)
    assert bucket.call("GET", f"{BUCKET}/o/one%2Fdev%2Fdefault.tfstate", token=token).status == 200
    assert bucket.call("GET", f"{BUCKET}/o/other%2Fdev%2Fdefault.tfstate", token=token).status == 403
    assert bucket.call("GET", f"{BUCKET}/o?prefix=one/", token=token).status == 403


def test_overwriting_needs_the_right_to_delete(bucket: GoogleCloud) -> None:
    grant(bucket, BUCKET, {"role": "roles/storage.objectCreator", "members": [f"user:{ONE}"]})
    token = bucket.user(ONE)
    assert bucket.upload("acme-tfstate", "one/new", b"1", token=token).status == 200
    refused = bucket.upload("acme-tfstate", "one/new", b"2", token=token)
    assert (refused.status, "storage.objects.delete" in refused.message) == (403, True)


def test_copying_needs_both_ends(bucket: GoogleCloud) -> None:
    bucket.bucket("acme-mine")
    mine = "storage.googleapis.com/storage/v1/b/acme-mine"
    grant(bucket, mine, {"role": "roles/storage.objectAdmin", "members": [f"user:{ONE}"]})
    steal = f"{BUCKET}/o/other%2Fdev%2Fdefault.tfstate/rewriteTo/b/acme-mine/o/loot"
    token = bucket.user(ONE)
    assert bucket.call("POST", steal, {}, token=token).status == 403
    grant(bucket, BUCKET, {"role": "roles/storage.objectViewer", "members": [f"user:{ONE}"]})
    assert bucket.call("POST", steal, {}, token=token).status == 200


def test_public_members_are_refused_where_public_access_is_prevented(bucket: GoogleCloud) -> None:
    assert grant(bucket, BUCKET, {"role": "roles/storage.objectViewer", "members": ["allUsers"]}) == 412
    bucket.bucket("acme-public")
    public = "storage.googleapis.com/storage/v1/b/acme-public"
    assert grant(bucket, public, {"role": "roles/storage.objectViewer", "members": ["allUsers"]}) == 200
    bucket.upload("acme-public", "page", b"hello")
    assert bucket.call("GET", "storage.googleapis.com/acme-public/page", token="").content == b"hello"
    assert bucket.call("GET", f"{public}/o/page", token="").status == 200
    assert bucket.call("DELETE", f"{public}/o/page", token="").status == 401


def test_a_stale_policy_is_not_written(bucket: GoogleCloud) -> None:
    old = bucket.call("GET", f"{BUCKET}/iam").body
    grant(bucket, BUCKET, {"role": "roles/storage.objectViewer", "members": [f"user:{OTHER}"]})
    assert bucket.call("PUT", f"{BUCKET}/iam", {"bindings": old["bindings"], "etag": old["etag"]}).status == 409


def test_permissions_can_be_tested(bucket: GoogleCloud) -> None:
    grant(bucket, BUCKET, {"role": "roles/storage.objectViewer", "members": [f"user:{ONE}"]})
    url = f"{BUCKET}/iam/testPermissions?permissions=storage.objects.get&permissions=storage.objects.delete"
    assert bucket.call("GET", url, token=bucket.user(ONE)).body["permissions"] == ["storage.objects.get"]
    assert "permissions" not in bucket.call("GET", url, token=bucket.user(OTHER)).body


def test_managed_folders(bucket: GoogleCloud) -> None:
    folders = f"{BUCKET}/managedFolders"
    made = bucket.call("POST", folders, {"name": "one/dev/"}).body
    assert (made["name"], made["metageneration"]) == ("one/dev/", "1")
    assert bucket.call("POST", folders, {"name": "one/dev/"}).status == 409
    assert [item["name"] for item in bucket.call("GET", folders).body["items"]] == ["one/dev/"]
    assert bucket.call("DELETE", f"{folders}/one%2Fdev%2F").status == 409
    assert bucket.call("DELETE", f"{folders}/one%2Fdev%2F?allowNonEmpty=true").status == 204
    assert bucket.call("GET", f"{folders}/one%2Fdev%2F").status == 404
    assert bucket.call("GET", f"{BUCKET}/o?prefix=one/").body["items"]
    bucket.bucket("acme-acl")
    assert (
        bucket.call("POST", "storage.googleapis.com/storage/v1/b/acme-acl/managedFolders", {"name": "a/"}).status == 400
    )


def test_a_deleted_buckets_policy_is_gone(bucket: GoogleCloud) -> None:
    bucket.bucket("acme-mine")
    mine = "storage.googleapis.com/storage/v1/b/acme-mine"
    grant(bucket, mine, {"role": "roles/storage.objectViewer", "members": [f"user:{ONE}"]})
    bucket.call("DELETE", mine)
    bucket.bucket("acme-mine")
    assert bucket.call("GET", f"{mine}/o", token=bucket.user(ONE)).status == 403

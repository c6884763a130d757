"""Folders of buckets with a hierarchical namespace."""

from __future__ import annotations

import pytest

from tests.sandbox.core.cloud import GoogleCloud

BUCKET = "storage.googleapis.com/storage/v1/b/acme-tree"
UNIFORM = {"uniformBucketLevelAccess": {"enabled": True}}


@pytest.fixture
def tree(cloud: GoogleCloud) -> GoogleCloud:
    made = cloud.bucket("acme-tree", hierarchicalNamespace={"enabled": True}, iamConfiguration=UNIFORM)
    assert made.status == 200, made.message
    return cloud


def folders(cloud: GoogleCloud, query: str = "") -> list[str]:
    return [item["name"] for item in cloud.call("GET", f"{BUCKET}/folders?{query}").body.get("items", [])]


def test_a_tree_needs_uniform_access_and_stays_a_tree(tree: GoogleCloud) -> None:
    assert tree.bucket("acme-flat", hierarchicalNamespace={"enabled": True}).status == 400
    assert tree.call("PATCH", BUCKET, {"hierarchicalNamespace": {"enabled": False}}).status == 400
    assert tree.call("PATCH", BUCKET, {"labels": {"a": "b"}}).body["hierarchicalNamespace"] == {"enabled": True}
    tree.bucket("acme-flat")
    assert tree.call("POST", BUCKET.replace("tree", "flat") + "/folders", {"name": "a/"}).status == 400


def test_folders_are_made_and_deleted(tree: GoogleCloud) -> None:
    assert tree.call("POST", f"{BUCKET}/folders", {"name": "a/b/"}).status == 404
    assert tree.call("POST", f"{BUCKET}/folders?recursive=true", {"name": "a/b/"}).body["name"] == "a/b/"
    assert tree.call("POST", f"{BUCKET}/folders", {"name": "a/"}).status == 409
    tree.upload("acme-tree", "c%2Fd%2Fobject", b"1")
    assert folders(tree) == ["a/", "a/b/", "c/", "c/d/"]
    assert folders(tree, "delimiter=/") == ["a/", "c/"]
    assert folders(tree, "prefix=c/") == ["c/", "c/d/"]
    assert tree.call("DELETE", f"{BUCKET}/folders/c%2Fd%2F").status == 409
    assert tree.call("DELETE", f"{BUCKET}/folders/a%2Fb%2F").status == 204
    assert tree.call("POST", f"{BUCKET}/folders/c%2F/deleteRecursive").body["done"]
    assert folders(tree) == ["a/"]
    assert tree.call("GET", f"{BUCKET}/o/c%2Fd%2Fobject").status == 404
    listed = tree.call("GET", f"{BUCKET}/o?delimiter=/&includeFoldersAsPrefixes=true").body
    assert listed["prefixes"] == ["a/"]
    assert tree.call("DELETE", BUCKET).status == 409


def test_a_folder_is_renamed_with_everything_in_it(tree: GoogleCloud) -> None:
    made = tree.upload("acme-tree", "old%2Fdeep%2Fobject", b"1").body
    tree.call("POST", f"{BUCKET}/managedFolders", {"name": "old/deep/"})
    grant = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:one@example.com"]}]}
    tree.call("PUT", f"{BUCKET}/managedFolders/old%2Fdeep%2F/iam", grant)
    assert tree.call("POST", f"{BUCKET}/folders/old%2F/renameTo/folders/old%2Fin%2F").status == 400
    done = tree.call("POST", f"{BUCKET}/folders/old%2F/renameTo/folders/new%2F").body
    assert (done["done"], done["response"]["name"]) == (True, "new/")
    assert folders(tree) == ["new/", "new/deep/"]
    moved = tree.call("GET", f"{BUCKET}/o/new%2Fdeep%2Fobject").body
    assert (moved["generation"], moved["name"]) == (made["generation"], "new/deep/object")
    assert tree.call("GET", f"{BUCKET}/o/old%2Fdeep%2Fobject").status == 404
    token = tree.user("one@example.com")
    assert tree.call("GET", f"{BUCKET}/o/new%2Fdeep%2Fobject?alt=media", token=token).content == b"1"


def test_an_operation_can_take_polls(tree: GoogleCloud) -> None:
    tree.call("POST", f"{BUCKET}/folders", {"name": "a/"})
    tree.world.settings.change({"lro_polls": 2})
    begun = tree.call("POST", f"{BUCKET}/folders/a%2F/renameTo/folders/b%2F").body
    assert (begun["done"], "response" in begun) == (False, False)
    url = f"{BUCKET}/operations/{begun['name'].rpartition('/')[2]}"
    assert [tree.call("GET", url).body["done"] for _ in range(2)] == [False, True]

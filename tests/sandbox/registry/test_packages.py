"""Packages, versions, tags and files through the API; generic artifacts; cleanup by policy; project settings."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from provisioner.sandbox.google.registry.cleanup import clean
from provisioner.sandbox.google.services.docker_images import REPOSITORIES
from tests.sandbox.identity.cloud import PROJECT, Answer, Cloud
from tests.sandbox.services.registry import API, LOCATION, REPOSITORY, Registry, create_repository

Json = dict[str, Any]
LOCATIONS = f"{API}/projects/{PROJECT}/locations"
PACKAGE = f"{API}/{REPOSITORY}/packages/{quote('team/api', safe='')}"
FILES = f"{LOCATIONS}/{LOCATION}/repositories/files"
DAY = 86400


def upload(cloud: Cloud, filename: str, content: bytes = b"hello", version: str = "1.0") -> Answer:
    metadata = {"packageId": "tool", "versionId": version, "filename": filename}
    body = (
        b"--b\r\nContent-Type: application/json\r\n\r\n"
        + json.dumps(metadata).encode()
        + b"\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
        + content
        + b"\r\n--b--"
    )  # fmt: skip
    url = f"{FILES.replace('/v1/', '/upload/v1/')}/genericArtifacts:create?uploadType=multipart"
    headers = {"content-type": 'multipart/related; boundary="b"'}
    return cloud.call("POST", url, headers=headers, content=body)


@pytest.fixture
def generic(cloud: Cloud) -> Cloud:
    cloud.ok("POST", f"{LOCATIONS}/{LOCATION}/repositories?repositoryId=files", {"format": "GENERIC"})
    return cloud


def test_a_generic_file_comes_back_as_it_was(generic: Cloud) -> None:
    answer = upload(generic, "bin/tool.sh")
    assert answer.status == 200
    assert answer.body["operation"]["response"]["version"] == "1.0"
    listed = generic.ok("GET", f"{FILES}/files")["files"]
    name = f"{FILES.partition('/v1/')[2]}/files/tool:1.0:bin%2Ftool.sh"
    assert [entry["name"] for entry in listed] == [name]
    got = generic.call("GET", f"{API}/{quote(name, safe='/:%')}:download?alt=media")
    assert (got.status, got.content) == (200, b"hello")
    assert upload(generic, "bin/tool.sh").status == 409
    assert upload(generic, "../x y").status == 400
    owner = generic.ok("GET", f"{FILES}/packages/tool/versions")["versions"][0]["name"]
    query = {"filter": f'owner="{owner}"'}
    assert len(generic.ok("GET", f"{FILES}/files", query=query)["files"]) == 1
    assert generic.ok("GET", f"{FILES}/files", query={"filter": 'owner="x"'}) == {}
    assert generic.call("GET", f"{FILES}/files", query={"filter": "size>1"}).status == 400
    assert generic.ok("GET", FILES)["sizeBytes"] == "5"


def test_downloading_needs_more_than_looking(generic: Cloud) -> None:
    upload(generic, "tool.sh")
    role = {"title": "looker", "includedPermissions": ["artifactregistry.files.get", "artifactregistry.files.list"]}
    generic.ok("POST", f"iam.googleapis.com/v1/projects/{PROJECT}/roles", {"roleId": "looker", "role": role})
    binding = {"role": f"projects/{PROJECT}/roles/looker", "members": ["user:ada@example.com"]}
    generic.ok("POST", f"{FILES}:setIamPolicy", {"policy": {"bindings": [binding]}})
    ada = generic.user_token("ada@example.com")
    assert generic.call("GET", f"{FILES}/files/tool:1.0:tool.sh", token=ada).status == 200
    refused = generic.call("GET", f"{FILES}/files/tool:1.0:tool.sh:download", token=ada)
    assert (refused.status, "artifactregistry.files.download" in refused.message) == (403, True)


def test_a_version_goes_with_its_files(generic: Cloud) -> None:
    upload(generic, "a", version="1.0")
    upload(generic, "b", version="2.0")
    names = [entry["name"] for entry in generic.ok("GET", f"{FILES}/packages/tool/versions")["versions"]]
    generic.ok("POST", f"{FILES}/packages/tool/versions:batchDelete", {"names": names[:1]})
    assert [entry["owner"] for entry in generic.ok("GET", f"{FILES}/files")["files"]] == names[1:]
    generic.ok("DELETE", f"{FILES}/packages/tool")
    assert generic.ok("GET", f"{FILES}/files") == {}
    assert generic.call("GET", f"{FILES}/packages/tool").status == 404


def test_packages_have_annotations_and_go_with_everything(cloud: Cloud) -> None:
    create_repository(cloud)
    Registry(cloud).push("v1")
    cloud.ok("PATCH", f"{PACKAGE}?updateMask=annotations", {"annotations": {"team": "payments"}})
    assert cloud.ok("GET", PACKAGE)["annotations"] == {"team": "payments"}
    assert cloud.call("PATCH", f"{PACKAGE}?updateMask=displayName", {"displayName": "x"}).status == 400
    cloud.ok("DELETE", PACKAGE)
    assert cloud.call("GET", PACKAGE).status == 404
    assert Registry(cloud).send("GET", "/manifests/v1").status == 404


def test_tags_are_made_and_moved_unless_they_are_immutable(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    first = registry.push("v1", layer=b"1").headers["docker-content-digest"]
    second = registry.push("v2", layer=b"2").headers["docker-content-digest"]
    version = f"{PACKAGE.partition('/v1/')[2]}/versions"
    cloud.ok("POST", f"{PACKAGE}/tags?tagId=stable", {"version": f"{version}/{first}"})
    assert cloud.call("POST", f"{PACKAGE}/tags?tagId=stable", {"version": f"{version}/{first}"}).status == 409
    assert cloud.call("POST", f"{PACKAGE}/tags?tagId=x", {"version": f"{version}/sha256:{'0' * 64}"}).status == 404
    cloud.ok("PATCH", f"{PACKAGE}/tags/stable?updateMask=version", {"version": f"{version}/{second}"})
    assert registry.send("GET", "/manifests/stable").headers["docker-content-digest"] == second
    listed = cloud.ok("GET", f"{PACKAGE}/tags", query={"filter": f'version="{version}/{second}"'})["tags"]
    assert sorted(tag["name"].rpartition("/")[2] for tag in listed) == ["stable", "v2"]
    cloud.ok("PATCH", f"{API}/{REPOSITORY}?updateMask=dockerConfig", {"dockerConfig": {"immutableTags": True}})
    moved = cloud.call("PATCH", f"{PACKAGE}/tags/stable", {"version": f"{version}/{first}"})
    assert (moved.status, "immutability" in moved.message) == (400, True)
    assert cloud.call("DELETE", PACKAGE).status == 400


def test_gcloud_s_older_version_shows_the_same(cloud: Cloud) -> None:
    create_repository(cloud)
    older = API.replace("/v1", "/v1beta2")
    found = cloud.ok("GET", f"{older}/projects/{PROJECT}/locations/{LOCATION}/repositories")["repositories"]
    assert [entry["name"] for entry in found] == [REPOSITORY]
    names = {entry["locationId"] for entry in cloud.ok("GET", f"{older}/projects/{PROJECT}/locations")["locations"]}
    assert {"europe", "europe-west1", "us"} <= names
    assert cloud.ok("GET", f"{LOCATIONS}/europe")["locationId"] == "europe"
    assert cloud.call("GET", f"{LOCATIONS}/atlantis").status == 404


def test_redirection_from_gcr_once_final_stays(cloud: Cloud) -> None:
    url = f"{API}/projects/{PROJECT}/projectSettings"
    assert cloud.ok("GET", url)["legacyRedirectionState"] == "REDIRECTION_FROM_GCR_IO_DISABLED"
    cloud.ok("PATCH", url, {"legacyRedirectionState": "REDIRECTION_FROM_GCR_IO_FINALIZED"})
    assert cloud.call("PATCH", url, {"legacyRedirectionState": "REDIRECTION_FROM_GCR_IO_DISABLED"}).status == 400


def policies(cloud: Cloud, **found: Json) -> None:
    body = {"cleanupPolicies": {name: {"id": name} | policy for name, policy in found.items()}}
    cloud.ok("PATCH", f"{API}/{REPOSITORY}?updateMask=cleanupPolicies", body)


def tags(cloud: Cloud) -> list[str]:
    found: list[str] = Registry(cloud).send("GET", "/tags/list").body["tags"]
    return found


def test_cleanup_deletes_what_is_old_and_keeps_what_is_kept(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    for number in range(4):
        registry.push(f"v{number}", layer=str(number).encode())
        cloud.world.clock.advance(DAY)
    registry.push("release-1", layer=b"release")
    policies(
        cloud,
        old={"action": "Delete", "condition": {"olderThan": f"{DAY}s", "tagState": "tagged"}},
        newest={"action": "KEEP", "mostRecentVersions": {"keepCount": 2}},
    )
    cloud.world.errands.settle()
    assert len(tags(cloud)) == 5
    cloud.world.clock.advance(DAY)
    assert tags(cloud) == ["release-1", "v3"]


def test_a_dry_run_deletes_nothing(cloud: Cloud) -> None:
    create_repository(cloud)
    Registry(cloud).push("v1")
    policies(cloud, all={"action": "DELETE", "condition": {"tagState": "ANY"}})
    cloud.ok("PATCH", f"{API}/{REPOSITORY}?updateMask=cleanupPolicyDryRun", {"cleanupPolicyDryRun": True})
    with cloud.world.store.transaction() as tx:
        repository = tx.get(REPOSITORIES, REPOSITORY)
        assert repository is not None
        gone = clean(tx, repository, cloud.world.clock.now())
    assert [version.tags for version in gone] == [("v1",)]
    assert tags(cloud) == ["v1"]


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ({"tagState": "UNTAGGED"}, ["dev-1", "v1"]),
        ({"tagState": "TAGGED", "tagPrefixes": ["dev-"]}, ["v1"]),
        ({"packageNamePrefixes": ["other/"]}, ["dev-1", "v1"]),
        ({"packageNamePrefixes": ["team/"]}, []),
        ({"newerThan": "60s", "tagState": "TAGGED"}, []),
        ({"olderThan": "60s"}, ["dev-1", "v1"]),
    ],
)
def test_conditions_of_cleanup_policies(cloud: Cloud, condition: Json, left: list[str]) -> None:
    create_repository(cloud)
    for tag in ("v1", "dev-1"):
        Registry(cloud).push(tag, layer=tag.encode())
    policies(cloud, rule={"action": "DELETE", "condition": condition})
    with cloud.world.store.transaction() as tx:
        clean(tx, tx.get(REPOSITORIES, REPOSITORY) or {}, cloud.world.clock.now())
    assert tags(cloud) == left


def test_policies_that_say_nothing_are_refused(cloud: Cloud) -> None:
    create_repository(cloud)
    for policy in (
        {"action": "DELETE"},
        {"condition": {"tagState": "ANY"}},
        {"action": "DELETE", "mostRecentVersions": {"keepCount": 1}},
        {"action": "DELETE", "condition": {}, "id": "other"},
    ):
        body = {"cleanupPolicies": {"rule": policy}}
        assert cloud.call("PATCH", f"{API}/{REPOSITORY}?updateMask=cleanupPolicies", body).status == 400, policy


def test_attachments_belong_to_versions_of_the_repository(cloud: Cloud) -> None:
    create_repository(cloud)
    pushed = Registry(cloud).push("v1").headers["docker-content-digest"]
    target = f"{REPOSITORY}/packages/team%2Fapi/versions/{pushed}"
    body = {"target": target, "type": "application/spdx", "files": [f"{REPOSITORY}/files/sbom"]}
    url = f"{API}/{REPOSITORY}/attachments"
    cloud.ok("POST", f"{url}?attachmentId=sbom", body)
    assert cloud.ok("GET", f"{url}/sbom")["target"] == target
    assert cloud.call("POST", f"{url}?attachmentId=sbom", body).status == 409
    assert cloud.call("POST", f"{url}?attachmentId=two", body | {"target": "projects/p"}).status == 400
    assert len(cloud.ok("GET", url)["attachments"]) == 1
    cloud.ok("DELETE", f"{url}/sbom")
    assert cloud.call("GET", f"{url}/sbom").status == 404

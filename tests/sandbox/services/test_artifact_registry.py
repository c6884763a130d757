"""Repositories, the registry protocol behind them, and what the API shows of pushed images."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from tests.sandbox.identity.cloud import PROJECT, Answer, Cloud
from tests.sandbox.services.registry import (
    API,
    HOST,
    LOCATION,
    MANIFEST_TYPE,
    REPOSITORY,
    Registry,
    create_repository,
    digest,
)


def _error(answer: Answer) -> tuple[int, str, str]:
    first = answer.body["errors"][0]
    return answer.status, first["code"], first["message"]


def test_a_repository_lives_and_takes_its_images_with_it(cloud: Cloud) -> None:
    create_repository(cloud)
    again = cloud.call("POST", f"{API}/{REPOSITORY.rpartition('/')[0]}?repositoryId=images", {"format": "DOCKER"})
    assert (again.status, again.message) == (409, "the repository already exists")
    assert Registry(cloud).push("v1").status == 201
    assert (
        cloud.ok("GET", f"{API}/projects/{PROJECT}/locations/-/repositories")["repositories"][0]["name"] == REPOSITORY
    )
    cloud.ok("DELETE", f"{API}/{REPOSITORY}")
    assert cloud.call("GET", f"{API}/{REPOSITORY}").status == 404
    create_repository(cloud)
    assert cloud.ok("GET", f"{API}/{REPOSITORY}/dockerImages") == {}


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("repositoryId=Upper", {"format": "DOCKER"}, 400),
        ("repositoryId=images", {}, 400),
        ("repositoryId=images", {"format": "NPM", "dockerConfig": {"immutableTags": True}}, 400),
        ("repositoryId=images", {"format": "DOCKER", "mode": "REMOTE_REPOSITORY"}, 400),
        ("repositoryId=images", {"format": "DOCKER", "mode": "AOSS_REPOSITORY"}, 501),
        ("repositoryId=images", {"format": "DOCKER", "nonsense": 1}, 400),
        ("repositoryId=images&nonsense=1", {"format": "DOCKER"}, 400),
    ],
)
def test_what_is_not_a_docker_repository_is_refused(
    cloud: Cloud, query: str, body: dict[str, object], status: int
) -> None:
    parent = f"{API}/{REPOSITORY.rpartition('/')[0]}"
    assert cloud.call("POST", f"{parent}?{query}", body).status == status
    create_repository(cloud)


def test_an_update_is_answered_with_the_repository_and_touches_what_the_mask_names(cloud: Cloud) -> None:
    create_repository(cloud, immutable=True)
    body = {"description": "new", "labels": {"team": "payments"}}
    changed = cloud.ok("PATCH", f"{API}/{REPOSITORY}?updateMask=description", body)
    assert (changed["description"], "labels" in changed, changed["dockerConfig"]) == (
        "new",
        False,
        {"immutableTags": True},
    )
    assert cloud.call("PATCH", f"{API}/{REPOSITORY}?updateMask=format", {"format": "NPM"}).status == 400


def test_a_client_is_told_where_tokens_come_from(cloud: Cloud) -> None:
    challenged = cloud.call("GET", f"{HOST}/v2/", token=None)
    assert challenged.status == 401
    assert challenged.headers["www-authenticate"] == f'Bearer realm="https://{HOST}/v2/token",service="{HOST}"'
    basic = base64.b64encode(f"oauth2accesstoken:{cloud.operator}".encode()).decode()
    got = cloud.ok("GET", f"{HOST}/v2/token?service={HOST}", token=None, headers={"authorization": f"Basic {basic}"})
    assert cloud.call("GET", f"{HOST}/v2/", token=got["token"]).status == 200
    wrong = base64.b64encode(b"oauth2accesstoken:nonsense").decode()
    refused = cloud.call("GET", f"{HOST}/v2/", token=None, headers={"authorization": f"Basic {wrong}"})
    assert _error(refused)[:2] == (401, "UNAUTHORIZED")


def test_what_was_pushed_can_be_pulled_by_tag_and_digest(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    pushed = registry.push("v1")
    name = pushed.headers["docker-content-digest"]
    for reference in ("v1", name):
        got = registry.send("GET", f"/manifests/{reference}")
        assert (got.status, digest(got.content), got.headers["content-type"]) == (200, name, MANIFEST_TYPE)
    head = registry.send("HEAD", "/manifests/v1")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(got.content)))
    assert registry.send("GET", f"/blobs/{digest(b'layer')}").content == b"layer"
    assert registry.send("GET", "/tags/list").body["tags"] == ["v1"]


def test_a_blob_arrives_in_chunks_in_order_and_whole(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    started = registry.send("POST", "/blobs/uploads/")
    place = started.headers["location"].removeprefix(f"/v2/{PROJECT}/images/team/api")
    assert registry.send("PATCH", place, b"hello ", content_range="0-5").status == 202
    assert registry.send("PATCH", place, b"hello ", content_range="0-5").status == 416
    assert registry.send("GET", place).headers["range"] == "0-5"
    wrong = registry.send("PUT", f"{place}?digest={digest(b'other')}", b"world")
    assert _error(wrong)[:2] == (400, "DIGEST_INVALID")
    assert registry.send("GET", f"/blobs/{digest(b'other')}").status == 404
    assert registry.send("PUT", f"{place}?digest={digest(b'hello world')}", b"world").status == 201


def test_a_manifest_needs_its_parts_and_its_own_digest(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    missing = b'{"layers": [{"digest": "sha256:%s"}]}' % (b"0" * 64)
    assert _error(registry.send("PUT", "/manifests/v1", missing))[1] == "MANIFEST_BLOB_UNKNOWN"
    assert _error(registry.send("PUT", "/manifests/v1", b"[]"))[1] == "MANIFEST_INVALID"
    assert _error(registry.send("PUT", f"/manifests/sha256:{'0' * 64}", b"{}"))[1] == "DIGEST_INVALID"
    index = b'{"manifests": [{"digest": "sha256:%s"}]}' % (b"0" * 64)
    assert _error(registry.send("PUT", "/manifests/v1", index))[1] == "MANIFEST_UNKNOWN"
    assert registry.push("v1").status == 201


def test_an_immutable_tag_neither_moves_nor_goes(cloud: Cloud) -> None:
    create_repository(cloud, immutable=True)
    registry = Registry(cloud)
    name = registry.push("v1").headers["docker-content-digest"]
    assert registry.push("v1").status == 201
    moved = registry.push("v1", layer=b"other")
    text = "cannot update tag v1. The repository has enabled tag immutability"
    assert _error(moved) == (400, "MANIFEST_INVALID", text)
    assert registry.send("DELETE", "/manifests/v1").status == 400
    assert registry.send("DELETE", f"/manifests/{name}").status == 400
    package = f"{API}/{REPOSITORY}/packages/{quote('team/api', safe='')}"
    assert cloud.call("DELETE", f"{package}/tags/v1").status == 400
    assert cloud.call("DELETE", f"{package}/versions/{name}?force=true").status == 400
    untagged = registry.push(layer=b"untagged").headers["docker-content-digest"]
    assert cloud.call("DELETE", f"{package}/versions/{untagged}").status == 200


def test_a_mutable_tag_moves_and_goes(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    first = registry.push("v1").headers["docker-content-digest"]
    second = registry.push("v1", layer=b"other").headers["docker-content-digest"]
    assert registry.send("GET", "/manifests/v1").headers["docker-content-digest"] == second
    assert registry.send("DELETE", f"/manifests/{first}").status == 202
    assert registry.send("DELETE", f"/manifests/{second}").status == 400
    assert registry.send("DELETE", "/manifests/v1").status == 202
    assert registry.send("DELETE", f"/manifests/{second}").status == 202


@pytest.mark.parametrize(
    ("role", "pulls", "pushes"),
    [
        ("roles/artifactregistry.reader", True, False),
        ("roles/artifactregistry.writer", True, True),
        ("roles/run.developer", False, False),
    ],
)
def test_roles_on_the_repository_decide(
    cloud: Cloud,
    role: str,
    pulls: bool,  # noqa: FBT001 - a table
    pushes: bool,  # noqa: FBT001 - a table
) -> None:
    create_repository(cloud)
    create_repository(cloud, name="others")
    Registry(cloud).push("v1")
    policy = {"bindings": [{"role": role, "members": ["user:ann@example.com"]}]}
    cloud.ok("POST", f"{API}/{REPOSITORY}:setIamPolicy", {"policy": policy})
    token = cloud.user_token("ann@example.com")
    mine, others = Registry(cloud, token), Registry(cloud, token, f"{PROJECT}/others/api")
    assert (mine.send("GET", "/manifests/v1").status == 200) is pulls
    assert (mine.push("v2").status == 201) is pushes
    denied = 'Permission "artifactregistry.repositories.uploadArtifacts" denied on resource'
    text = f'{denied} "{REPOSITORY}" (or it may not exist)'
    assert pushes or _error(mine.push("v2")) == (403, "DENIED", text)
    assert others.push("v1").status == 403
    assert mine.send("DELETE", "/manifests/v1").status == 403
    assert Registry(cloud, None).send("GET", "/manifests/v1").status == 401


def test_a_public_repository_is_read_without_a_token(cloud: Cloud) -> None:
    create_repository(cloud)
    Registry(cloud).push("v1")
    policy = {"bindings": [{"role": "roles/artifactregistry.reader", "members": ["allUsers"]}]}
    cloud.ok("POST", f"{API}/{REPOSITORY}:setIamPolicy", {"policy": policy})
    stranger = Registry(cloud, None)
    assert stranger.send("GET", "/manifests/v1").status == 200
    assert stranger.push("v2").status == 401


def test_a_repository_that_is_missing_or_elsewhere_is_told_so(cloud: Cloud) -> None:
    assert _error(Registry(cloud).push("v1"))[:2] == (404, "NAME_UNKNOWN")
    stranger = Registry(cloud, cloud.user_token("ann@example.com"))
    assert _error(stranger.push("v1"))[:2] == (403, "DENIED")


def test_the_api_shows_what_was_pushed(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    name = registry.push("v1").headers["docker-content-digest"]
    registry.push("v2")
    image = cloud.ok("GET", f"{API}/{REPOSITORY}/dockerImages")["dockerImages"][0]
    assert image["uri"] == f"{LOCATION}-docker.pkg.dev/{PROJECT}/images/team/api@{name}"
    assert image["tags"] == ["v1", "v2"]
    assert cloud.ok("GET", f"{API}/{image['name']}") == image
    package = cloud.ok("GET", f"{API}/{REPOSITORY}/packages")["packages"][0]
    assert package["name"].endswith("/packages/team%2Fapi")
    version = cloud.ok("GET", f"{API}/{package['name']}/versions")["versions"][0]
    assert cloud.ok("GET", f"{API}/{version['name']}") == version
    tags = cloud.ok("GET", f"{API}/{package['name']}/tags")["tags"]
    assert [tag["version"] for tag in tags] == [version["name"]] * 2
    assert cloud.ok("GET", f"{API}/{tags[0]['name']}") == tags[0]
    assert cloud.call("DELETE", f"{API}/{version['name']}").status == 400
    cloud.ok("DELETE", f"{API}/{tags[0]['name']}")
    cloud.ok("DELETE", f"{API}/{version['name']}?force=true")
    assert cloud.ok("GET", f"{API}/{package['name']}/versions") == {}

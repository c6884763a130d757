"""What the distribution spec asks for beyond push and pull: other digests, ranges, pages, referrers, mounts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

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

Json = dict[str, Any]
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
LOCATIONS = f"{API}/projects/{PROJECT}/locations/{LOCATION}"


@pytest.fixture
def registry(cloud: Cloud) -> Registry:
    create_repository(cloud)
    return Registry(cloud)


def error(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["errors"][0]["code"]


def put(registry: Registry, document: Json, reference: str = "", media_type: str = MANIFEST_TYPE) -> Answer:
    content = json.dumps(document).encode()
    return registry.send("PUT", f"/manifests/{reference or digest(content)}", content, content_type=media_type)


def artifact(registry: Registry, subject: str, kind: str, **annotations: str) -> Answer:
    assert registry.upload(b"{}").status == 201
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2}
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": kind,
        "config": empty,
        "layers": [empty],
        "subject": {"mediaType": MANIFEST_TYPE, "digest": subject, "size": 1},
        "annotations": annotations,
    }
    return put(registry, document)


def test_referrers_are_listed_by_type(registry: Registry) -> None:
    subject = registry.push("v1").headers["docker-content-digest"]
    signature = artifact(registry, subject, "application/vnd.sig", by="ada")
    assert (signature.status, signature.headers["oci-subject"]) == (201, subject)
    artifact(registry, subject, "application/vnd.sbom")
    everything = registry.send("GET", f"/referrers/{subject}")
    assert everything.headers["content-type"] == INDEX_TYPE
    kinds = sorted(entry["artifactType"] for entry in everything.body["manifests"])
    assert kinds == ["application/vnd.sbom", "application/vnd.sig"]
    only = registry.send("GET", f"/referrers/{subject}?artifactType=application/vnd.sig")
    assert only.headers["oci-filters-applied"] == "artifactType"
    assert [entry["annotations"] for entry in only.body["manifests"]] == [{"by": "ada"}]
    nobody = registry.send("GET", f"/referrers/{digest(b'nobody')}")
    assert (nobody.status, nobody.body["manifests"]) == (200, [])
    assert error(registry.send("GET", "/referrers/nonsense")) == (400, "DIGEST_INVALID")


def test_a_subject_need_not_be_there(registry: Registry) -> None:
    assert artifact(registry, digest(b"later"), "application/vnd.sig").status == 201


def test_tags_come_in_pages_with_a_link(registry: Registry) -> None:
    for tag in ("b", "a", "d", "c"):
        registry.push(tag)
    first = registry.send("GET", "/tags/list?n=3")
    assert first.body["tags"] == ["a", "b", "c"]
    path = f"/v2/{PROJECT}/images/team/api/tags/list?n=3&last=c"
    assert first.headers["link"] == f'<{path}>; rel="next"'
    rest = registry.send("GET", "/tags/list?n=3&last=c")
    assert (rest.body["tags"], "link" in rest.headers) == (["d"], False)
    assert registry.send("GET", "/tags/list?n=0").body["tags"] == []
    assert error(registry.send("GET", "/tags/list?n=x"))[0] == 400


def test_google_s_map_of_manifests_and_children(registry: Registry) -> None:
    pushed = registry.push("v1").headers["docker-content-digest"]
    listed = registry.cloud.call("GET", f"{HOST}/v2/{PROJECT}/images/tags/list").body
    assert listed["child"] == ["team"]
    above = registry.cloud.call("GET", f"{HOST}/v2/{PROJECT}/images/team/tags/list").body
    assert (above["child"], above["tags"]) == (["api"], [])
    assert registry.send("GET", "/tags/list").body["manifest"][pushed]["tag"] == ["v1"]


def test_the_catalog_shows_what_the_caller_may_list(registry: Registry) -> None:
    registry.push("v1")
    name = f"{PROJECT}/images/team/api"
    assert registry.cloud.call("GET", f"{HOST}/v2/_catalog").body == {"repositories": [name]}
    stranger = registry.cloud.user_token("eve@example.com")
    assert registry.cloud.call("GET", f"{HOST}/v2/_catalog", token=stranger).body == {"repositories": []}


def test_sha512_names_blobs_and_manifests(registry: Registry) -> None:
    content = b"by the longer digest"
    long_digest = f"sha512:{hashlib.sha512(content).hexdigest()}"
    assert registry.send("POST", f"/blobs/uploads/?digest={long_digest}", content).status == 201
    assert registry.send("GET", f"/blobs/{long_digest}").content == content
    wrong = f"sha512:{hashlib.sha512(b'other').hexdigest()}"
    assert error(registry.send("POST", f"/blobs/uploads/?digest={wrong}", content)) == (400, "DIGEST_INVALID")
    document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    reference = f"sha512:{hashlib.sha512(json.dumps(document).encode()).hexdigest()}"
    assert put(registry, document, reference, INDEX_TYPE).headers["docker-content-digest"] == reference
    assert registry.send("GET", f"/manifests/{reference}").body == document


def test_a_range_of_a_blob(registry: Registry) -> None:
    registry.upload(b"0123456789")
    path = f"/blobs/{digest(b'0123456789')}"
    part = registry.send("GET", path, range="bytes=2-4")
    assert (part.status, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert registry.send("GET", path, range="bytes=7-").content == b"789"
    assert registry.send("GET", path, range="bytes=10-").status == 416
    assert registry.send("HEAD", path).headers["content-length"] == "10"


def test_a_blob_is_mounted_from_another_repository_that_may_be_read(registry: Registry) -> None:
    cloud = registry.cloud
    create_repository(cloud, name="other")
    registry.upload(b"shared")
    other = Registry(cloud, name=f"{PROJECT}/other/api")
    mount = f"/blobs/uploads/?mount={digest(b'shared')}"
    assert other.send("POST", mount).status == 202
    assert other.send("POST", f"{mount}&from={PROJECT}/images/team/api").status == 201
    assert other.send("GET", f"/blobs/{digest(b'shared')}").content == b"shared"
    binding = {"role": "roles/artifactregistry.writer", "members": ["user:ada@example.com"]}
    cloud.ok("POST", f"{LOCATIONS}/repositories/other:setIamPolicy", {"policy": {"bindings": [binding]}})
    registry.upload(b"hidden")
    ada = Registry(cloud, cloud.user_token("ada@example.com"), f"{PROJECT}/other/api")
    hidden = f"/blobs/uploads/?mount={digest(b'hidden')}&from={PROJECT}/images/team/api"
    assert ada.send("POST", hidden).status == 202


def test_a_blob_is_mounted_for_whoever_may_read_its_source(registry: Registry) -> None:
    cloud = registry.cloud
    create_repository(cloud, name="other")
    registry.upload(b"shared")
    for name, role in (("other", "roles/artifactregistry.writer"), ("images", "roles/artifactregistry.reader")):
        policy = {"bindings": [{"role": role, "members": ["user:ada@example.com"]}]}
        cloud.ok("POST", f"{LOCATIONS}/repositories/{name}:setIamPolicy", {"policy": policy})
    ada = Registry(cloud, cloud.user_token("ada@example.com"), f"{PROJECT}/other/api")
    mount = f"/blobs/uploads/?mount={digest(b'shared')}&from={PROJECT}/images/team/api"
    assert ada.send("POST", mount).status == 201


def test_parts_of_an_index_stay_while_it_does(registry: Registry) -> None:
    part = registry.push().headers["docker-content-digest"]
    document = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [{"mediaType": MANIFEST_TYPE, "digest": part, "size": 1}],
    }
    index = put(registry, document, media_type=INDEX_TYPE).headers["docker-content-digest"]
    refused = registry.send("DELETE", f"/manifests/{part}")
    assert error(refused) == (400, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE")
    assert registry.send("DELETE", f"/manifests/{index}").status == 202
    assert registry.send("DELETE", f"/manifests/{part}").status == 202
    assert error(registry.send("DELETE", f"/blobs/{digest(b'layer')}")) == (405, "UNSUPPORTED")


def test_a_virtual_repository_reads_its_upstreams_by_priority(registry: Registry) -> None:
    cloud = registry.cloud
    create_repository(cloud, name="second")
    own = registry.push("v1", layer=b"first").headers["docker-content-digest"]
    Registry(cloud, name=f"{PROJECT}/second/team/api").push("v1", layer=b"second")
    policies = [
        {"id": "a", "repository": f"{LOCATIONS.partition('/v1/')[2]}/repositories/second", "priority": 1},
        {"id": "b", "repository": REPOSITORY, "priority": 9},
    ]
    body = {
        "format": "DOCKER",
        "mode": "VIRTUAL_REPOSITORY",
        "virtualRepositoryConfig": {"upstreamPolicies": policies},
    }
    cloud.ok("POST", f"{LOCATIONS}/repositories?repositoryId=all", body)
    virtual = Registry(cloud, name=f"{PROJECT}/all/team/api")
    assert virtual.send("GET", "/manifests/v1").headers["docker-content-digest"] == own
    assert virtual.send("GET", f"/blobs/{digest(b'second')}").content == b"second"
    assert error(virtual.upload(b"x"))[0] == 400
    body["virtualRepositoryConfig"] = {"upstreamPolicies": [policies[0] | {"repository": "projects/p/none"}]}
    assert cloud.call("POST", f"{LOCATIONS}/repositories?repositoryId=bad", body).status == 400


def test_a_remote_repository_is_kept_and_fetches_nothing(cloud: Cloud) -> None:
    body = {
        "format": "DOCKER",
        "mode": "REMOTE_REPOSITORY",
        "remoteRepositoryConfig": {"dockerRepository": {"publicRepository": "DOCKER_HUB"}},
    }
    cloud.ok("POST", f"{LOCATIONS}/repositories?repositoryId=hub", body)
    refused = Registry(cloud, name=f"{PROJECT}/hub/library/alpine").send("GET", "/manifests/latest")
    assert error(refused) == (501, "UNSUPPORTED")
    body["remoteRepositoryConfig"] = {"npmRepository": {"publicRepository": "NPMJS"}}
    assert cloud.call("POST", f"{LOCATIONS}/repositories?repositoryId=npm", body).status == 400


def test_rules_deny_the_download_of_a_package(registry: Registry) -> None:
    cloud = registry.cloud
    registry.push("v1")
    rules = f"{API}/{REPOSITORY}/rules"
    deny = {"action": "DENY", "operation": "DOWNLOAD", "packageId": "team/api"}
    cloud.ok("POST", f"{rules}?ruleId=no-api", deny)
    assert error(registry.send("GET", "/manifests/v1")) == (403, "DENIED")
    cloud.ok("PATCH", f"{rules}/no-api?updateMask=action", {"action": "ALLOW"})
    assert registry.send("GET", "/manifests/v1").status == 200
    cloud.ok("POST", f"{rules}?ruleId=nothing", {"action": "DENY", "operation": "DOWNLOAD"})
    assert registry.send("GET", "/manifests/v1").status == 200
    cloud.ok("DELETE", f"{rules}/no-api")
    assert registry.send("GET", "/manifests/v1").status == 403
    assert [rule["action"] for rule in cloud.ok("GET", rules)["rules"]] == ["DENY"]
    assert cloud.call("POST", f"{rules}?ruleId=bad", {"action": "DENY"}).status == 400

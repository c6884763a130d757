"""IAM on every kind of resource that has a policy: read, write, decide, gone with the resource."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.google.identity.accounts import create_default_compute_account
from tests.sandbox.identity.cloud import ORGANIZATION, PROJECT, START, Cloud
from tests.sandbox.services.registry import REPOSITORY, Registry, create_repository

IAM = "iam.googleapis.com/v1"
ANN = "user:ann@example.com"


@dataclass(frozen=True)
class Kind:
    """``verb`` is how getIamPolicy is sent; ``role`` grants ``held`` and not ``missing``."""

    url: str
    create: tuple[str, str, object]
    verb: str
    role: str
    held: str
    missing: str


REGION = f"projects/{PROJECT}/locations/europe-west1"
POOLS = f"{IAM}/projects/{PROJECT}/locations/global/workloadIdentityPools"
RUN = f"run.googleapis.com/v2/{REGION}/services"
SECRETS = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
PUBSUB = f"pubsub.googleapis.com/v1/projects/{PROJECT}"
HELLO = {"template": {"containers": [{"image": "us-docker.pkg.dev/cloudrun/container/hello"}]}}
KINDS = {
    "pool": Kind(
        f"{POOLS}/pool-one",
        ("POST", f"{POOLS}?workloadIdentityPoolId=pool-one", {}),
        "POST",
        "roles/iam.workloadIdentityPoolViewer",
        "iam.googleapis.com/workloadIdentityPools.get",
        "iam.googleapis.com/workloadIdentityPools.delete",
    ),
    "repository": Kind(
        f"artifactregistry.googleapis.com/v1/{REPOSITORY}",
        ("POST", f"artifactregistry.googleapis.com/v1/{REGION}/repositories?repositoryId=images", {"format": "DOCKER"}),
        "GET",
        "roles/artifactregistry.reader",
        "artifactregistry.repositories.get",
        "artifactregistry.repositories.delete",
    ),
    "service": Kind(
        f"{RUN}/api",
        ("POST", f"{RUN}?serviceId=api", HELLO),
        "GET",
        "roles/run.viewer",
        "run.services.get",
        "run.services.delete",
    ),
    "secret": Kind(
        f"{SECRETS}/db",
        ("POST", f"{SECRETS}?secretId=db", {"replication": {"automatic": {}}}),
        "GET",
        "roles/secretmanager.viewer",
        "secretmanager.secrets.get",
        "secretmanager.versions.access",
    ),
    "topic": Kind(
        f"{PUBSUB}/topics/events",
        ("PUT", f"{PUBSUB}/topics/events", {}),
        "GET",
        "roles/pubsub.viewer",
        "pubsub.topics.get",
        "pubsub.topics.delete",
    ),
    "subscription": Kind(
        f"{PUBSUB}/subscriptions/worker",
        ("PUT", f"{PUBSUB}/subscriptions/worker", {"topic": f"projects/{PROJECT}/topics/base"}),
        "GET",
        "roles/pubsub.viewer",
        "pubsub.subscriptions.get",
        "pubsub.subscriptions.delete",
    ),
}


@pytest.fixture(autouse=True)
def _base(cloud: Cloud) -> None:
    cloud.ok("PUT", f"{PUBSUB}/topics/base", {})
    with cloud.world.store.transaction() as tx:
        create_default_compute_account(tx, tx.get(PROJECTS, PROJECT) or {}, START)


@pytest.mark.parametrize("name", KINDS)
def test_a_grant_on_one_resource_opens_that_one(cloud: Cloud, name: str) -> None:
    kind = KINDS[name]
    token = cloud.user_token("ann@example.com")
    for path in (":getIamPolicy", ":testIamPermissions"):
        body = {"permissions": [kind.held]} if path.startswith(":test") else None
        verb = "POST" if path.startswith(":test") else kind.verb
        assert cloud.call(verb, f"{kind.url}{path}", body).status == 404
    cloud.ok(*kind.create)
    assert cloud.call("GET", kind.url, token=token).status == 403
    binding = {"role": kind.role, "members": [ANN]}
    written = cloud.ok("POST", f"{kind.url}:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert cloud.ok(kind.verb, f"{kind.url}:getIamPolicy") == written
    assert cloud.call("GET", kind.url, token=token).status == 200
    assert cloud.call("DELETE", kind.url, token=token).status == 403
    asked = {"permissions": [kind.missing, kind.held]}
    assert cloud.ok("POST", f"{kind.url}:testIamPermissions", asked, token=token) == {"permissions": [kind.held]}
    assert cloud.call("POST", f"{kind.url}:setIamPolicy", {"policy": {}}, token=token).status == 403
    assert cloud.call("POST", f"{kind.url}:setIamPolicy", {}).status == 400


@pytest.mark.parametrize("name", [name for name in KINDS if name != "pool"])
def test_a_new_resource_of_an_old_name_starts_without_grants(cloud: Cloud, name: str) -> None:
    kind = KINDS[name]
    cloud.ok(*kind.create)
    cloud.ok("POST", f"{kind.url}:setIamPolicy", {"policy": {"bindings": [{"role": kind.role, "members": [ANN]}]}})
    cloud.ok("DELETE", kind.url)
    cloud.ok(*kind.create)
    assert cloud.ok(kind.verb, f"{kind.url}:getIamPolicy") == {"etag": "ACAB"}


@pytest.mark.parametrize("name", KINDS)
def test_an_api_that_is_off_is_told_with_the_link_to_turn_it_on(cloud: Cloud, name: str) -> None:
    kind = KINDS[name]
    host = kind.url.partition("/")[0]
    with cloud.world.store.transaction() as tx:
        tx.delete("google/services", f"{PROJECT}/{host}")
    answer = cloud.call("GET", kind.url)
    assert (answer.status, answer.body["error"]["details"][0]["reason"]) == (403, "SERVICE_DISABLED")


def test_an_upload_can_be_abandoned_and_unknown_ones_are_refused(cloud: Cloud) -> None:
    create_repository(cloud)
    registry = Registry(cloud)
    place = registry.send("POST", "/blobs/uploads/").headers["location"].removeprefix(f"/v2/{PROJECT}/images/team/api")
    assert registry.send("DELETE", place).status == 204
    for verb in ("GET", "PATCH", "PUT"):
        assert registry.send(verb, place).body["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"
    pushed = registry.upload(b"layer").headers["docker-content-digest"]
    mounted = registry.send("POST", f"/blobs/uploads/?mount={pushed}&from=other/api")
    assert mounted.status == 201
    assert registry.send("DELETE", "/manifests/none").status == 404
    assert registry.send("DELETE", f"/manifests/{pushed}").status == 404
    assert cloud.call("POST", "europe-west1-docker.pkg.dev/v3/").status == 404


def test_an_organisation_has_custom_roles_of_its_own(cloud: Cloud) -> None:
    url = f"{IAM}/organizations/{ORGANIZATION}/roles"
    role = {"title": "Lister", "includedPermissions": ["resourcemanager.projects.list"]}
    made = cloud.ok("POST", url, {"roleId": "lister", "role": role})
    assert made["name"] == f"organizations/{ORGANIZATION}/roles/lister"
    token = cloud.user_token("ann@example.com")
    assert cloud.call("GET", url, token=token).status == 403
    binding = {"role": made["name"], "members": [ANN]}
    topic = f"{PUBSUB}/topics/base:setIamPolicy"
    assert cloud.call("POST", topic, {"policy": {"bindings": [binding]}}).status == 200
    assert cloud.call("GET", f"{url}/none").status == 404
    assert cloud.call("POST", url, {"roleId": "no", "role": role}).status == 400
    assert cloud.call("PATCH", f"{IAM}/{made['name']}?updateMask=name", {}).status == 400

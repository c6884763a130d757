"""Services, revisions, traffic; and the ways a rollout fails."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.google.identity.accounts import create_default_compute_account
from provisioner.sandbox.google.services.run_rollout import order_failure
from tests.sandbox.identity.cloud import NUMBER, PROJECT, START, Answer, Cloud
from tests.sandbox.services.registry import HOST, Registry, create_repository

API = "run.googleapis.com/v2"
PARENT = f"projects/{PROJECT}/locations/europe-west1"
NAME = f"{PARENT}/services/api"
RUNTIME = f"runtime-account@{PROJECT}.iam.gserviceaccount.com"
HELLO = "us-docker.pkg.dev/cloudrun/container/hello"
IAM = "iam.googleapis.com/v1"


@pytest.fixture(autouse=True)
def _accounts(cloud: Cloud) -> None:
    cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "runtime-account"})
    with cloud.world.store.transaction() as tx:
        create_default_compute_account(tx, tx.get(PROJECTS, PROJECT) or {}, START)


def _body(image: str = HELLO, **template: Any) -> dict[str, Any]:
    return {"template": {"containers": [{"image": image}], "serviceAccount": RUNTIME} | template}


def _create(cloud: Cloud, body: dict[str, Any], token: str = "") -> Answer:
    return cloud.call("POST", f"{API}/{PARENT}/services?serviceId=api", body, token=token)


def _patch(cloud: Cloud, body: dict[str, Any], query: str = "") -> Answer:
    return cloud.call("PATCH", f"{API}/{NAME}{query}", body)


def _service(cloud: Cloud) -> dict[str, Any]:
    return cloud.ok("GET", f"{API}/{NAME}")


def test_a_service_gets_defaults_a_revision_and_addresses(cloud: Cloud) -> None:
    done = _create(cloud, {"template": {"containers": [{"image": HELLO}]}}).body
    service = _service(cloud)
    assert done["response"] == {"@type": "type.googleapis.com/google.cloud.run.v2.Service"} | service
    container = service["template"]["containers"][0]
    assert container["ports"] == [{"name": "http1", "containerPort": 8080}]
    assert container["resources"] == {"limits": {"cpu": "1000m", "memory": "512Mi"}}
    assert service["template"]["serviceAccount"] == f"{NUMBER}-compute@developer.gserviceaccount.com"
    assert service["urls"][0] == f"https://api-{NUMBER}.europe-west1.run.app"
    assert service["uri"].endswith("-ew.a.run.app")
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    revision = cloud.ok("GET", f"{API}/{service['latestReadyRevision']}")
    assert (revision["service"], revision["containers"]) == ("api", service["template"]["containers"])
    assert _create(cloud, _body()).message == "Resource 'api' already exists."


def test_a_changed_template_makes_a_revision_and_other_changes_do_not(cloud: Cloud) -> None:
    _create(cloud, _body())
    first = _service(cloud)
    assert _patch(cloud, _body() | {"description": "new"}).status == 200
    second = _service(cloud)
    assert (second["generation"], second["latestCreatedRevision"]) == ("2", first["latestCreatedRevision"])
    _patch(cloud, _body(timeout="60s"))
    third = _service(cloud)
    assert "description" not in third
    assert third["latestReadyRevision"] != first["latestReadyRevision"]
    assert len(cloud.ok("GET", f"{API}/{NAME}/revisions")["revisions"]) == 2
    assert _patch(cloud, {"description": "only"}, "?updateMask=description").status == 200
    assert _service(cloud)["template"] == third["template"]


def test_traffic_goes_to_revisions_that_exist_and_adds_up(cloud: Cloud) -> None:
    _create(cloud, _body(revision="api-one"))
    _patch(cloud, _body(revision="api-two", timeout="60s"))
    one = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "api-one", "percent": 90, "tag": "stable"}
    latest = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 10}
    body = _body(revision="api-two", timeout="60s")
    assert _patch(cloud, body | {"traffic": [one, latest]}).status == 200
    status = _service(cloud)["trafficStatuses"][0]
    assert status["uri"] == _service(cloud)["uri"].replace("https://", "https://stable---")
    assert _patch(cloud, body | {"traffic": [one]}).status == 400
    assert _patch(cloud, body | {"traffic": [one | {"revision": "api-none"}, latest]}).status == 400
    assert _patch(cloud, body | {"traffic": [latest | {"percent": 100, "revision": "api-one"}]}).status == 400
    assert cloud.call("DELETE", f"{API}/{NAME}/revisions/api-one").status == 400
    assert _patch(cloud, body).status == 200
    assert cloud.call("DELETE", f"{API}/{NAME}/revisions/api-one").status == 200
    assert cloud.call("GET", f"{API}/{NAME}/revisions/api-one").status == 404


def test_revision_names_belong_to_their_service_and_are_used_once(cloud: Cloud) -> None:
    assert _create(cloud, _body(revision="other-one")).status == 400
    _create(cloud, _body(revision="api-one"))
    assert _patch(cloud, _body(revision="api-one", timeout="60s")).status == 409


def test_an_image_must_have_been_pushed(cloud: Cloud) -> None:
    create_repository(cloud)
    place = f"{HOST}/{PROJECT}/images/team/api"
    failed = _create(cloud, _body(f"{place}:v1")).body
    revision = _service(cloud)["latestCreatedRevision"].rpartition("/")[2]
    text = f"Revision '{revision}' is not ready and cannot serve traffic. Image '{place}:v1' not found."
    assert failed["error"] == {"code": 5, "message": text}
    condition = _service(cloud)["terminalCondition"]
    assert (condition["state"], condition["message"]) == ("CONDITION_FAILED", text)
    shown = cloud.ok("GET", f"{API}/{NAME}/revisions/{revision}")
    assert shown["conditions"][0]["reason"] == "CONTAINER_MISSING"
    name = Registry(cloud).push("v1").headers["docker-content-digest"]
    for image in (f"{place}:v1", f"{place}@{name}"):
        assert "error" not in _patch(cloud, _body(image)).body
    assert _patch(cloud, _body(f"{place}@sha256:{'0' * 64}")).body["error"]["code"] == 5


def test_a_failed_rollout_leaves_the_last_good_revision_serving(cloud: Cloud) -> None:
    _create(cloud, _body())
    good = _service(cloud)["latestReadyRevision"]
    image = f"{HELLO}:broken"
    text = "The user-provided container failed to start and listen on the port defined by the PORT=8080 variable."
    with cloud.world.store.transaction() as tx:
        order_failure(tx, image, text)
    assert _patch(cloud, _body(image)).body["error"]["message"].endswith(text)
    assert _service(cloud)["latestReadyRevision"] == good
    assert _service(cloud)["terminalCondition"]["state"] == "CONDITION_FAILED"
    assert _patch(cloud, _body(image) | {"description": "x"}).status == 200
    assert _service(cloud)["terminalCondition"]["state"] == "CONDITION_FAILED"
    with cloud.world.store.transaction() as tx:
        order_failure(tx, image, "")
    assert _patch(cloud, _body(image), "?forceNewRevision=true").body["done"]
    assert _service(cloud)["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"


def test_an_image_of_another_project_needs_a_grant_to_the_service_agent(cloud: Cloud) -> None:
    cloud.add_project("acme-registry", "420000000099")
    parent = "projects/acme-registry/locations/europe-west1/repositories"
    registry = "artifactregistry.googleapis.com/v1"
    cloud.ok("POST", f"{registry}/{parent}?repositoryId=shared", {"format": "DOCKER"})
    Registry(cloud, name="acme-registry/shared/api").push("v1")
    image = f"{HOST}/acme-registry/shared/api:v1"
    failed = _create(cloud, _body(image)).body["error"]
    agent = f"service-{NUMBER}@serverless-robot-prod.iam.gserviceaccount.com"
    assert failed["code"] == 7
    assert f"Service Agent {agent} must have permission to read the image, {image}." in failed["message"]
    binding = {"role": "roles/artifactregistry.reader", "members": [f"serviceAccount:{agent}"]}
    cloud.ok("POST", f"{registry}/{parent}/shared:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert "error" not in _patch(cloud, _body(image), "?forceNewRevision=true").body


def test_a_secret_must_be_readable_by_the_runtime_account(cloud: Cloud) -> None:
    secrets = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
    cloud.ok("POST", f"{secrets}?secretId=db", {"replication": {"automatic": {}}})
    body = _body()
    reference = {"valueSource": {"secretKeyRef": {"secret": "db", "version": "1"}}}
    body["template"]["containers"][0]["env"] = [{"name": "DB"} | reference]
    failed = _create(cloud, body).body["error"]
    assert failed["message"].partition("Permission denied on secret: ")[2].startswith(f"projects/{NUMBER}/secrets/db/")
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [f"serviceAccount:{RUNTIME}"]}
    cloud.ok("POST", f"{secrets}/db:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert "error" not in _patch(cloud, body, "?forceNewRevision=true").body
    body["template"]["volumes"] = [{"name": "v", "secret": {"secret": "none"}}]
    assert "error" in _patch(cloud, body).body


@pytest.mark.parametrize(
    ("role", "status"), [("roles/iam.serviceAccountUser", 200), ("roles/iam.serviceAccountViewer", 403)]
)
def test_who_deploys_must_be_allowed_to_act_as_the_runtime_account(cloud: Cloud, role: str, status: int) -> None:
    ann = {"members": ["user:ann@example.com"]}
    url = f"{IAM}/projects/-/serviceAccounts/{RUNTIME}:setIamPolicy"
    cloud.ok("POST", url, {"policy": {"bindings": [ann | {"role": role}]}})
    _create(cloud, _body())
    cloud.ok("POST", f"{API}/{NAME}:setIamPolicy", {"policy": {"bindings": [ann | {"role": "roles/run.developer"}]}})
    token = cloud.user_token("ann@example.com")
    answer = cloud.call("PATCH", f"{API}/{NAME}", _body(timeout="60s"), token=token)
    text = f"Permission 'iam.serviceaccounts.actAs' denied on service account {RUNTIME} (or it may not exist)."
    assert (answer.status, answer.message if status == 403 else text) == (status, text)
    assert cloud.call("DELETE", f"{API}/{PARENT}/services/other", token=token).status == 403


def test_an_account_that_does_not_exist_cannot_run_anything(cloud: Cloud) -> None:
    ghost = f"ghost@{PROJECT}.iam.gserviceaccount.com"
    assert _create(cloud, _body(serviceAccount=ghost)).status == 403
    assert _create(cloud, _body()).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"template": {}}, 400),
        ({"template": {"containers": [{"image": "https://x"}]}}, 400),
        ({"template": {"containers": [{"image": HELLO, "nonsense": 1}]}}, 400),
        ({"ingress": "NOWHERE"}, 400),
        ({"buildConfig": {"functionTarget": "x"}}, 501),
    ],
)
def test_a_service_that_is_not_understood_is_refused(cloud: Cloud, change: dict[str, Any], status: int) -> None:
    assert _create(cloud, _body() | change).status == status
    assert cloud.call("GET", f"{API}/{NAME}").status == 404
    assert _create(cloud, _body()).status == 200


def test_a_stale_etag_conflicts_and_deleting_takes_everything(cloud: Cloud) -> None:
    _create(cloud, _body())
    assert _patch(cloud, _body() | {"etag": '"stale"'}).status == 409
    assert _patch(cloud, _body() | {"etag": _service(cloud)["etag"]}).status == 200
    cloud.ok(
        "POST",
        f"{API}/{NAME}:setIamPolicy",
        {"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}},
    )
    cloud.ok("DELETE", f"{API}/{NAME}")
    missing = cloud.call("GET", f"{API}/{NAME}")
    text = f"Resource 'api' of kind 'SERVICE' in region 'europe-west1' in project '{PROJECT}' does not exist."
    assert (missing.status, missing.message) == (404, text)
    _create(cloud, _body())
    assert cloud.ok("GET", f"{API}/{NAME}:getIamPolicy") == {"etag": "ACAB"}
    assert len(cloud.ok("GET", f"{API}/{NAME}/revisions")["revisions"]) == 1
    assert len(cloud.ok("GET", f"{API}/projects/{PROJECT}/locations/-/services")["services"]) == 1

"""What users and other parts count on: errors, retries, secrets, labels, separate processes, imports, lookups."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner.sandbox.http import Request, Response, json_response
from provisioner.sandbox.provider import serve
from tests.sandbox.provider.bodies import ACCOUNT, MEMBER, PROVIDER, SERVICES
from tests.sandbox.provider.conftest import MakeRoot
from tests.sandbox.provider.world import PROJECT, Cloud

pytestmark = pytest.mark.e2e


def error(status: int, reason: str = "backendError", message: str = "Try again.") -> Response:
    body = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return json_response({"error": body}, status)


def failing(cloud: Cloud, path: str, answers: list[Response]) -> None:
    """Answer the next calls to a path with these, one after the other."""

    def fault(request: Request) -> Response | None:
        return answers.pop(0) if path in request.path and request.method != "GET" and answers else None

    cloud.fault = fault


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_overload_is_tried_again(make_root: MakeRoot, cloud: Cloud, status: int) -> None:
    root = make_root(cloud, PROVIDER + MEMBER)
    failing(cloud, ":setIamPolicy", [error(status), error(status)])
    root.apply()
    assert [call for call in cloud.changing() if "setIamPolicy" in call] == [
        f"POST /v1/projects/{PROJECT}:setIamPolicy"
    ] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 504])
def test_other_refusals_end_a_create_at_once(make_root: MakeRoot, cloud: Cloud, status: int) -> None:
    root = make_root(cloud, PROVIDER + SERVICES + ACCOUNT)
    failing(cloud, "/serviceAccounts", [error(status, "someReason", "No.")])
    text = root.fails("apply", "-auto-approve")
    assert f"googleapi: Error {status}: No., someReason" in text
    assert "on main.tf line" in text
    assert [call for call in cloud.changing() if call.endswith("/serviceAccounts")] == [
        f"POST /v1/projects/{PROJECT}/serviceAccounts"
    ]


def test_overload_that_stays_is_an_error_after_eleven_attempts(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER + MEMBER, pace=0.001)
    failing(cloud, ":setIamPolicy", [error(503) for _ in range(50)])
    assert "Error 503" in root.fails("apply", "-auto-approve")
    assert len([call for call in cloud.changing() if "setIamPolicy" in call]) == 11


@pytest.mark.parametrize("status", [409, 412])
def test_a_policy_changed_in_between_is_read_again(make_root: MakeRoot, cloud: Cloud, status: int) -> None:
    root = make_root(cloud, PROVIDER + MEMBER)
    failing(cloud, ":setIamPolicy", [error(status, "conflict")])
    root.apply()
    gets = [request for request in cloud.asked if request.path.endswith(":getIamPolicy")]
    assert len(gets) >= 3  # before each write, and to see the result


def test_a_policy_that_never_rests_is_given_up(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER + MEMBER, pace=0.001)
    failing(cloud, ":setIamPolicy", [error(409, "conflict") for _ in range(50)])
    assert "Too many conflicts" in root.fails("apply", "-auto-approve")


def test_members_of_one_policy_keep_each_other(make_root: MakeRoot, cloud: Cloud) -> None:
    body = MEMBER.replace('"user:Someone@Example.com"', '"user:someone-${count.index}@example.com"')
    root = make_root(cloud, PROVIDER + body.replace('"it" {', '"it" {\n  count = 20'))
    root.ok("apply", "-auto-approve", "-parallelism=20")
    assert root.actions() == {}


def test_the_case_of_an_address_is_no_change(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER + MEMBER)
    root.apply()
    assert root.state("google_project_iam_member.it")["member"] == "user:someone@example.com"
    assert root.actions() == {}


def test_what_was_made_before_a_failure_is_tainted_not_lost(make_root: MakeRoot, cloud: Cloud) -> None:
    pool = 'resource "google_iam_workload_identity_pool" "it" {\n  workload_identity_pool_id = "payments-dev"\n'
    root = make_root(cloud, PROVIDER + SERVICES + pool + "  depends_on = [google_project_service.all]\n}\n")

    def fault(request: Request) -> Response | None:
        return error(403, "forbidden") if request.method == "GET" and request.path.endswith("/payments-dev") else None

    cloud.fault = fault
    root.fails("apply", "-auto-approve")
    cloud.fault = lambda _request: None
    assert root.actions() == {"google_iam_workload_identity_pool.it": ["delete", "create"]}


def test_a_protected_service_cannot_be_destroyed(make_root: MakeRoot, cloud: Cloud) -> None:
    service = """
resource "google_cloud_run_v2_service" "it" {
  name     = "payments"
  location = "europe-west1"
  template {
    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"
    }
  }
  depends_on = [google_project_service.all]
}
"""
    root = make_root(cloud, PROVIDER + SERVICES + service)
    root.apply()
    cloud.asked.clear()
    text = root.fails("destroy", "-auto-approve")
    assert "cannot destroy service without setting deletion_protection=false and running `terraform apply`" in text
    assert not [call for call in cloud.changing() if call.startswith("DELETE")]
    root.write(PROVIDER + SERVICES + service.replace('"payments"', '"payments"\n  deletion_protection = false'))
    root.apply()
    root.destroy()


@pytest.mark.parametrize(("policy", "kept"), [("ABANDON", True), ("DELETE", False)])
def test_a_deletion_policy_decides_what_a_destroy_does(
    make_root: MakeRoot, cloud: Cloud, policy: str, *, kept: bool
) -> None:
    body = ACCOUNT.replace('"payments-dev"', f'"payments-dev"\n  deletion_policy = "{policy}"')
    root = make_root(cloud, PROVIDER + SERVICES + body)
    root.apply()
    cloud.asked.clear()
    root.destroy()
    assert ([call for call in cloud.changing() if call.startswith("DELETE")] == []) is kept


def test_a_policy_of_prevent_refuses_a_destroy(make_root: MakeRoot, cloud: Cloud) -> None:
    body = ACCOUNT.replace('"payments-dev"', '"payments-dev"\n  deletion_policy = "PREVENT"')
    root = make_root(cloud, PROVIDER + SERVICES + body)
    root.apply()
    assert "deletion_policy" in root.fails("destroy", "-auto-approve", "-target=google_service_account.it")


def test_write_only_data_reaches_the_cloud_and_no_file(make_root: MakeRoot, cloud: Cloud) -> None:
    secret = """
resource "google_secret_manager_secret" "it" {
  secret_id = "db"
  replication {
    auto {}
  }
  depends_on = [google_project_service.all]
}
resource "google_secret_manager_secret_version" "it" {
  secret                 = google_secret_manager_secret.it.id
  secret_data_wo         = "xyzzy-7041"
  secret_data_wo_version = "1"
}
ephemeral "google_secret_manager_secret_version" "it" {
  secret  = google_secret_manager_secret.it.secret_id
  version = google_secret_manager_secret_version.it.version
}
resource "google_secret_manager_secret_version" "copy" {
  secret                 = google_secret_manager_secret.it.id
  secret_data_wo         = ephemeral.google_secret_manager_secret_version.it.secret_data
  secret_data_wo_version = "1"
}
"""
    root = make_root(cloud, PROVIDER + SERVICES + secret)
    root.ok("plan", "-out=plan.bin")
    root.ok("apply", "plan.bin")
    sent = [request for request in cloud.asked if request.path.endswith(":addVersion")]
    assert [request.json()["payload"]["data"] for request in sent] == ["eHl6enktNzA0MQ=="] * 2
    for file in root.folder.glob("*"):
        assert file.is_dir() or b"xyzzy-7041" not in file.read_bytes() or file.name == "main.tf", file
    assert b"xyzzy" not in (root.folder / "terraform.tfstate").read_bytes()


def test_labels_come_from_three_places(make_root: MakeRoot, cloud: Cloud) -> None:
    provider = PROVIDER.replace("\n}", '\n  default_labels = { team = "payments", env = "dev" }\n}')
    bucket = 'resource "google_storage_bucket" "it" {\n  name = "acme-data"\n  location = "eu"\n  labels = LABELS\n}\n'
    root = make_root(cloud, provider + bucket.replace("LABELS", '{ env = "test", own = "x" }'))
    root.apply()
    state = root.state("google_storage_bucket.it")
    everything = {"team": "payments", "env": "test", "own": "x", "goog-terraform-provisioned": "true"}
    assert state["labels"] == {"env": "test", "own": "x"}
    assert state["terraform_labels"] == state["effective_labels"] == everything
    assert state["location"] == "EU"
    root.write(provider + bucket.replace("LABELS", "{}"))
    root.apply()
    assert root.state("google_storage_bucket.it")["effective_labels"] == {
        "team": "payments",
        "env": "dev",
        "goog-terraform-provisioned": "true",
    }


def test_what_was_deleted_outside_is_created_again(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER + SERVICES + ACCOUNT + MEMBER)
    root.apply()
    account = root.state("google_service_account.it")["name"]
    headers = {"authorization": f"Bearer {cloud.token}"}
    assert cloud(Request("DELETE", "iam.googleapis.com", f"/v1/{account}", "", headers)).status == 200
    assert root.actions() == {"google_service_account.it": ["create"]}


def test_a_stopped_server_frees_its_port(cloud: Cloud) -> None:
    server = serve(cloud, default_token="t")
    server.stop()
    again = serve(cloud, server.port, default_token="t")
    try:
        assert again.port == server.port
        with pytest.raises(OSError, match="taken"):
            serve(cloud, server.port)
    finally:
        again.stop()


def test_a_stopped_server_ends_its_waits(make_root: MakeRoot) -> None:
    started = threading.Event()

    def busy(_request: Request) -> Response:
        started.set()
        return error(503)

    root = make_root(busy, PROVIDER + MEMBER, pace=3600)
    with ThreadPoolExecutor(1) as pool:
        plan = pool.submit(root.run, "plan")
        assert started.wait(60)
        root.server.stop()
        assert plan.result(timeout=60).returncode == 1

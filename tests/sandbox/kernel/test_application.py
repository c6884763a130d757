"""The way of a request: caller, enabled API, permission, handler, and what an error leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from provisioner.sandbox.google.application import GoogleApplication
from provisioner.sandbox.google.errors import ApiError, permission_denied
from provisioner.sandbox.google.method import Caller, Resource
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world
from tests.sandbox.core.cloud import NUMBER, PROJECT, GoogleCloud

SERVICES = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services"


class Doorman:
    """An identity that knows one person with a list of permissions."""

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions
        self.asked: list[tuple[str, str]] = []

    def authenticate(self, tx: Transaction, request: Request, now: datetime) -> Caller:
        del tx, now
        return Caller("user:one@example.com" if "authorization" in request.headers else "allUsers")

    def require(self, tx: Transaction, caller: Caller, permission: str, resource: Resource, now: datetime) -> None:
        if not self.granted(tx, caller, [permission], resource, now):
            raise permission_denied(f"no {permission}")

    def granted(
        self, tx: Transaction, caller: Caller, permissions: Sequence[str], resource: Resource, now: datetime
    ) -> list[str]:
        del tx, now
        self.asked += [(permission, resource.name) for permission in permissions]
        return [permission for permission in permissions if not caller.anonymous and permission in self.permissions]


def test_no_token_is_a_401_with_a_challenge(cloud: GoogleCloud) -> None:
    answer = cloud.call("GET", f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}", token="")
    assert (answer.status, answer.body["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    wrong = cloud.call("GET", f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}", token="ya29.wrong")
    assert wrong.status == 401


def test_permissions_are_asked_of_the_nearest_resource(cloud: GoogleCloud) -> None:
    doorman = Doorman("storage.buckets.get")
    application = GoogleApplication(cloud.world, doorman)
    cloud.bucket("acme-data")
    sent = {"authorization": "Bearer x"}
    found = application(Request("GET", "storage.googleapis.com", "/storage/v1/b/acme-data", headers=sent))
    assert found.status == 200
    assert doorman.asked == [("storage.buckets.get", "projects/_/buckets/acme-data")]
    refused = application(Request("DELETE", "storage.googleapis.com", "/storage/v1/b/acme-data", headers=sent))
    assert refused.status == 403
    assert cloud.call("GET", "storage.googleapis.com/storage/v1/b/acme-data").status == 200


def test_an_api_that_is_off_is_refused_with_the_way_to_switch_it_on(cloud: GoogleCloud) -> None:
    accounts = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
    refused = cloud.call("GET", accounts)
    error = refused.body["error"]
    assert refused.status == 403
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    assert error["details"][0]["metadata"]["consumer"] == f"projects/{NUMBER}"
    assert cloud.call("POST", f"{SERVICES}/iam.googleapis.com:enable", {}).status == 200
    assert cloud.call("GET", accounts).status == 200


def test_an_error_undoes_what_the_request_had_written(cloud: GoogleCloud) -> None:
    batch = {"serviceIds": ["run.googleapis.com", "no-such.googleapis.com"]}
    assert cloud.call("POST", f"{SERVICES}:batchEnable", batch).status == 404
    assert cloud.call("GET", f"{SERVICES}/run.googleapis.com").body["state"] == "DISABLED"


class BrokenStore(MemoryStore):
    """Works until it is told to break."""

    broken = False

    def transaction(self):  # type: ignore[no-untyped-def] # noqa: ANN201 - the parent's context manager
        if self.broken:
            raise OSError("disk gone")
        return super().transaction()


def test_a_bug_is_this_requests_500(tmp_path: Path) -> None:
    store = BrokenStore()
    application = GoogleApplication(open_world(store, tmp_path), Doorman())
    store.broken = True
    answer = application(Request("GET", "storage.googleapis.com", "/storage/v1/b/x", headers={"authorization": "x"}))
    assert answer.status == 500
    assert isinstance(answer.body, bytes)
    assert b"disk gone" not in answer.body


def test_an_operation_is_done_after_as_many_polls_as_set(cloud: GoogleCloud) -> None:
    cloud.world.settings.change({"lro_polls": 2})
    started = cloud.call("POST", f"{SERVICES}/run.googleapis.com:enable", {}).body
    assert "done" not in started
    place = f"serviceusage.googleapis.com/v1/{started['name']}"
    assert "done" not in cloud.call("GET", place).body
    assert cloud.call("GET", place).body["response"]["service"]["state"] == "ENABLED"
    assert cloud.call("GET", place).body["done"]
    assert cloud.call("GET", "serviceusage.googleapis.com/v1/operations/acf.none").status == 404


def test_envelopes() -> None:
    old = ApiError("NOT_FOUND", "gone").envelope(with_status=False)["error"]
    assert old == {
        "code": 404,
        "message": "gone",
        "errors": [{"message": "gone", "domain": "global", "reason": "notFound"}],
    }
    new = ApiError("ABORTED", "stale", details=[{"@type": "x"}]).envelope()["error"]
    assert (new["status"], new["code"], new["details"]) == ("ABORTED", 409, [{"@type": "x"}])
    assert ApiError("ABORTED", "stale").rpc_status() == {"code": 10, "message": "stale"}


def test_pages_are_stable_and_tokens_belong_to_their_query(cloud: GoogleCloud) -> None:
    for number in range(5):
        cloud.bucket(f"acme-{number}")
    url = f"storage.googleapis.com/storage/v1/b?project={PROJECT}&maxResults=2"
    first = cloud.call("GET", url).body
    cloud.call("DELETE", "storage.googleapis.com/storage/v1/b/acme-1")
    cloud.bucket("acme-0a")
    second = cloud.call("GET", f"{url}&pageToken={first['nextPageToken']}").body
    assert [item["name"] for item in first["items"] + second["items"]] == ["acme-0", "acme-1", "acme-2", "acme-3"]
    third = cloud.call("GET", f"{url}&pageToken={second['nextPageToken']}").body
    assert "nextPageToken" not in third
    assert cloud.call("GET", f"{url}&prefix=x&pageToken={first['nextPageToken']}").status == 400
    assert cloud.call("GET", f"{url}&pageToken=nonsense").status == 400


def test_many_threads_at_once(cloud: GoogleCloud) -> None:
    statuses: list[int] = []

    def work(number: int) -> None:
        statuses.extend(cloud.bucket(f"acme-{number}-{turn}").status for turn in range(10))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80

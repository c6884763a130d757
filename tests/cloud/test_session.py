"""Credentials that are taken and refused, and HTTP that goes the given way and is patient."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.identity_pool import Credentials as FederatedCredentials
from google.auth.impersonated_credentials import Credentials as Impersonated

from provisioner.cloud.credentials import find_credentials
from provisioner.cloud.lookup import Lookup
from provisioner.cloud.session import Answer, Network, NotAuthenticated, Session, open_session
from provisioner.errors import InvalidInput, ProvisionError

KEY = {
    "type": "service_account",
    "project_id": "p",
    "private_key": "x",
    "client_email": "a@p",
    "token_uri": "https://x",
}
USER = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}


@dataclass
class Service:
    """A small API on loopback that answers from a script and notes what came."""

    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, authorization: str) -> tuple[int, Any]:
        self.seen.append((method, path, authorization))
        script = self.answers[path]
        return script.pop(0) if len(script) > 1 else script[0]


@pytest.fixture
def service() -> Iterator[Service]:
    served = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536

        def do_GET(self) -> None:
            status, document = served.answer(self.command, self.path, self.headers["Authorization"] or "")
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def opened() -> Iterator[Session]:
    with closing(open_session("token-1")) as session:
        yield session


def written(folder: Path, document: object) -> str:
    path = folder / "credentials.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_a_key_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="keys are refused") as refused:
        find_credentials(None, written(tmp_path, KEY))
    assert "workload identity federation" in refused.value.fix
    assert "private_key" not in str(refused.value)


@pytest.mark.parametrize("impersonating", [False, True], ids=["itself", "behind impersonation"])
def test_a_key_that_google_finds_by_itself_is_refused_too(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    impersonating: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    found: dict[str, Any] = {**KEY, "private_key": key.decode()}
    if impersonating:
        address = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.example:generateAccessToken"
        url = {"service_account_impersonation_url": address}
        found = {"type": "impersonated_service_account", "source_credentials": found, **url}
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", written(tmp_path, found))
    with pytest.raises(InvalidInput, match="keys are refused"):
        find_credentials(None)


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_file_that_is_no_credentials_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(InvalidInput, match="cannot be read"):
        find_credentials(None, str(tmp_path / "c.json"))
    with pytest.raises(InvalidInput, match="cannot be read"):
        find_credentials(None, str(tmp_path / "missing.json"))


@pytest.mark.parametrize("kind", ["unheard-of", "external_account", "authorized_user"])
def test_a_kind_that_is_not_known_or_not_whole_is_told(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"not supported|no usable"):
        find_credentials(None, written(tmp_path, {"type": kind}))


def test_impersonation_by_a_key_is_refused(tmp_path: Path) -> None:
    info = {"type": "impersonated_service_account", "source_credentials": KEY}
    with pytest.raises(InvalidInput, match="keys are refused"):
        find_credentials(None, written(tmp_path, info))


def test_federated_credentials_are_taken(tmp_path: Path) -> None:
    info = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/github",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/token"},
    }
    assert isinstance(find_credentials(None, written(tmp_path, info)), FederatedCredentials)


def test_a_users_file_is_taken_and_a_token_goes_before_it(tmp_path: Path) -> None:
    assert find_credentials(None, written(tmp_path, USER)).refresh_token == "r"  # type: ignore[attr-defined] # a user's
    assert find_credentials("ya29.x", written(tmp_path, KEY)).token == "ya29.x"
    assert isinstance(find_credentials("ya29.x", None, "a@p.iam.gserviceaccount.com"), Impersonated)


def test_every_call_carries_the_token(service: Service, opened: Session) -> None:
    service.answers["/x"] = [(200, {"a": 1})]
    assert opened.get(f"{service.url}/x").document == {"a": 1}
    assert service.seen == [("GET", "/x", "Bearer token-1")]


def test_calls_go_through_the_given_proxy(service: Service) -> None:
    service.answers["http://compute.invalid/x"] = [(200, {"through": "proxy"})]
    with closing(open_session("t", network=Network(proxy=service.url))) as session:
        assert session.get("http://compute.invalid/x").document == {"through": "proxy"}


def test_a_busy_service_is_asked_again_but_nothing_is_written_twice(service: Service, opened: Session) -> None:
    service.answers["/x"] = [(503, {}), (429, {}), (200, {"ok": True})]
    assert opened.get(f"{service.url}/x").ok
    service.answers["/y"] = [(503, {"error": {"message": "busy"}}), (200, {})]
    answer = opened.call("POST", f"{service.url}/y", {})
    assert (answer.status, answer.message) == (503, "busy")
    assert [path for _, path, _ in service.seen] == ["/x", "/x", "/x", "/y"]


def test_expired_credentials_are_an_error_of_their_own(service: Service, opened: Session) -> None:
    service.answers["/x"] = [(401, {"error": {"message": "expired"}})]
    with pytest.raises(NotAuthenticated) as refused:
        opened.get(f"{service.url}/x")
    assert "gcloud auth application-default login" in refused.value.fix


def test_nobody_there_is_told_with_the_address(opened: Session) -> None:
    with pytest.raises(ProvisionError, match="does not answer") as failed:
        opened.call("POST", "http://127.0.0.1:1/x", {})
    assert failed.value.where == "http://127.0.0.1:1/x"


def test_an_answer_that_is_no_json_is_an_error_in_its_words(service: Service, opened: Session) -> None:
    service.answers["/x"] = [(400, b"<html>bad gateway</html>")]
    answer = opened.get(f"{service.url}/x")
    assert (answer.status, answer.message) == (400, "<html>bad gateway</html>")
    service.answers["/empty"] = [(200, b"")]
    assert opened.get(f"{service.url}/empty").document == {}


def test_all_pages_of_a_list_are_read(service: Service, opened: Session) -> None:
    service.answers["/x?s=1"] = [(200, {"rows": [{"n": 1}], "nextPageToken": "t"})]
    service.answers["/x?s=1&pageToken=t"] = [(200, {"rows": [{"n": 2}]})]
    service.answers["/none?s=1"] = [(403, {})]
    service.answers["/broken?s=1"] = [(400, {"error": {"message": "no"}})]
    assert [row["n"] for row in opened.rows(f"{service.url}/x?s=1", "rows")] == [1, 2]
    assert list(opened.rows(f"{service.url}/none?s=1", "rows")) == []
    with pytest.raises(ProvisionError, match="answered 400: no"):
        list(opened.rows(f"{service.url}/broken?s=1", "rows"))


def test_an_api_that_is_not_enabled_is_recognised() -> None:
    detail = {"reason": "SERVICE_DISABLED", "metadata": {"service": "run.googleapis.com", "consumer": "projects/17"}}
    assert Answer(403, {"error": {"details": [{"reason": "X"}, detail]}}).disabled_service == (
        "run.googleapis.com",
        "17",
    )
    assert Answer(403, {"error": {"message": "denied"}}).disabled_service is None
    assert Answer(403, {"error": "denied"}).message == "denied"


def test_an_undeletion_is_waited_for_with_growing_pauses(
    service: Service, opened: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.cloud.lookup._IAM", service.url)
    running = {"name": "projects/1/operations/o"}
    service.answers["/p"] = [(200, {"state": "DELETED"})]
    service.answers["/p:undelete"] = [(200, running)]
    service.answers["/projects/1/operations/o"] = [(200, running), (200, running), (200, {**running, "done": True})]
    pauses: list[float] = []
    Lookup(opened, pauses.append).undelete("pool", "p")
    assert pauses == [0.1, 0.2, 0.4]
    failed = {**running, "done": True, "error": {"message": "quota"}}
    service.answers["/projects/1/operations/o"] = [(200, failed)]
    with pytest.raises(ProvisionError, match="cannot be brought back: quota"):
        Lookup(opened, pauses.append).undelete("pool", "p")
    service.answers["/projects/1/operations/o"] = [(200, running)]
    with pytest.raises(ProvisionError, match="does not come to an end"):
        Lookup(opened, pauses.append).undelete("pool", "p")
    assert max(pauses) == 2.0

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from provisioner.sandbox.github import apps
from tests.sandbox.github.hub import Hub, push, working_copy
from tests.sandbox.github.people import app, app_number

SECRET = "it is a secret to everybody"
HOOKS = "/repos/acme/model/hooks"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        server: Any = self.server
        server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        answer = b"thanks"
        self.send_response(500 if self.path == "/broken" else 202)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def make(hub: Hub, receiver: Any, *events: str, path: str = "/here", **config: str) -> Any:
    wanted = {"url": receiver.url + path, "content_type": "json", "secret": SECRET, **config}
    made = hub.call("POST", HOOKS, {"name": "web", "events": events, "config": wanted}, token=hub.tokens["user"])
    assert made.status_code == 201, made.text
    hub.world.errands.settle()
    return made.json()


def heard(receiver: Any) -> list[tuple[str, Any]]:
    return [(headers["x-github-event"], json.loads(body)) for headers, body in receiver.got]


def test_a_new_hook_is_pinged_and_hears_of_a_push_with_a_signature(hub: Hub, receiver: Any, tmp_path: Path) -> None:
    hub.repository()
    hook = make(hub, receiver, "push")
    assert hook["config"]["secret"] == "********"
    push(working_copy(tmp_path / "a", {"a.txt": "1"}), hub.git_url())
    hub.world.errands.settle()
    (first, ping), (second, pushed) = heard(receiver)
    assert (first, ping["hook_id"], second, pushed["ref"]) == ("ping", hook["id"], "push", "refs/heads/main")
    assert pushed["commits"][0]["added"] == ["a.txt"]
    assert (pushed["repository"]["full_name"], pushed["organization"]["login"]) == ("acme/model", "acme")
    headers, body = receiver.got[1]
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={signature}"
    assert headers["x-github-hook-installation-target-type"] == "repository"


def test_a_hook_hears_only_of_what_it_asked_for(hub: Hub, receiver: Any) -> None:
    hub.repository()
    hook = make(hub, receiver, "issues")
    hub.call("POST", "/repos/acme/model/issues", {"title": "x"}, token=hub.tokens["user"])
    hub.call("POST", "/repos/acme/model/issues/1/comments", {"body": "y"}, token=hub.tokens["user"])
    changed = hub.call("PATCH", f"{HOOKS}/{hook['id']}", {"active": False}, token=hub.tokens["user"])
    assert changed.json()["active"] is False
    hub.call("PATCH", "/repos/acme/model/issues/1", {"state": "closed"}, token=hub.tokens["user"])
    hub.world.errands.settle()
    assert [(event, payload.get("action")) for event, payload in heard(receiver)] == [
        ("ping", None),
        ("issues", "opened"),
    ]


def test_deliveries_are_listed_shown_and_made_again(hub: Hub, receiver: Any) -> None:
    hub.repository()
    hook = make(hub, receiver, "push", path="/broken")
    one = f"{HOOKS}/{hook['id']}"
    rows = hub.call("GET", f"{one}/deliveries", token=hub.tokens["user"]).json()
    assert [(row["event"], row["status_code"], row["redelivery"]) for row in rows] == [("ping", 500, False)]
    shown = hub.call("GET", f"{one}/deliveries/{rows[0]['id']}", token=hub.tokens["user"]).json()
    assert shown["response"]["payload"] == "thanks"
    assert shown["request"]["headers"]["X-GitHub-Event"] == "ping"
    place = f"{one}/deliveries/{rows[0]['id']}/attempts"
    assert hub.call("POST", place, token=hub.tokens["user"]).status_code == 202
    hub.world.errands.settle()
    again = hub.call("GET", f"{one}/deliveries", token=hub.tokens["user"]).json()
    assert [(row["guid"], row["redelivery"]) for row in again] == [(rows[0]["guid"], True), (rows[0]["guid"], False)]
    assert hub.call("GET", one, token=hub.tokens["user"]).json()["last_response"]["code"] == 500


def test_nothing_leaves_this_machine(hub: Hub) -> None:
    hub.repository()
    wanted = {"config": {"url": "https://example.com/hook"}}
    made = hub.call("POST", HOOKS, wanted, token=hub.tokens["user"]).json()
    hub.world.errands.settle()
    (row,) = hub.call("GET", f"{HOOKS}/{made['id']}/deliveries", token=hub.tokens["user"]).json()
    assert (row["status_code"], "this machine only" in row["status"]) == (502, True)


def test_an_organizations_hook_and_the_apps_hear_too(hub: Hub, receiver: Any) -> None:
    hub.repository()
    wanted = {"name": "web", "events": ["label", "issues"], "config": {"url": receiver.url, "content_type": "form"}}
    owner = hub.call("POST", "/orgs/acme/hooks", wanted, token=hub.tokens["user"])
    assert owner.status_code == 404  # a token without admin:org_hook sees no hooks
    org = hub.call("POST", "/orgs/acme/hooks", wanted, token=app(hub, organization_hooks="write")).json()
    hub.world.errands.settle()
    assert receiver.got[0][1].startswith(b"payload=%7B")
    key = RSAKey.import_key(hub.write(lambda tx: apps.app_private_key(tx, app_number(hub))))
    now = int(hub.world.clock.now().timestamp())
    own = jwt.encode({"alg": "RS256"}, {"iss": str(app_number(hub)), "iat": now, "exp": now + 300}, key)
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET}
    assert hub.call("PATCH", "/app/hook/config", config, token=own).json()["secret"] == "********"
    hub.call("PUT", "/repos/acme/model/topics", {"names": ["x"]})
    push_like = {"name": "topic", "description": None}
    assert hub.call("POST", "/repos/acme/model/labels", push_like, token=hub.tokens["user"]).status_code == 201
    hub.call("POST", "/repos/acme/model/issues", {"title": "x"}, token=hub.tokens["user"])
    hub.world.errands.settle()
    targets = [headers["x-github-hook-installation-target-type"] for headers, _ in receiver.got]
    # The App has no issues permission, so its own hook is not told of the issue.
    assert targets == ["organization", "organization"]
    rows = hub.call("GET", "/app/hook/deliveries", token=own).json()
    assert (rows, org["type"]) == ([], "Organization")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"config": {}}, "config.url is required"),
        ({"config": {"url": "ftp://x"}}, "url is missing a scheme"),
        ({"config": {"url": "http://x"}, "events": ["nonsense"]}, "The following events are invalid: nonsense"),
        ({"name": "email", "config": {"url": "http://x"}}, "The only valid hook name is 'web'."),
        ({"config": {"url": "http://x", "content_type": "xml"}}, "content_type must be one of"),
    ],
)
def test_hooks_that_cannot_be(hub: Hub, body: Any, said: str) -> None:
    hub.repository()
    refused = hub.call("POST", HOOKS, body, token=hub.tokens["user"])
    assert refused.status_code == 422
    assert said in refused.json()["errors"][0]["message"]

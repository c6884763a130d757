"""Requests through PyGithub to a real HTTP server: errors with advice, retries, several threads at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from provisioner.errors import ProvisionError
from provisioner.repository.api import GitHubApi, gather, part
from provisioner.repository.errors import GitHubError
from provisioner.repository.transport import POOL_SIZE, PyGithubTransport

Answer = tuple[int, dict[str, str], Any]


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server's function says."""

    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server: Any = self.server
        server.ports.add(self.client_address[1])
        server.seen.append((self.command, self.path, self.headers["Authorization"], body))
        status, headers, document = server.answer(self.command, self.path, len(server.seen))
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content)), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names http.server calls

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[Any]:
    started: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    started.seen, started.ports = [], set()
    thread = threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield started
    started.shutdown()
    thread.join()
    started.server_close()


@pytest.fixture
def api(server: Any) -> Iterator[GitHubApi]:
    transport = PyGithubTransport(
        f"http://127.0.0.1:{server.server_address[1]}", "ghs_secret", None, backoff_seconds=0.01
    )
    yield GitHubApi(transport)
    transport.close()


def refuse(status: int, message: str, headers: dict[str, str] | None = None, errors: list[Any] | None = None) -> Any:
    return lambda *_: (status, headers or {}, {"message": message, **({"errors": errors} if errors else {})})


LACKING = {"X-Accepted-GitHub-Permissions": "administration=write"}
ERRORS = [{"resource": "Repository", "message": "name is too long"}, "and ugly"]


@pytest.mark.parametrize(
    ("answer", "reason", "fix"),
    [
        (refuse(401, "Bad credentials"), "GitHub answered 401: Bad credentials", "GITHUB_TOKEN"),
        (refuse(403, "Not yours", LACKING), "GitHub answered 403: Not yours", "it needs administration=write"),
        (refuse(404, "Not Found"), "GitHub answered 404: Not Found", "must not see it"),
        (refuse(422, "No", {}, ERRORS), "GitHub answered 422: No (name is too long; and ugly)", "change the request"),
    ],
)
def test_a_refusal_says_what_to_do(server: Any, api: GitHubApi, answer: Any, reason: str, fix: str) -> None:
    server.answer = answer
    with pytest.raises(GitHubError) as caught:
        api.write("PUT", "/repos/o/r/topics", {"names": []})
    assert caught.value.reason == reason
    assert fix in caught.value.fix
    assert caught.value.where == "PUT /repos/o/r/topics"
    assert "ghs_secret" not in str(caught.value)


def test_trouble_of_github_is_tried_again(server: Any, api: GitHubApi) -> None:
    server.answer = lambda _method, _path, call: (503 if call < 3 else 200, {}, {"ok": call})
    assert api.get("/repos/o/r")["ok"] == 3


def test_trouble_that_stays_is_told(server: Any, api: GitHubApi) -> None:
    server.answer = refuse(502, "Server Error")
    with pytest.raises(GitHubError, match="502") as caught:
        api.get("/repos/o/r")
    assert "it goes on where it stopped" in caught.value.fix
    assert len(server.seen) == 5


def test_a_host_that_does_not_answer_is_told() -> None:
    api = GitHubApi(PyGithubTransport("http://127.0.0.1:9", "t", None, backoff_seconds=0.01))
    with pytest.raises(ProvisionError, match="does not answer") as caught:
        api.get("/repos/o/r")
    assert "http://127.0.0.1:9/repos/o/r" in caught.value.where


def test_many_threads_each_get_their_own_answer(server: Any, api: GitHubApi) -> None:
    server.answer = lambda _method, path, _call: (200, {}, {"path": path})
    paths = [f"/things/{number}" for number in range(120)]
    with ThreadPoolExecutor(4 * POOL_SIZE) as pool:
        found = list(pool.map(api.get, paths))
    assert [row["path"] for row in found] == paths
    assert {authorization for _, _, authorization, _ in server.seen} == {"token ghs_secret"}


def test_nothing_is_written_to_standard_error(server: Any, api: GitHubApi, capfd: pytest.CaptureFixture[str]) -> None:
    server.answer = refuse(403, "Resource not accessible by integration")
    with pytest.raises(GitHubError):
        api.get("/x")
    assert capfd.readouterr() == ("", "")


def test_connections_are_kept(server: Any, api: GitHubApi) -> None:
    server.answer = lambda *_: (200, {}, {})
    for _ in range(10):
        api.get("/x")
    assert len(server.ports) == 1


def test_all_pages_are_read(server: Any, api: GitHubApi) -> None:
    rows = list(range(65))

    def answer(_method: str, path: str, _call: int) -> Answer:
        query = dict(pair.split("=") for pair in path.partition("?")[2].split("&"))
        size, page = int(query["per_page"]), int(query["page"])
        assert size == 30
        return 200, {}, {"variables": rows[size * (page - 1) : size * page]}

    server.answer = answer
    assert api.pages("/repos/o/r/actions/variables", "variables") == rows


def test_a_list_of_what_does_not_exist_is_empty_only_on_demand(server: Any, api: GitHubApi) -> None:
    server.answer = refuse(404, "Not Found")
    assert api.pages("/x/variables", "variables", missing_ok=True) == []
    assert api.find("/x") is None
    with pytest.raises(GitHubError):
        api.pages("/x/variables", "variables")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (409, "Variable already exists"),
        (422, "name already exists on this account"),
        (422, "Name must be unique"),
    ],
)
def test_creating_what_exists_is_no_error(server: Any, api: GitHubApi, status: int, message: str) -> None:
    server.answer = refuse(422, "Validation Failed", {}, [message]) if status == 422 else refuse(status, message)
    assert api.create("/things", {"name": "x"}) is False


def test_creating_what_is_wrong_is_an_error(server: Any, api: GitHubApi) -> None:
    server.answer = refuse(422, "Validation Failed", {}, ["name is wrong"])
    with pytest.raises(GitHubError, match="name is wrong"):
        api.create("/things", {"name": "x"})


def test_results_keep_their_order_and_errors_come_through() -> None:
    assert gather([partial(pow, n, 2) for n in range(20)]) == [n * n for n in range(20)]
    with pytest.raises(ZeroDivisionError):
        gather([lambda: 1, lambda: 1 // 0])


def test_parts_of_paths_are_quoted() -> None:
    assert part("a/b c?") == "a%2Fb%20c%3F"

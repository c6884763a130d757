"""Log, faults, snapshots, clock and switches: what a person or a test can do to a sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import InvalidInput
from provisioner.sandbox.control.actions import Actions
from provisioner.sandbox.control.application import ControlApplication
from provisioner.sandbox.control.faults import FaultPlan
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.control.observed import Observed
from provisioner.sandbox.control.snapshots import Snapshots
from provisioner.sandbox.http import Request, Response, json_response
from provisioner.sandbox.store.sqlite import SqliteStore
from provisioner.sandbox.world import Clock, Settings, World, open_world

START = datetime(2026, 11, 21, tzinfo=UTC)


class Recorder:
    """The server's side of the control interface."""

    def __init__(self) -> None:
        self.stopped = False

    def describe(self) -> dict[str, Any]:
        return {"pid": 1}

    def look(self) -> dict[str, Any]:
        return {"url": "http://127.0.0.1/look"}

    def provider_reattach(self) -> str:
        return "{}"

    def credentials(self) -> dict[str, Any]:
        return {"googleToken": "ya29.x"}

    def github_app(self) -> dict[str, Any]:
        return {"appId": "1", "privateKey": "pem"}

    def mint_job_token(self, context: Any) -> dict[str, Any]:
        if context.get("environment") == "prod":
            raise InvalidInput("Branch is not allowed to deploy to prod due to environment protection rules.")
        return {"request_url": "https://x", "request_token": "y"}

    def lay_foundations(self, plan: Any) -> list[str]:
        return sorted(plan)

    def allow_hosts(self, hosts: list[str]) -> list[str]:
        return hosts

    def shut_down(self) -> None:
        self.stopped = True


@dataclass
class Bench:
    world: World
    observed: Observed
    control: ControlApplication
    doors: Recorder
    handled: list[str]

    def send(self, path: str = "/x", body: bytes = b"", **headers: str) -> Response:
        return self.observed(Request("POST", "storage.googleapis.com", path, "", headers, body))

    def act(self, verb: str, action: str, document: object = None, token: str = "secret", query: str = "") -> Any:
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"authorization": f"Bearer {token}"}
        answer = self.control(Request(verb, "127.0.0.1", f"/_sandbox/{action}", query, headers, body))
        assert isinstance(answer.body, bytes)
        return answer.status, json.loads(answer.body)

    def log(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.act("GET", "requests", query=query)[1]["requests"]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    store = SqliteStore(tmp_path / "store.sqlite3")
    world = open_world(store, tmp_path, lambda: START)
    handled: list[str] = []

    def application(request: Request) -> Response:
        handled.append(request.path)
        with world.store.transaction() as tx:
            tx.put("things", request.path, {"size": len(request.body)})
        return json_response({"access_token": "ya29.leak", "made": request.path, "padding": "x" * 50})

    journal, faults, doors = Journal(), FaultPlan(), Recorder()
    observed = Observed(application, lambda request: f"thing{request.path.replace('/', '.')}", world, journal, faults)
    snapshots = Snapshots(world, store, lambda: handled.append("replaced"))
    actions = Actions(world=world, doors=doors, journal=journal, faults=faults, snapshots=snapshots, observed=observed)
    yield Bench(world, observed, ControlApplication("secret", actions.table()), doors, handled)
    store.close()


def test_nothing_without_the_token(bench: Bench) -> None:
    assert bench.act("GET", "status", token="guess")[0] == 401
    assert bench.act("POST", "shutdown", token="")[0] == 401
    assert not bench.doors.stopped
    status, answer = bench.act("GET", "nonsense")
    assert (status, "GET /_sandbox/status" in answer["known"]) == (404, True)


def test_the_log_can_be_searched(bench: Bench) -> None:
    for path in ("/a", "/b", "/a"):
        bench.send(path)
    assert [entry["name"] for entry in bench.log()] == ["thing.a", "thing.b", "thing.a"]
    assert [entry["number"] for entry in bench.log("name=thing.a")] == [1, 3]
    assert len(bench.log("path=b&status=200&method=post")) == 1
    assert [entry["number"] for entry in bench.log("after=1&limit=1")] == [3]
    assert bench.log("text=nowhere") == []
    assert bench.act("GET", "requests", query="colour=red")[0] == 400
    assert bench.act("GET", "requests", query="after=x")[0] == 400
    assert bench.act("GET", "status")[1]["methods"] == {"thing.a": 2, "thing.b": 1}
    bench.act("DELETE", "requests")
    bench.send("/c")
    assert [entry["number"] for entry in bench.log()] == [4]


def test_the_log_keeps_no_secret(bench: Bench) -> None:
    secrets = {
        "subjectToken": "one-secret",
        "nested": [{"private_key": "two-secret"}],
        "note": "see ghp_threeSecret and eyJhbGciOi.eyJzdWIi.four-secret",
        "payload": {"data": "five-secret"},
        "harmless": "kept",
    }
    bench.send(
        "/a", json.dumps(secrets).encode(), **{"content-type": "application/json", "authorization": "Bearer six"}
    )
    bench.send(
        "/b", b"grant_type=x&subject_token=seven-secret", **{"content-type": "application/x-www-form-urlencoded"}
    )
    bench.send("/c", b"eight-secret", **{"content-type": "application/octet-stream"})
    bench.observed(Request("GET", "x.googleapis.com", "/d", "access_token=nine-secret&prefix=a", {}, b""))
    text = json.dumps(bench.log())
    for secret in ("secret", "Secret", "Bearer", "six", "leak"):
        assert secret not in text, secret
    for harmless in ("kept", "grant_type", "prefix=a", "12 bytes"):
        assert harmless in text


def test_bodies_are_not_kept_when_that_is_switched_off(bench: Bench) -> None:
    bench.act("PATCH", "settings", {"log_bodies": False})
    bench.send("/a", b"{}")
    assert "request" not in bench.log()[0]


@pytest.mark.parametrize(("when", "handled"), [("before", []), ("after", ["/a"])])
def test_a_status_instead_of_an_answer(bench: Bench, when: str, handled: list[str]) -> None:
    bench.act("PUT", "faults", {"faults": [{"method": "thing.a", "status": 429, "when": when}]})
    assert bench.send("/a").status == 429
    assert bench.handled == handled
    assert bench.send("/a").status == 200
    assert bench.log()[0]["fault"] == f"status 429 {when}"


def test_a_fault_strikes_at_its_index_of_its_method(bench: Bench) -> None:
    faults = [{"method": "thing.*", "index": 3}, {"method": "thing.b", "index": 0, "status": 500}]
    bench.act("PUT", "faults", {"faults": faults})
    assert [bench.send(path).status for path in ("/a", "/b", "/a", "/a", "/b")] == [200, 500, 503, 200, 500]
    assert [entry["calls"] for entry in bench.act("GET", "faults")[1]["faults"]] == [5, 2]
    bench.act("DELETE", "faults")
    assert bench.send("/b").status == 200


@pytest.mark.parametrize(("when", "handled"), [("before", []), ("after", ["/a"])])
def test_a_cut_connection(bench: Bench, when: str, handled: list[str]) -> None:
    bench.act("PUT", "faults", {"faults": [{"method": "*", "kind": "reset", "when": when}]})
    with pytest.raises(ConnectionResetError):
        bench.send("/a")
    assert bench.handled == handled
    assert bench.log()[0]["status"] == 0


def test_half_an_answer(bench: Bench) -> None:
    whole = bench.send("/a").body
    bench.act("PUT", "faults", {"faults": [{"method": "*", "kind": "half"}]})
    response = bench.send("/a")
    assert isinstance(whole, bytes)
    assert not isinstance(response.body, bytes)
    assert ("Content-Length", str(len(whole))) in response.headers
    assert next(response.body) == whole[: len(whole) // 2]
    with pytest.raises(ConnectionResetError):
        next(response.body)


def test_a_request_delivered_twice_and_a_delay(bench: Bench) -> None:
    faults = [{"method": "*", "kind": "twice"}, {"method": "*", "kind": "delay", "seconds": 0.05, "index": 2}]
    bench.act("PUT", "faults", {"faults": faults})
    assert bench.send("/a").status == 200
    assert bench.handled == ["/a", "/a"]
    bench.send("/b")
    assert bench.log("name=thing.b")[0]["milliseconds"] >= 50


@pytest.mark.parametrize("lift", [("DELETE", None), ("PUT", {"faults": []})])
def test_a_delay_ends_when_its_fault_is_taken_away(bench: Bench, lift: tuple[str, object]) -> None:
    bench.act("PUT", "faults", {"faults": [{"method": "*", "kind": "delay", "seconds": 60}]})
    held = threading.Thread(target=bench.send, args=("/a",), daemon=True)
    held.start()
    while not bench.act("GET", "faults")[1]["faults"][0]["calls"]:
        assert held.is_alive()
    assert bench.handled == []
    assert bench.act(lift[0], "faults", lift[1])[0] == 200
    held.join(10)
    assert bench.handled == ["/a"]


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"method": "*", "kind": "explode"},
        {"method": "*", "when": "later"},
        {"method": "*", "seconds": 9999},
        {"x": 1},
    ],
)
def test_a_fault_that_makes_no_sense(bench: Bench, fault: dict[str, Any]) -> None:
    assert bench.act("PUT", "faults", {"faults": [fault]})[0] == 400
    assert bench.act("PUT", "faults", {"faults": "x"})[0] == 400


def test_the_clock_moves_forward_for_good(bench: Bench) -> None:
    assert bench.act("POST", "clock", {"advanceSeconds": 3600})[1]["now"] == "2026-11-21T01:00:00+00:00"
    assert bench.act("POST", "clock", {"advanceSeconds": -1})[0] == 400
    assert bench.act("POST", "clock", {"advanceSeconds": "1"})[0] == 400
    again = Clock(bench.world.store, lambda: START)
    assert again.now() == START + timedelta(hours=1)
    assert bench.act("GET", "clock")[1]["now"] == "2026-11-21T01:00:00+00:00"


def test_switches_are_typed_and_kept(bench: Bench) -> None:
    assert bench.act("PATCH", "settings", {"lro_polls": 3})[1]["lro_polls"] == 3
    for wrong in ({"lro_polls": "3"}, {"lro_polls": True}, {"colour": "red"}, {"enforce": 1}):
        assert bench.act("PATCH", "settings", wrong)[0] == 400
    assert Settings(bench.world.store)["lro_polls"] == 3
    assert len(Settings(bench.world.store)) == len(bench.act("GET", "settings")[1])


def test_a_snapshot_brings_everything_back(bench: Bench) -> None:
    repository = bench.world.folder / "git" / "1.git"
    repository.mkdir(parents=True)
    (repository / "HEAD").write_text("ref: refs/heads/main\n")
    bench.send("/a")
    bench.world.clock.advance(60)
    assert bench.act("POST", "snapshot", {"name": "before"})[1]["snapshots"] == ["before"]
    bench.send("/b")
    bench.world.clock.advance(60)
    (repository / "HEAD").unlink()
    assert bench.act("POST", "restore", {"name": "before"})[0] == 200
    with bench.world.store.transaction() as tx:
        assert [key for key, _ in tx.scan("things")] == ["/a"]
    assert (repository / "HEAD").read_text() == "ref: refs/heads/main\n"
    assert bench.world.clock.now() == START + timedelta(seconds=60)
    assert bench.handled[-1] == "replaced"
    assert bench.act("POST", "restore", {"name": "never"})[0] == 400
    assert bench.act("POST", "snapshot", {"name": "../escape"})[0] == 400


def test_a_reset_forgets_everything(bench: Bench) -> None:
    bench.send("/a")
    bench.act("PATCH", "settings", {"lro_polls": 3})
    assert bench.act("POST", "reset")[0] == 200
    with bench.world.store.transaction() as tx:
        assert list(tx.scan("things")) == []
    assert bench.world.settings["lro_polls"] == 0


def test_what_is_passed_on(bench: Bench) -> None:
    assert bench.act("GET", "environment")[1]["providerReattach"] == "{}"
    assert bench.act("POST", "github/job-token", {"environment": "dev"})[1]["request_token"] == "y"
    status, answer = bench.act("POST", "github/job-token", {"environment": "prod"})
    assert (status, "protection rules" in answer["error"]) == (400, True)
    assert bench.act("POST", "github/job-token", {"environment": 1})[0] == 400
    assert bench.act("POST", "seed", {"b": 1, "a": 2})[1]["made"] == ["a", "b"]
    assert bench.act("POST", "hosts", {"allow": ["pypi.org"]})[1]["allowed"] == ["pypi.org"]
    assert bench.act("POST", "hosts", {"allow": "pypi.org"})[0] == 400
    assert bench.act("POST", "seed", ["no object"])[0] == 400


def test_idleness(bench: Bench) -> None:
    bench.observed.touch()
    assert bench.observed.idle_seconds() < 5
    bench.send("/a")
    assert bench.observed.idle_seconds() < 5

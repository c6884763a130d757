"""Processes: bounded, stopped when idle, probed as declared, begun again after a restart, in nobody's way."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.google.run.instances import Instances, instances_of
from provisioner.sandbox.google.run.probes import answers, came_up
from provisioner.sandbox.google.run.starting import start
from tests.sandbox.run.region import NAME, SERVER, V2, Region, push_server, until, waiting


@pytest.fixture
def port() -> Iterator[int]:
    """A server that answers 200 at /up and 500 elsewhere."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/up" and self.headers.get("X-A") == "b" else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("probe", "up"),
    [
        ({"tcpSocket": {}}, True),
        ({"httpGet": {"path": "/up", "httpHeaders": [{"name": "X-A", "value": "b"}]}}, True),
        ({"httpGet": {"path": "/up"}}, False),
        ({"httpGet": {}}, False),
        ({"grpc": {}}, False),
    ],
)
def test_probes_ask_what_they_declare(port: int, probe: dict[str, Any], up: bool) -> None:  # noqa: FBT001 - a table
    assert answers(probe, port) is up


def test_a_probe_counts_its_failures_and_notices_the_end(port: int) -> None:
    waits: list[float] = []
    probe = {"httpGet": {"path": "/down"}, "periodSeconds": 0.2, "failureThreshold": 2, "initialDelaySeconds": 3}

    def ended(seconds: float) -> bool:
        waits.append(seconds)
        return threading.Event().wait(min(seconds, 0.05))

    assert not came_up(probe, port, ended)
    assert waits[0] == 3
    assert not came_up(probe | {"periodSeconds": 1000}, port, lambda seconds: seconds != 3)


def test_grpc_health_is_asked_for() -> None:
    import grpc  # type: ignore[import-untyped] # noqa: PLC0415 - as in the code it tests

    asked = []

    def check(request: bytes, _: object) -> bytes:
        asked.append(request)
        return b"\x08\x01" if request == b"\x0a\x03own" else b"\x08\x02"

    handler = grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}
    )
    server = grpc.server(ThreadPoolExecutor(2), handlers=(handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert answers({"grpc": {"service": "own"}, "timeoutSeconds": 5}, port)
        assert not answers({"grpc": {}, "timeoutSeconds": 5}, port)
    finally:
        server.stop(None).wait()
    assert asked == [b"\x0a\x03own", b""]


def _deploy(region: Region, name: str = "api") -> str:
    body = region.body(push_server(region.cloud))
    parent = NAME.rpartition("/services")[0]
    done = region.done(region.cloud.ok("POST", f"{V2}/{parent}/services?serviceId={name}", body))
    return str(done["response"]["latestReadyRevision"])


def test_the_oldest_idle_process_makes_room(region: Region) -> None:
    region.run_processes()
    world = region.cloud.world
    instances = world.companions.get(Instances, lambda: Instances(world, limit=2))
    revisions = [_deploy(region, name) for name in ("one", "two", "three")]
    assert sorted(instances.describe()) == sorted(revisions[1:])
    with instances.using(revisions[1], lambda: None), instances.using(revisions[2], lambda: None):
        failure = start(world, revisions[0])
    assert failure is not None
    assert failure.status == "RESOURCE_EXHAUSTED"
    assert start(world, revisions[0]) is None


def test_an_idle_process_is_stopped_and_comes_back(region: Region) -> None:
    region.run_processes()
    world = region.cloud.world
    instances = world.companions.get(Instances, lambda: Instances(world, idle_seconds=0.2))
    _deploy(region)
    until(lambda: not instances.describe())
    region.open_to_all()
    assert region.ask().headers["x-sandbox-answered-by"] == "process"


def test_a_rollout_that_a_restart_interrupted_goes_on(region: Region) -> None:
    region.run_processes()
    begun, marker = region.cloud.world.folder / "begun", region.cloud.world.folder / "go"
    head, tail = SERVER.split("\n", 1)
    operation = region.create(push_server(region.cloud, f"{head}\n{waiting(begun, marker)}{tail}")).body
    until(begun.exists)
    instances = instances_of(region.cloud.world)
    region.cloud.restart()
    until(lambda: not instances.working)
    assert "done" not in region.cloud.ok("GET", f"{V2}/{operation['name']}")
    marker.touch()
    assert region.done(operation)["response"]["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert "reconciling" not in region.service()


def test_others_are_answered_while_a_container_takes_its_time(region: Region) -> None:
    region.run_processes()
    marker = region.cloud.world.folder / "go"
    slow = (
        f"        import os, time\n        open({str(marker)!r} + '.asked', 'w').close()\n"
        f"        while not os.path.exists({str(marker)!r}): time.sleep(0.01)\n"
    )
    program = SERVER.replace("def do_GET(self):\n", f"def do_GET(self):\n{slow}")
    region.done(region.create(push_server(region.cloud, program), timeout="60s").body)
    region.open_to_all()
    answers_of: list[int] = []
    asking = threading.Thread(target=lambda: answers_of.append(region.ask().status))
    asking.start()
    until(Path(f"{marker}.asked").exists)
    assert region.service()["name"] == NAME
    marker.touch()
    asking.join()
    assert answers_of == [200]


def test_a_container_that_takes_longer_than_it_may_is_given_up(region: Region) -> None:
    region.run_processes()
    program = SERVER.replace("def do_GET(self):\n", "def do_GET(self):\n        import time; time.sleep(30)\n")
    region.done(region.create(push_server(region.cloud, program), timeout="1s").body)
    region.open_to_all()
    assert region.ask().status == 504

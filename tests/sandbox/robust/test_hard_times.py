"""A server that is killed while it writes, a disk that is full, two sandboxes on one machine."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.handle import Handle, ensure, join
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed

pytestmark = pytest.mark.e2e
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id=None,
    billing_account="",
    projects=(SeedProject("acme-dev"),),
    state_bucket="acme-tfstate",
    state_project="acme-dev",
    state_location="EU",
    github_owner="",
)
OBJECTS = "/storage/v1/b/acme-tfstate/o"
UPLOAD = "/upload/storage/v1/b/acme-tfstate/o?uploadType=media&name="


class Client:
    """The operator's HTTPS connection to Cloud Storage."""

    def __init__(self, handle: Handle) -> None:
        self._token = handle.control("GET", "credentials")["googleToken"]
        context = ssl.create_default_context(cafile=str(handle.ca_file))
        port = int(handle.proxy_url.rpartition(":")[2])
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
        self._connection.set_tunnel("storage.googleapis.com", 443)

    def ask(self, verb: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "text/plain"}
        self._connection.request(verb, path, body, headers)
        with self._connection.getresponse() as answer:
            content = answer.read()
        return answer.status, json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content

    def close(self) -> None:
        self._connection.close()


def test_what_was_answered_survives_a_kill_in_the_middle_of_writes(tmp_path: Path) -> None:
    handle = ensure(tmp_path / "state")
    seed(handle, PLAN)
    answered: dict[str, str] = {}
    enough = threading.Semaphore(0)

    def write(writer: int) -> None:
        client = Client(handle)
        try:
            for number in range(100_000):
                name = f"{writer}-{number}"
                status, made = client.ask("POST", UPLOAD + name, name.encode() * 50)
                assert status == 200
                answered[name] = made["generation"]
                enough.release()
        except (OSError, http.client.HTTPException):
            return
        finally:
            client.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        assert enough.acquire(timeout=30)
    os.kill(handle.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()

    again = ensure(handle.state)
    assert again.pid != handle.pid
    client = Client(again)
    kept = {each["name"]: each["generation"] for each in client.ask("GET", f"{OBJECTS}?maxResults=1000")[1]["items"]}
    assert answered.items() <= kept.items()
    assert len(kept) <= len(answered) + len(threads)  # at most one more each: written, its answer lost
    for name in kept:
        assert client.ask("GET", f"{OBJECTS}/{name}?alt=media") == (200, name.encode() * 50)
    client.close()
    again.stop()


@contextmanager
def small_disk(state: Path, largest: int) -> Iterator[Handle]:
    """A server that may not write any file beyond a size."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "provisioner.sandbox", "--state", str(state), "--ready-fd", str(writer)]
    program = (
        f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}));"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    with (state.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *command],
            pass_fds=(writer,),
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[3],
        )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "ready\n", (state.parent / "log").read_text()
    handle = join(state)
    assert handle is not None
    try:
        yield handle
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on file sizes here")
def test_a_full_disk_is_named_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with small_disk(tmp_path / "state", 8_000_000) as handle:
        seed(handle, PLAN)
        client = Client(handle)
        kept: list[str] = []
        for number in range(40):
            status, answer = client.ask("POST", f"{UPLOAD}{number}", bytes(1_000_000))
            if status != 200:
                break
            kept.append(str(number))
        assert status == 400  # no 5xx: clients try those again, for a long time
        assert "cannot write its state, nothing was changed" in answer["error"]["message"]
        assert [each["name"] for each in client.ask("GET", OBJECTS)[1]["items"]] == sorted(kept)
        assert client.ask("GET", f"{OBJECTS}/0?alt=media") == (200, bytes(1_000_000))
        client.close()
    again = ensure(tmp_path / "state")
    client = Client(again)
    assert [each["name"] for each in client.ask("GET", OBJECTS)[1]["items"]] == sorted(kept)
    assert client.ask("POST", f"{UPLOAD}after", bytes(1_000_000))[0] == 200
    client.close()
    again.stop()


def test_two_sandboxes_share_nothing(tmp_path: Path) -> None:
    one, other = ensure(tmp_path / "one"), ensure(tmp_path / "other")
    seed(one, PLAN)
    assert one.ca_file.read_bytes() != other.ca_file.read_bytes()
    assert len({one.proxy_url, one.control_url, other.proxy_url, other.control_url}) == 4
    mine, yours = one.environment(), other.environment()
    own = ("TOKEN", "PROXY", "CERT", "CA", "TF_", "PROVISION_ENV_SANDBOX", "CLOUDSDK_CONFIG")
    shared = {name for name in mine if mine[name] == yours[name] and name.startswith(own)}
    assert shared == set()
    assert mine["GOOGLE_OAUTH_ACCESS_TOKEN"] not in yours.values()
    assert mine["GITHUB_TOKEN"] not in yours.values()
    assert not any(str(one.state) in value for value in yours.values())
    client = Client(one)
    assert client.ask("GET", OBJECTS)[0] == 200
    client.close()
    stranger = Client(other)
    assert stranger.ask("GET", OBJECTS)[0] == 404
    stranger.close()
    wrong = Handle(other.state, other.pid, other.proxy_url, other.control_url, one.ca_file, other.control_token)
    lost = Client(wrong)
    with pytest.raises(ssl.SSLCertVerificationError):
        lost.ask("GET", OBJECTS)
    lost.close()
    one.stop()
    assert other.status()["requests"] == 1
    other.stop()

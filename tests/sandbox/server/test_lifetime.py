"""One server per state folder: started, joined, killed, stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from provisioner.errors import InvalidInput, LockedByAnotherRun, ProvisionError
from provisioner.sandbox.handle import Handle, ensure, join
from provisioner.sandbox.seed import seed
from provisioner.sandbox.state import StateFolder
from tests.sandbox.server.conftest import PLAN

pytestmark = pytest.mark.e2e


def wait_for_the_end(handle: Handle) -> None:
    """Return when the server lets go of a connection it had accepted."""
    host, _, port = handle.control_url.removeprefix("http://").partition(":")
    # A reset, or nobody there any more, is the end as well.
    with suppress(ConnectionError), socket.create_connection((host, int(port)), timeout=30) as sock:
        while sock.recv(1000):
            pass


def run_server(state: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "provisioner.sandbox", "--state", str(state), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_is_joined_not_started_twice(handle: Handle) -> None:
    assert ensure(handle.state) == handle
    assert join(handle.state) == handle
    status = handle.status()
    assert (status["pid"], status["folder"]) == (handle.pid, str(handle.state))
    assert os.getsid(handle.pid) != os.getsid(0)


def test_many_starters_get_one_server(tmp_path: Path) -> None:
    found: list[Handle] = []
    threads = [threading.Thread(target=lambda: found.append(ensure(tmp_path / "state"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({handle.pid for handle in found}) == 1
    assert len(found) == 6
    found[0].stop()


def test_the_folder_is_private(handle: Handle) -> None:
    assert handle.state.stat().st_mode & 0o777 == 0o700
    for name in ("server.json", "sandbox.sqlite3", "ca/ca.key", "ports.json", "server.log"):
        assert (handle.state / name).stat().st_mode & 0o077 == 0, name
    assert json.loads((handle.state / "server.json").read_text())["control_token"] not in repr(handle)


def test_stopping_is_complete(handle: Handle) -> None:
    handle.stop()
    assert join(handle.state) is None
    assert not (handle.state / "server.json").exists()
    with StateFolder(handle.state).server_lock():
        pass
    handle.stop()
    with pytest.raises(ProvisionError, match="does not answer"):
        handle.status()


def test_a_terminated_server_cleans_up(handle: Handle) -> None:
    waiting = threading.Thread(target=wait_for_the_end, args=(handle,))
    waiting.start()
    os.kill(handle.pid, signal.SIGTERM)
    waiting.join(30)
    with StateFolder(handle.state).server_lock():
        assert not (handle.state / "server.json").exists()


def test_a_killed_server_loses_nothing(handle: Handle) -> None:
    made = seed(handle, PLAN)
    assert "state bucket acme-tfstate (EU, versioned)" in made
    token = handle.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"]
    certificate = handle.ca_file.read_bytes()
    os.kill(handle.pid, signal.SIGKILL)
    again = ensure(handle.state)
    assert again.pid != handle.pid
    assert (again.proxy_url, again.control_url) == (handle.proxy_url, handle.control_url)
    assert again.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"] == token
    assert again.ca_file.read_bytes() == certificate
    assert seed(again, PLAN) == []
    again.stop()


def test_a_reset_leaves_nothing(handle: Handle) -> None:
    seed(handle, PLAN)
    before = handle.environment()
    handle.reset()
    after = handle.environment()
    assert after["GOOGLE_OAUTH_ACCESS_TOKEN"] != before["GOOGLE_OAUTH_ACCESS_TOKEN"]
    assert "organisation 123456789012 (example.com)" in seed(handle, PLAN)


def test_an_idle_server_ends_by_itself(tmp_path: Path) -> None:
    handle = ensure(tmp_path / "state", idle_seconds=1)
    wait_for_the_end(handle)
    with StateFolder(handle.state).server_lock():
        assert join(handle.state) is None
    assert "nothing to do for 1 seconds" in (handle.state / "server.log").read_text()


def test_a_second_process_on_one_folder_is_refused(handle: Handle) -> None:
    ended = run_server(handle.state)
    assert ended.returncode == LockedByAnotherRun.exit_code
    assert "another sandbox server holds" in ended.stderr
    assert handle.status()["pid"] == handle.pid


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_server(tmp_path / "state", "--port", str(port))
    assert ended.returncode == 1
    assert f"port {port} is taken" in ended.stderr


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "sandbox.sqlite3").mkdir(parents=True)
    with pytest.raises(ProvisionError, match="did not start"):
        ensure(state)


def test_only_the_token_opens_the_control_interface(handle: Handle) -> None:
    guess = Handle(handle.state, handle.pid, handle.proxy_url, handle.control_url, handle.ca_file, "guess")
    with pytest.raises(InvalidInput, match="control token"):
        guess.status()


def test_a_played_host_cannot_be_let_through(handle: Handle) -> None:
    with pytest.raises(InvalidInput, match="played by the sandbox"):
        handle.control("POST", "hosts", {"allow": ["storage.googleapis.com"]})
    assert ensure(handle.state, allow_hosts=("pypi.org",)).status()["allowedHosts"] == ["pypi.org"]

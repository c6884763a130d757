"""octokit, run by node with nothing but the sandbox's environment."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.github import apps
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, seed
from provisioner.sandbox.store.sqlite import SqliteStore

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("octokit"),
    pytest.mark.skipif(shutil.which("node") is None or shutil.which("npm") is None, reason="node and npm are not here"),
]
HERE = Path(__file__).parent
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id=None,
    billing_account="",
    projects=(),
    state_bucket="",
    state_project="",
    state_location="EU",
    github_owner="acme",
    users=("ann",),
    teams=(),
)


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest) -> Path:
    """Install octokit once, by its lock file, into pytest's cache."""
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("octokit-5")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", "programs.mjs"):
            shutil.copy(HERE / name, folder / name)
        if not (folder / "node_modules/octokit").exists():
            quiet = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
            done = subprocess.run(["npm", "ci", *quiet], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install octokit here: {done.stderr[-200:]}")
    return folder


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    started = ensure(tmp_path_factory.mktemp("sandbox") / "state", idle_seconds=300)
    seed(started, PLAN)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def play(sandbox: Handle, installed: Path) -> Any:
    """Run a scene of programs.mjs; the first one makes the repository the others use."""

    def run(scene: str, **more: str) -> Any:
        environment = {"PATH": os.environ["PATH"], "HOME": str(installed), **sandbox.environment(), **more}
        command = ["node", "programs.mjs", scene]
        done = subprocess.run(
            command, cwd=installed, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    run.first = run("repository")  # type: ignore[attr-defined]
    return run


def test_a_repository_its_files_and_errors(play: Any) -> None:
    made = play.first
    assert (made["name"], made["text"]) == ("acme/model", "hello")
    assert made["again"][0] == 422
    assert made["again"][1].startswith("Repository creation failed.")
    assert made["gone"] == [404, "Not Found"]


def test_pages_are_followed_and_a_pull_request_is_merged(play: Any) -> None:
    assert play("pages") == ["five", "four", "main", "one", "three", "two"]
    assert play("review") == {
        "from": "refs/heads/one",
        "own": [422, "Review Can not approve your own pull request"],
        "merged": True,
    }


def test_what_octokit_has_already_is_not_sent_again(play: Any) -> None:
    assert play("conditional") == {"again": 304, "counted": "core"}


def test_the_throttling_plugin_hears_of_the_secondary_limit(sandbox: Handle, play: Any) -> None:
    sandbox.control("PATCH", "settings", {"github_points_per_minute": 1})
    try:
        told = play("throttled")
    finally:
        sandbox.control("PATCH", "settings", {"github_points_per_minute": 0})
    assert told["refused"][0] == 403
    assert told["seen"] == [["secondary", True]]


def test_the_retry_plugin_tries_again_after_a_server_error(sandbox: Handle, play: Any) -> None:
    fault = {"method": "GET /orgs/{org}", "index": 1, "kind": "status", "status": 502}
    sandbox.control("PUT", "faults", {"faults": [fault]})
    try:
        assert play("retried") == {"said": 200}
    finally:
        sandbox.control("PUT", "faults", {"faults": []})


def test_an_app_signs_in_with_its_own_key(sandbox: Handle, play: Any) -> None:
    store = SqliteStore(sandbox.state / "sandbox.sqlite3")
    try:
        with store.transaction() as tx:
            app = apps.find_app(tx, "provision-env") or {}
            key = apps.app_private_key(tx, app["id"]).decode()
    finally:
        store.close()
    signed_in = play("app", APP_ID=str(app["id"]), APP_KEY=key)
    assert signed_in == {"slug": "provision-env", "names": ["acme/model"], "verified": True}

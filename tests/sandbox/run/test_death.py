"""A server that is killed takes its containers with it, and a new one starts them again when they are asked for."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import cast

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.identity.cloud import NUMBER, PROJECT, Cloud
from tests.sandbox.run.live import Live
from tests.sandbox.run.region import PARENT, URL, V2, push_server, until
from tests.sandbox.services.registry import create_repository

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent"),
]
PLAN = SeedPlan(
    organisation_id="900000000001",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject(PROJECT, NUMBER),),
    state_bucket="acme-tfstate",
    state_project="acme-platform",
    state_location="EU",
    github_owner="acme",
    users=(),
    teams=(),
)


def test_a_killed_server_leaves_no_container_behind(tmp_path: Path) -> None:
    handle = ensure(tmp_path / "state", idle_seconds=120)
    try:
        seed(handle, PLAN)
        live = Live(handle, tmp_path)
        for api in ("run", "artifactregistry", "iam", "compute"):
            name = f"projects/{PROJECT}/services/{api}.googleapis.com"
            live.ok("POST", f"serviceusage.googleapis.com/v1/{name}:enable", {})
        create_repository(cast("Cloud", live))
        handle.control("PATCH", "settings", {"run_containers": "process"})
        body = {"template": {"containers": [{"image": push_server(cast("Cloud", live))}]}, "invokerIamDisabled": True}
        live.ok("POST", f"{V2}/{PARENT}/services?serviceId=api", body)
        until(lambda: "latestReadyRevision" in live.ok("GET", f"{V2}/{PARENT}/services/api"))
        (shown,) = handle.control("GET", "run")["revisions"]
        os.kill(handle.pid, signal.SIGKILL)
        until(lambda: not _runs(shown["pid"]))
        handle = ensure(tmp_path / "state", idle_seconds=120)
        again = Live(handle, tmp_path).call("GET", f"{URL.removeprefix('https://')}/", token=None)
        assert (again.status, again.headers["x-sandbox-answered-by"]) == (200, "process")
        assert handle.control("GET", "run")["revisions"][0]["pid"] != shown["pid"]
    finally:
        handle.stop()


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

"""The pages in a real browser: nothing from elsewhere, nothing cut off, legible in light and dark, by keyboard."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject("example-fraud-dev"),),
    state_bucket="example-tfstate",
    state_project="example-fraud-dev",
    state_location="EU",
    github_owner="example",
    users=("ada",),
)


def playwright() -> str:
    """Return where playwright-core is, empty where it is not."""
    npm = shutil.which("npm")
    if npm is None:
        return ""
    root = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False).stdout.strip()
    place = Path(root) / "playwright-core"
    return str(place) if place.is_dir() else ""


def test_the_pages_in_chromium(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    core = playwright()
    if not (chromium and core and shutil.which("node")):
        pytest.skip("needs chromium, node and playwright-core (npm install -g playwright-core)")
    handle = ensure(tmp_path / "state")
    try:
        seed(handle, PLAN)
        command = ["node", str(Path(__file__).with_name("browser.mjs")), chromium, handle.look(), "example-fraud-dev"]
        variables = {**os.environ, "PLAYWRIGHT_CORE": core}
        ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    finally:
        handle.stop()
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["entered"]
    assert (seen["console"], seen["foreign"], seen["wide"], seen["faint"]) == ([], [], [], [])
    assert len(set(seen["schemes"])) == 2
    assert seen["skip"] == "Skip to the content"
    assert seen["opened"].startswith("curl -sS -X GET")
    assert "storage.objects.*" in seen["fault"]
    assert seen["removed"]

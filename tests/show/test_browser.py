"""The page in a real browser: quiet, nothing cut off, legible in light and dark, by keyboard."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provisioner.access.page import page
from provisioner.access.team_page import team_page
from tests.sandbox.look.test_browser import playwright
from tests.show.documents import ACCESS, document

pytestmark = pytest.mark.slow
LONG = "an-environment-of-a-name-that-has-no-place-to-break-" * 3


def looked_at(file: Path) -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    core = playwright()
    if not (chromium and core and shutil.which("node")):
        pytest.skip("needs chromium, node and playwright-core (npm install -g playwright-core)")
    command = ["node", str(Path(__file__).with_name("browser.mjs")), chromium, str(file)]
    variables = {**os.environ, "PLAYWRIGHT_CORE": core}
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    seen: dict[str, Any] = json.loads(ended.stdout)
    assert (seen["console"], seen["foreign"], seen["wide"], seen["faint"]) == ([], [], [], [])
    assert len(set(seen["schemes"])) == 2
    assert seen["images"] == 0
    return seen


def test_the_page_of_a_team(tmp_path: Path) -> None:
    whole = document(description="<script>alert(1)</script><img src=https://example.com/x.png>", owner=LONG)
    whole["environments"][0]["things"][0]["name"] = LONG
    file = tmp_path / "team.html"
    file.write_text(team_page(whole), encoding="utf-8")
    seen = looked_at(file)
    assert (seen["skip"], seen["skipped"]) == ("Skip to the content", "content")
    assert "1 google_cloud_run_v2_service" in seen["opened"]
    assert seen["headings"][0] == "fraud-detection"
    assert seen["reachable"] > 40


def test_the_page_of_access_is_as_quiet(tmp_path: Path) -> None:
    file = tmp_path / "access.html"
    file.write_text(page("fraud-detection", ACCESS, origin="Computed", made="today"), encoding="utf-8")
    seen = looked_at(file)
    assert seen["headings"][0] == "Access of fraud-detection"
    assert "refused at" in seen["opened"]

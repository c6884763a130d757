"""A bootstrap that is killed anywhere is finished by the same command, and nothing is done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.runs.ledger import Ledger
from tests.runs.fakes import new_world

PROJECT = Path(__file__).parents[2]
ROOT = "provision-env-platform"
CALLS = ["preflight", "bucket", "prepare", f"plan {ROOT}", "approve", f"apply {ROOT}", "publish", "prove"]
CRASH_POINTS = [(call, moment) for call in range(1, len(CALLS) + 1) for moment in "ba"]
IN_EVERY_BUILD = {(6, "a")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_world(tmp_path / "world.json")
    return tmp_path


def lay(folder: Path, die: str = "") -> tuple[int, str]:
    command = [sys.executable, "-m", "tests.bootstrap.lay", str(folder), die]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=PROJECT)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout


def world(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "world.json").read_text())
    return document


@pytest.mark.parametrize(
    ("call", "moment"),
    [pytest.param(*point, marks=() if point in IN_EVERY_BUILD else pytest.mark.slow) for point in CRASH_POINTS],
)
def test_killed_anywhere_the_same_command_lays_the_ground_once(folder: Path, call: int, moment: str) -> None:
    assert lay(folder, f"{call}{moment}")[0] == 9

    assert lay(folder) == (0, "")

    after = world(folder)
    assert after["applies"] == {ROOT: 1}
    assert list(dict.fromkeys(after["calls"])) == CALLS
    again = {name for name in CALLS if after["calls"].count(name) > 1}
    assert again <= {CALLS[call - 1], *(["approve"] if call == 6 else []), f"plan {ROOT}" if call == 6 else ""}
    assert [run.status for run in Ledger(folder).runs()] == ["done"]
    assert Ledger(folder).broken_audit_record() is None


def test_who_approves_hears_what_the_plan_does_to_access(folder: Path) -> None:
    assert lay(folder)[0] == 0

    assert world(folder)["told"] == ["+ provision-env: x.y"]


def test_what_is_lacking_is_said_before_anything_is_made(folder: Path) -> None:
    new_world(folder / "world.json", lacking="storage.buckets.create")

    code, said = lay(folder)

    assert code == 1
    assert "folders/345678901234: you lack storage.buckets.create" in said
    assert world(folder)["calls"] == ["preflight"]

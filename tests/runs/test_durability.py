from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.runs.engine import engine, steps_of
from provisioner.runs.ledger import Ledger

PROJECT = Path(__file__).parents[2]
DRIVER = "tests.runs.carry_out"
ROOTS = {"churn-dev": 1, "churn-prod": 1, "churn-links": 1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    change_world(tmp_path, calls=[], states={}, applies={}, repository=0, published=0)
    return tmp_path


def change_world(folder: Path, **facts: Any) -> None:
    file = folder / "world.json"
    world = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**world, **facts}))


def carry_out(folder: Path, verb: str = "up", die: str = "") -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", DRIVER, str(folder), verb, die],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=PROJECT,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout


def world(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "world.json").read_text())
    return document


def test_a_run_applies_each_root_once_and_again_nothing(folder: Path) -> None:
    assert carry_out(folder) == (0, f"{Ledger(folder).runs()[0].id} 3\n")
    assert world(folder)["applies"] == ROOTS
    calls = world(folder)["calls"]
    assert calls.index("apply churn-links") > max(calls.index("apply churn-dev"), calls.index("apply churn-prod"))
    code, said = carry_out(folder)
    assert (code, said.split()[-1]) == (0, "0")
    assert world(folder)["applies"] == ROOTS
    assert [run.status for run in Ledger(folder).runs()] == ["done", "done"]
    assert not list((folder / "artifacts").glob("*/plans/*")), "plan files outlive their run"


def test_the_record_of_a_run_tells_when_each_step_began_and_how_long_it_took(folder: Path) -> None:
    carry_out(folder)
    run = Ledger(folder).runs()[0]
    with engine(folder / "dbos.sqlite3", f"reader-of-{run.id}", {}):
        steps = {each["step"]: each for each in steps_of(run.id)}
    began = [datetime.fromisoformat(steps[name]["started"]) for name in ("preflight", "plan.churn-dev", "prove")]
    assert began == sorted(began)
    assert datetime.fromisoformat(run.started) - timedelta(seconds=1) < began[0]
    assert all(0 <= each["seconds"] < 60 and each["status"] == "done" for each in steps.values())


CRASH_POINTS = [(call, moment) for call in range(1, 11) for moment in "ba"]
IN_EVERY_BUILD = {(2, "a"), (3, "b"), (7, "a"), (9, "a")}


@pytest.mark.parametrize(
    ("call", "moment"),
    [pytest.param(*point, marks=() if point in IN_EVERY_BUILD else pytest.mark.slow) for point in CRASH_POINTS],
)
def test_killed_anywhere_the_same_command_goes_on_and_nothing_is_done_twice(
    folder: Path, call: int, moment: str
) -> None:
    assert carry_out(folder, die=f"{call}{moment}")[0] == 9
    assert carry_out(folder)[0] == 0
    assert world(folder)["applies"] == ROOTS
    assert world(folder)["calls"].count("preflight") == 1 + (call == 1)
    runs = Ledger(folder).runs()
    assert [run.status for run in runs] == ["done"]
    assert Ledger(folder).broken_audit_record() is None


def test_what_failed_goes_on_at_the_failed_step_once_the_cause_is_mended(folder: Path) -> None:
    change_world(folder, nobody=True)
    code, said = carry_out(folder)
    assert (code, "nobody is here" in said) == (5, True)
    assert Ledger(folder).runs()[0].status == "waiting"
    assert world(folder)["applies"] == {}
    change_world(folder, nobody=False)
    assert carry_out(folder)[0] == 0
    assert world(folder)["applies"] == ROOTS
    assert world(folder)["calls"].count("preflight") == 1
    assert len(Ledger(folder).runs()) == 1


def test_preflight_lists_its_problems_and_nothing_was_made(folder: Path) -> None:
    change_world(folder, missing_project="example-churn-dev")
    code, said = carry_out(folder)
    assert (code, "project example-churn-dev is missing" in said) == (1, True)
    assert world(folder)["calls"] == ["preflight"]
    change_world(folder, missing_project="")
    assert carry_out(folder)[0] == 0


def test_destroy_then_up_again(folder: Path) -> None:
    assert carry_out(folder)[0] == 0
    assert carry_out(folder, "destroy")[0] == 0
    after = world(folder)
    assert not any(state["exists"] for state in after["states"].values())
    assert after["calls"][-1] == "archive"
    applied = [call for call in after["calls"] if call.startswith("apply")][3:]
    assert applied[0] == "apply churn-links", "what links environments goes first"
    assert carry_out(folder)[0] == 0
    assert all(state["exists"] for state in world(folder)["states"].values())


@pytest.mark.slow
@pytest.mark.parametrize("call", range(1, 13))
def test_a_destroy_killed_anywhere_goes_on(folder: Path, call: int) -> None:
    assert carry_out(folder)[0] == 0
    offset = len(world(folder)["calls"])
    assert carry_out(folder, "destroy", die=f"{offset + call}a")[0] in {0, 9}
    assert carry_out(folder, "destroy")[0] == 0
    assert not any(state["exists"] for state in world(folder)["states"].values())

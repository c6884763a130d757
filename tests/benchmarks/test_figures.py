from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.figures import Figure, median, table, write
from benchmarks.terraform_steps import terraform_seconds

SLOW = median("slow", "s", [9.0, 3.0, 4.0], budget=3.5, goal=2.0)
QUICK = median("quick", "ms", [12.0], budget=150.0)
TOLD = Figure("told", 1.25, "s")


def test_a_figure_is_the_median_of_its_rounds_and_knows_its_budget() -> None:
    assert (SLOW.value, SLOW.within) == (4.0, False)
    assert (QUICK.within, TOLD.within) == (True, True)


def test_the_table_tells_what_is_over() -> None:
    heading, *rows = (line.split() for line in table([SLOW, QUICK, TOLD]))
    assert heading == ["FIGURE", "VALUE", "UNIT", "BUDGET", "GOAL"]
    assert rows == [
        ["slow", "4", "s", "3.5", "2", "OVER"],
        ["quick", "12", "ms", "150", "within"],
        ["told", "1.25", "s"],
    ]


def test_the_file_keeps_every_round(tmp_path: Path) -> None:
    write([SLOW], tmp_path / "figures.json")
    document = json.loads((tmp_path / "figures.json").read_text())
    assert document["figures"][0]["rounds"] == [9.0, 3.0, 4.0]
    assert document["figures"][0]["within"] is False
    assert document["machine"]["cores"] > 0


def test_terraforms_time_goes_from_the_first_plan_to_the_last_apply_and_nothing_else_counts() -> None:
    steps = [
        {"step": "preflight", "started": "2026-01-01T12:00:00.000+00:00", "seconds": 30.0},
        {"step": "plan.b", "started": "2026-01-01T12:01:00.500+00:00", "seconds": 2.0},
        {"step": "plan.a", "started": "2026-01-01T12:01:00.250+00:00", "seconds": 3.0},
        {"step": "approve", "started": "2026-01-01T12:01:04.000+00:00", "seconds": 1.0},
        {"step": "apply.a.plan", "started": "2026-01-01T12:01:05.000+00:00", "seconds": 2.5},
        {"step": "apply.b.plan", "started": "2026-01-01T12:01:05.000+00:00", "seconds": 2.0},
        {"step": "publish", "started": "2026-01-01T12:01:08.000+00:00", "seconds": 9.0},
    ]
    assert terraform_seconds(steps) == pytest.approx(7.25)

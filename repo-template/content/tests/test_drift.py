from pathlib import Path

import numpy as np
import pytest

from model_product import drift
from model_product.__main__ import main

RANDOM = np.random.default_rng(7)
FIRST, SAME, MOVED = RANDOM.normal(0, 1, 4000), RANDOM.normal(0, 1, 4000), RANDOM.normal(1, 1, 4000)
SETTINGS = {"limits": {"psi": 0.25, "ks": 0.2}, "owner": "someone", "action": "look"}


@pytest.mark.parametrize("measure", [drift.psi, drift.kl, drift.ks])
def test_equal_data_is_quiet_and_moved_data_is_not(measure: drift.Measure) -> None:
    assert measure(FIRST, FIRST) == 0
    assert measure(FIRST, SAME) < 0.05
    assert measure(FIRST, MOVED) > 0.3


def test_the_distance_of_two_known_samples() -> None:
    assert drift.ks(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0])) == 0.5


def test_an_alert_names_owner_and_action() -> None:
    figures = drift.report(["x"], FIRST[:, None], MOVED[:, None])
    raised = drift.alerts(figures, SETTINGS)
    assert {(alert.column, alert.measure, alert.owner, alert.action) for alert in raised} == {
        ("x", "psi", "someone", "look"),
        ("x", "ks", "someone", "look"),
    }


def test_empty_cells_do_not_disturb() -> None:
    assert drift.psi(np.append(FIRST, np.nan), FIRST) == 0


def test_a_constant_column_is_quiet_until_it_changes() -> None:
    constant = np.ones(100)
    assert drift.psi(constant, constant) == 0
    assert drift.ks(constant, constant + 1) == 1


def test_the_command_raises_for_moved_data(tmp_path: Path) -> None:
    model = tmp_path / "model.json"
    main(["train", "--data", "data/training.csv", "--model", str(model), "--as-of", "2026-10-17"])
    lines = Path("data/serving.csv").read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines[1:]]
    moved = [lines[0], *(",".join([when, str(float(amount) * 20), *rest]) for when, amount, *rest in cells)]
    (tmp_path / "moved.csv").write_text("\n".join(moved) + "\n", encoding="utf-8")
    assert main(["drift", "--data", "data/serving.csv", "--model", str(model)]) == 0
    assert main(["drift", "--data", str(tmp_path / "moved.csv"), "--model", str(model)]) == 1

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from model_product import batch, evaluate
from model_product.__main__ import main
from model_product.contract import ContractBroken, load_contract
from model_product.model import load_model
from model_product.table import Table, read_table

NOW = "2026-10-17"


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.json"
    assert main(["train", "--data", "data/training.csv", "--model", str(path), "--as-of", NOW]) == 0
    return path


def test_training_twice_gives_the_same_bytes(model_file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    main(["train", "--data", "data/training.csv", "--model", str(again), "--as-of", NOW])
    assert again.read_bytes() == model_file.read_bytes()


def test_the_model_passes_its_thresholds(model_file: Path) -> None:
    assert main(["evaluate", "--data", "data/training.csv", "--model", str(model_file), "--as-of", NOW]) == 0


def test_a_model_that_guesses_does_not_pass() -> None:
    labels = np.array([0.0, 1.0] * 50)
    measures = evaluate.measure(np.full(100, 0.5), labels)
    assert measures["auc"] == 0.5
    with pytest.raises(evaluate.BelowThreshold, match=r"auc is 0\.5000, at least 0\.85"):
        evaluate.require(measures, {"auc": {"at_least": 0.85}})


def test_a_misspelt_threshold_is_not_passed_over() -> None:
    with pytest.raises(evaluate.BelowThreshold, match="minimum"):
        evaluate.require({"auc": 1.0}, {"auc": {"minimum": 0.5}})


def test_stale_data_is_not_trained_on(tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    assert main(["train", "--data", "data/training.csv", "--model", str(out), "--as-of", "2027-01-01"]) == 1
    assert not out.exists()


def test_batch_scores_every_row(model_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    assert (
        main(
            [
                "predict",
                "--data",
                "data/serving.csv",
                "--model",
                str(model_file),
                "--out",
                str(out),
                "--as-of",
                "2026-10-20",
            ]
        )
        == 0
    )
    scores = [float(cell) for cell in read_table(out).column("score")]
    assert len(scores) == len(read_table(Path("data/serving.csv")).rows)
    assert all(0 <= score <= 1 for score in scores)
    assert max(scores) - min(scores) > 0.5


def test_batch_stops_at_a_bad_sample(model_file: Path) -> None:
    table = read_table(Path("data/serving.csv"))
    broken = Table(table.header, (("2026-10-18T00:00+00:00", "much", "1", "1", "1"), *table.rows))
    with pytest.raises(ContractBroken, match="amount"):
        batch.predict(
            load_model(model_file),
            broken,
            load_contract(Path("config/contract.yaml")),
            datetime(2026, 10, 20, tzinfo=UTC),
        )

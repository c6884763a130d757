from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model_product.contract import ContractBroken, check, load_contract
from model_product.table import Table, read_table

CONTRACT = load_contract(Path("config/contract.yaml"))
TRAINING = read_table(Path("data/training.csv"))
NOW = datetime(2026, 10, 17, tzinfo=UTC)


def replaced(column: str, cell: str, rows: int = 1) -> Table:
    place = TRAINING.header.index(column)
    changed = tuple((*row[:place], cell, *row[place + 1 :]) for row in TRAINING.rows[:rows])
    return Table(TRAINING.header, changed + TRAINING.rows[rows:])


def test_the_shipped_data_keeps_the_contract() -> None:
    check(TRAINING, CONTRACT, NOW)


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("amount", "-1", "amount"),
        ("amount", "many", "amount"),
        ("amount", "nan", "amount"),
        ("event_time", "soon", "event_time"),
        ("label", "2", "label"),
    ],
)
def test_a_wrong_cell_is_found(column: str, cell: str, words: str) -> None:
    with pytest.raises(ContractBroken, match=words):
        check(replaced(column, cell), CONTRACT, NOW)


def test_too_many_empty_cells_are_found() -> None:
    with pytest.raises(ContractBroken, match=r"distance_km: .* are empty"):
        check(replaced("distance_km", "", rows=60), CONTRACT, NOW)


def test_old_data_is_found() -> None:
    with pytest.raises(ContractBroken, match="days old"):
        check(TRAINING, CONTRACT, NOW + timedelta(days=30))


def test_a_missing_column_is_found() -> None:
    table = Table(TRAINING.header[:-1], tuple(row[:-1] for row in TRAINING.rows))
    with pytest.raises(ContractBroken, match="label"):
        check(table, CONTRACT, NOW)


def test_too_few_rows_are_found() -> None:
    with pytest.raises(ContractBroken, match="at least 200"):
        check(TRAINING.head(20), CONTRACT, NOW)


def test_a_ragged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.csv:2"):
        read_table(tmp_path / "bad.csv")

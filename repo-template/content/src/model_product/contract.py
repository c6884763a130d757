"""The data contract: columns, ranges, missing values and freshness, checked before anything else runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from model_product.table import Table


class ContractBroken(ValueError):
    """The data is not what was agreed; the message lists every finding."""


@dataclass(frozen=True)
class Column:
    """What one column may hold. ``missing`` is the share of empty cells allowed, 0 to 1."""

    name: str
    kind: str
    minimum: float | None = None
    maximum: float | None = None
    missing: float = 0.0


@dataclass(frozen=True)
class Contract:
    """What both sides agreed on: see config/contract.yaml."""

    columns: tuple[Column, ...]
    label: str
    time: str
    max_age: timedelta
    min_rows: int

    @property
    def features(self) -> tuple[str, ...]:
        """Return the names of the numeric inputs in the order of the file."""
        return tuple(column.name for column in self.columns if column.kind == "number")


def load_contract(path: Path) -> Contract:
    """Read the contract file. Raises ContractBroken for a field that is missing or unknown."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        columns = tuple(Column(**entry) for entry in document["columns"])
        freshness = document["freshness"]
        return Contract(
            columns,
            str(document["label"]),
            str(freshness["column"]),
            timedelta(days=int(freshness["max_age_days"])),
            int(document["min_rows"]),
        )
    except (KeyError, TypeError) as problem:
        raise ContractBroken(f"{path}: {problem}") from problem


def check(table: Table, contract: Contract, as_of: datetime, *, labelled: bool = True) -> None:
    """Raise ContractBroken with all findings when the table is not what was agreed."""
    wanted = [column for column in contract.columns if labelled or column.name != contract.label]
    absent = [column.name for column in wanted if column.name not in table.header]
    if absent:
        raise ContractBroken(f"columns are missing: {', '.join(absent)}")
    findings = [finding for column in wanted for finding in _check_column(table, column)]
    if len(table.rows) < contract.min_rows and labelled:
        findings.append(f"{len(table.rows)} rows, at least {contract.min_rows} are needed")
    findings += _check_freshness(table, contract, as_of)
    if findings:
        raise ContractBroken("; ".join(findings))


def _check_column(table: Table, column: Column) -> list[str]:
    cells = table.column(column.name)
    empty = sum(1 for cell in cells if not cell)
    findings = []
    if cells and empty / len(cells) > column.missing:
        findings.append(f"{column.name}: {empty} of {len(cells)} cells are empty, {column.missing:.0%} is allowed")
    wrong = next((cell for cell in cells if cell and not _fits(cell, column)), None)
    if wrong is not None:
        findings.append(f"{column.name}: {wrong!r} is not a {column.kind} within {column.minimum}..{column.maximum}")
    return findings


def _fits(cell: str, column: Column) -> bool:
    if column.kind == "time":
        return _moment(cell) is not None
    if column.kind == "text":
        return True
    try:
        value = float(cell)
    except ValueError:
        return False
    low = column.minimum if column.minimum is not None else float("-inf")
    high = column.maximum if column.maximum is not None else float("inf")
    return low <= value <= high


def _check_freshness(table: Table, contract: Contract, as_of: datetime) -> list[str]:
    moments = [moment for cell in table.column(contract.time) if (moment := _moment(cell)) is not None]
    if not moments:
        return [f"{contract.time}: no row has a time"]
    age = as_of - max(moments)
    if age > contract.max_age:
        return [f"{contract.time}: the newest row is {age.days} days old, {contract.max_age.days} are allowed"]
    return []


def _moment(cell: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""Rows of a CSV file as typed columns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A header and its rows, all still text: what a value means is the contract's business."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> tuple[str, ...]:
        """Return one column as text. Raises KeyError for a column that is not there."""
        if name not in self.header:
            raise KeyError(name)
        place = self.header.index(name)
        return tuple(row[place] for row in self.rows)

    def numbers(self, names: Sequence[str]) -> Matrix:
        """Return columns as an array of shape (rows, names); an empty cell becomes NaN."""
        columns = [[float(cell) if cell else np.nan for cell in self.column(name)] for name in names]
        return np.asarray(columns, dtype=np.float64).T.reshape(len(self.rows), len(names))

    def head(self, count: int) -> Table:
        """Return the first rows."""
        return Table(self.header, self.rows[:count])


def read_table(path: Path) -> Table:
    """Read a CSV file. Raises ValueError for a row that is longer or shorter than the header."""
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = [tuple(row) for row in csv.reader(stream)]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(f"{path}:{number}: {len(row)} cells, the header has {len(header)}")
    return Table(header, tuple(rows))


def write_table(path: Path, table: Table) -> None:
    """Write a CSV file with Unix line ends, so that equal tables are equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.header)
        writer.writerows(table.rows)

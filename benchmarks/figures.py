"""A measured figure, its budget, and how figures are shown and kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    ``value`` is the median of ``rounds``, in ``unit``. ``budget`` is what it may be at most (None: only told, no
    promise), ``goal`` where it is going.
    """

    name: str
    value: float
    unit: str
    budget: float | None = None
    goal: float | None = None
    rounds: tuple[float, ...] = ()

    @property
    def within(self) -> bool:
        """Tell whether the budget is kept."""
        return self.budget is None or self.value <= self.budget


def median(
    name: str, unit: str, rounds: Sequence[float], budget: float | None = None, goal: float | None = None
) -> Figure:
    """Return the figure of several rounds."""
    return Figure(name, statistics.median(rounds), unit, budget, goal, tuple(rounds))


def table(figures: Iterable[Figure]) -> list[str]:
    """Return lines for people."""
    rows = [("FIGURE", "VALUE", "UNIT", "BUDGET", "GOAL", "")]
    rows += [
        (each.name, _number(each.value), each.unit, _number(each.budget), _number(each.goal), _verdict(each))
        for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def document(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return everything as a JSON document, with the machine that it was measured on.

    ``load`` is the machine's load average over the last minute at the end: figures of a busy machine say little.
    """
    return {
        "schema": 1,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)},
        "python": platform.python_version(),
        "figures": [{**asdict(each), "within": each.within} for each in figures],
    }


def write(figures: Sequence[Figure], file: Path) -> None:
    """Keep the figures as JSON."""
    file.write_text(json.dumps(document(figures), indent=2) + "\n", encoding="utf-8")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def _verdict(figure: Figure) -> str:
    if figure.budget is None:
        return ""
    return "within" if figure.within else "OVER"

"""Drift of inputs and scores against the training data: PSI, KL and KS.

PSI below 0.1 is quiet, above 0.25 a change that somebody must look at. config/model.yaml says who, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_product.table import Matrix

BINS = 10
FLOOR = 1e-4  # share given to an empty bin, so that the logarithms exist


@dataclass(frozen=True)
class Alert:
    """One measure over its limit, with the person and the action agreed beforehand."""

    column: str
    measure: str
    value: float
    limit: float
    owner: str
    action: str


def psi(expected: Matrix, found: Matrix) -> float:
    """Return the population stability index over the deciles of ``expected``."""
    p, q = _shares(expected, found)
    return float(((q - p) * np.log(q / p)).sum())


def kl(expected: Matrix, found: Matrix) -> float:
    """Return the Kullback-Leibler divergence of ``found`` from ``expected`` in nats."""
    p, q = _shares(expected, found)
    return float((q * np.log(q / p)).sum())


def ks(expected: Matrix, found: Matrix) -> float:
    """Return the largest distance between the two empirical distribution functions, 0 to 1."""
    first, second = np.sort(_present(expected)), np.sort(_present(found))
    points = np.concatenate([first, second])
    left = np.searchsorted(first, points, side="right") / len(first)
    right = np.searchsorted(second, points, side="right") / len(second)
    return float(np.abs(left - right).max())


Measure = Callable[[Matrix, Matrix], float]
MEASURES: dict[str, Measure] = {"psi": psi, "kl": kl, "ks": ks}


def report(names: Sequence[str], expected: Matrix, found: Matrix) -> dict[str, dict[str, float]]:
    """Return every measure of every column; both arrays have shape (rows, names)."""
    return {
        name: {key: round(function(expected[:, i], found[:, i]), 6) for key, function in MEASURES.items()}
        for i, name in enumerate(names)
    }


def alerts(figures: Mapping[str, Mapping[str, float]], settings: Mapping[str, Any]) -> list[Alert]:
    """Return what is over its limit. ``settings`` is the section ``drift`` of config/model.yaml."""
    return [
        Alert(column, name, value, float(settings["limits"][name]), settings["owner"], settings["action"])
        for column, measures in figures.items()
        for name, value in measures.items()
        if name in settings["limits"] and value > float(settings["limits"][name])
    ]


def _shares(expected: Matrix, found: Matrix) -> tuple[Matrix, Matrix]:
    edges = np.unique(np.quantile(_present(expected), np.linspace(0, 1, BINS + 1)))[1:-1]
    counts = [
        np.bincount(np.searchsorted(edges, _present(values)), minlength=len(edges) + 1) for values in (expected, found)
    ]
    floored = [np.maximum(count / count.sum(), FLOOR) for count in counts]
    return floored[0] / floored[0].sum(), floored[1] / floored[1].sum()


def _present(values: Matrix) -> Matrix:
    return values[~np.isnan(values)]

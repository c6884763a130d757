"""The model: logistic regression on standardised inputs, small enough to read and exactly repeatable."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from model_product.table import Matrix


@dataclass(frozen=True)
class Model:
    """Everything scoring needs. ``base_rate`` is what is known without any input: the safe answer."""

    version: str
    features: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    base_rate: float

    def score(self, rows: Matrix) -> Matrix:
        """Return probabilities, shape (rows,). A missing input counts as the training mean."""
        standard = (rows - np.asarray(self.centre)) / np.asarray(self.scale)
        logits = np.nan_to_num(standard) @ np.asarray(self.weights) + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write the model as JSON with sorted keys: the same model is the same file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_model(path: Path) -> Model:
    """Read a model written by ``Model.save``."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for name in ("features", "centre", "scale", "weights"):
        document[name] = tuple(document[name])
    return Model(**document)


@dataclass(frozen=True)
class Training:
    """How to train: full-batch gradient descent, so no order of rows and no seed can change the result."""

    steps: int = 400
    rate: float = 0.5
    penalty: float = 1e-3


def fit(rows: Matrix, labels: Matrix, features: tuple[str, ...], version: str, plan: Training) -> Model:
    """Fit on rows of shape (n, features) and labels of shape (n,) holding 0 and 1."""
    centre, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = np.nan_to_num((rows - centre) / scale)
    weights, bias = np.zeros(rows.shape[1]), 0.0
    for _ in range(plan.steps):
        error = 1.0 / (1.0 + np.exp(-(standard @ weights + bias))) - labels
        weights -= plan.rate * (standard.T @ error / len(labels) + plan.penalty * weights)
        bias -= plan.rate * float(error.mean())
    return Model(
        version,
        features,
        _rounded(centre),
        _rounded(scale),
        _rounded(weights),
        round(bias, 9),
        round(float(labels.mean()), 9),
    )


def _rounded(values: Matrix) -> tuple[float, ...]:
    """Round away the last bits, in which machines differ."""
    return tuple(round(float(value), 9) for value in values)

"""Evaluation against thresholds: a model that misses one is not released."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from model_product.table import Matrix

HALF = 0.5  # labels are 0 or 1; a score from here on counts as 1


class BelowThreshold(ValueError):
    """The model is not good enough; the message names each measure that missed."""


def measure(scores: Matrix, labels: Matrix) -> dict[str, float]:
    """Return AUC, accuracy at 0.5, Brier score and log loss."""
    clipped = np.clip(scores, 1e-12, 1 - 1e-12)
    return {
        "auc": _auc(scores, labels),
        "accuracy": float(((scores >= HALF) == (labels >= HALF)).mean()),
        "brier": float(((scores - labels) ** 2).mean()),
        "log_loss": float(-(labels * np.log(clipped) + (1 - labels) * np.log(1 - clipped)).mean()),
    }


def require(measures: Mapping[str, float], thresholds: Mapping[str, Mapping[str, float]]) -> None:
    """Raise BelowThreshold unless every threshold (``at_least`` or ``at_most``) is met."""
    missed = [
        f"{name} is {measures[name]:.4f}, {direction.replace('_', ' ')} {limit} is required"
        for name, limits in thresholds.items()
        for direction, limit in limits.items()
        if not _meets(measures[name], direction, limit)
    ]
    if missed:
        raise BelowThreshold("; ".join(missed))


def _meets(value: float, direction: str, limit: float) -> bool:
    if direction == "at_least":
        return value >= limit
    if direction == "at_most":
        return value <= limit
    raise BelowThreshold(f"{direction!r} is not a threshold: write at_least or at_most")


def _auc(scores: Matrix, labels: Matrix) -> float:
    """Return the probability that a positive is scored above a negative; equal scores count half."""
    positive, negative = scores[labels >= HALF], scores[labels < HALF]
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(np.sort(negative), positive, side="left")
    up_to = np.searchsorted(np.sort(negative), positive, side="right")
    return float((below + up_to).sum() / (2 * len(positive) * len(negative)))

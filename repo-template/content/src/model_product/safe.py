"""The safe answer: what the service says when the model must not be asked or was too slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_product.model import Model


@dataclass(frozen=True)
class Answer:
    """A score between 0 and 1, who gave it (``model`` or ``safe``), and why."""

    score: float
    source: str
    reason: str = ""


@dataclass(frozen=True)
class Limits:
    """When to fall back: share of inputs that may be missing, and the latency that is a spike (seconds)."""

    missing: float = 0.34
    slow_seconds: float = 0.2
    slow_calls: int = 3
    rest_seconds: float = 30.0


class Scorer:
    """Asks the model, or gives the safe answer.

    After ``slow_calls`` slow answers in a row the model rests for ``rest_seconds``: callers get the safe answer at once
    instead of waiting behind a model that is in trouble.
    """

    def __init__(self, model: Model, limits: Limits, clock: Callable[[], float]) -> None:
        """``clock`` returns monotonic seconds."""
        self.model = model
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._slow = 0
        self._rests_until = float("-inf")

    def answer(self, inputs: Mapping[str, Any]) -> Answer:
        """Score one record. A missing input is tolerated up to the limit, a wrong type raises ValueError."""
        values = [_number(name, inputs.get(name)) for name in self.model.features]
        missing = sum(1 for value in values if np.isnan(value))
        if missing / len(values) > self._limits.missing:
            return self._safe(f"{missing} of {len(values)} inputs are missing")
        if self._clock() < self._rests_until:
            return self._safe("the model is resting after slow answers")
        started = self._clock()
        score = float(self.model.score(np.asarray([values], dtype=np.float64))[0])
        self._note(self._clock() - started)
        return Answer(round(score, 6), "model")

    def _safe(self, reason: str) -> Answer:
        return Answer(self.model.base_rate, "safe", reason)

    def _note(self, seconds: float) -> None:
        with self._lock:
            self._slow = self._slow + 1 if seconds > self._limits.slow_seconds else 0
            if self._slow >= self._limits.slow_calls:
                self._slow = 0
                self._rests_until = self._clock() + self._limits.rest_seconds


def _number(name: str, value: object) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: {value!r} is not a number")
    return float(value)

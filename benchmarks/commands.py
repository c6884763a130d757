"""What must be quick because people wait for it: help, validation, the start of a sandbox."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.figures import Figure, median
from benchmarks.scene import EXAMPLES, Scene, scene

_TIMES = 9
_LEVELS = (("up",), ("check",), ("rules", "list"), ("sandbox", "faults", "add"), ("doctor",), ("access",))
_HELP, _VALIDATE, _START = 150.0, 400.0, 1.5


def measure(rounds: int) -> Iterator[Figure]:
    """Measure with warm file caches, as the second use of a day finds them."""
    with scene() as place:
        request = str(EXAMPLES / "fraud-detection.yaml")
        yield median("--help", "ms", _milliseconds(place, "--help"), _HELP)
        slowest = max((_milliseconds(place, *path, "--help") for path in _LEVELS), key=statistics.median)
        yield median("--help, slowest level", "ms", slowest, _HELP)
        yield median("validate", "ms", _milliseconds(place, "validate", request), _VALIDATE)
    yield median("start of the sandbox", "s", [_start() for _ in range(rounds)], _START)


def _milliseconds(place: Scene, *arguments: str) -> list[float]:
    place.run(*arguments)
    return [place.run(*arguments).seconds * 1000 for _ in range(_TIMES)]


def _start() -> float:
    """Return the seconds until a sandbox that never was has both clouds and the provider up: all that clients need."""
    with scene() as place:
        return place.run("sandbox", "env").seconds

"""The whole main job, from nothing to a proven environment: what ``make demo`` does after installation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, median
from benchmarks.scene import EXAMPLES, peak_memory, scene

_DEMO, _DEMO_GOAL, _REPOSITORY, _PROOF = 20.0, 10.0, 5.0, 3.0
_ORCHESTRATOR, _SANDBOX = 200.0, 150.0
_TEAM = "fraud-detection"


@dataclass(frozen=True, slots=True)
class _Demo:
    """One round: seconds of the whole and of its parts, memory in MiB."""

    whole: float
    repository: float
    proof: float
    orchestrator: float
    sandbox: float


def measure(rounds: int) -> Iterator[Figure]:
    """Measure the demo, each time in a sandbox that never was."""
    demos = [_demo() for _ in range(rounds)]
    yield median("whole demo", "s", [each.whole for each in demos], _DEMO, _DEMO_GOAL)
    yield median("repository (find or make, fill, verify)", "s", [each.repository for each in demos], _REPOSITORY)
    yield median("proof of access", "s", [each.proof for each in demos], _PROOF)
    yield from _memory(demos)


def _memory(demos: Sequence[_Demo]) -> Iterator[Figure]:
    yield median("memory of the orchestrator", "MiB", [each.orchestrator for each in demos], _ORCHESTRATOR)
    yield median("memory of the sandbox", "MiB", [each.sandbox for each in demos], _SANDBOX)


def _demo() -> _Demo:
    with scene() as place:
        done = place.up(EXAMPLES / "fraud-detection.yaml")
        took = {each["step"]: float(each["seconds"]) for each in place.steps(_TEAM)}
        server = place.run("sandbox", "status", "--output", "json").document()["pid"]
        repository = took["repository"] + took["publish"]
        return _Demo(done.seconds, repository, took["prove"], done.memory, peak_memory(int(server)))

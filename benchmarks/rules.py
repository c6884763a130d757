"""What a check costs: our rules on one plan, checkov beside them warm and first, and a thousand plans in a row."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.figures import Figure, median
from provisioner.policy import PolicyContext, check, checkov, read_document
from provisioner.request.resolve import Team
from tests.policy.roots import fraud_detection, memory_cloud, rendered_root

_OURS, _WARM, _FIRST, _THOUSAND = 10.0, 40.0, 1.5, 60.0
_TIMES, _PLANS, _WORKERS = 50, 1000, 2
_FIRST_CHECKOV = (
    "import pathlib, sys; from provisioner.policy import checkov; checkov.checkov_findings(pathlib.Path(sys.argv[1]))"
)


def measure(rounds: int) -> Iterator[Figure]:
    """Measure on the plan of the example's first environment, made by Terraform against a cloud in memory."""
    team = fraud_detection()
    with tempfile.TemporaryDirectory(prefix="provision-env-bench-") as folder:
        file = _planned(Path(folder), team)
        plan, context = read_document(file), PolicyContext(team.platform, team, team.environment("dev"))
        yield median("own rules on one plan", "ms", _each(lambda: check(plan, context)), _OURS)
        if checkov.installed():
            yield median("checkov, first", "s", [_first(file) for _ in range(rounds)], _FIRST)
            yield median("own rules and checkov, warm", "ms", _each(partial(_both, file, context)), _WARM)
        yield median("1 000 plans read and checked", "s", [_thousand(file) for _ in range(rounds)], _THOUSAND)


def _planned(folder: Path, team: Team) -> Path:
    with memory_cloud(folder / "world", team) as cloud:
        document = rendered_root(folder / "roots", cloud, team, "fraud-detection-dev").plan()
    file = folder / "plan.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def _each(work: Callable[[], object]) -> list[float]:
    """Return the milliseconds of each of many times, after a first one that does not count."""
    work()
    return [_seconds(work) * 1000 for _ in range(_TIMES)]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _both(file: Path, context: PolicyContext) -> object:
    plan = read_document(file)
    return check(plan, context, more=checkov.checkov_findings(file, plan))


def _first(file: Path) -> float:
    """Return the seconds of a process that imports checkov and judges one plan, less those of one that does nothing."""
    idle = _seconds(partial(_python, "import provisioner.policy"))
    return _seconds(partial(_python, _FIRST_CHECKOV, str(file))) - idle


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, "-c", *arguments], check=True)


def _thousand(file: Path) -> float:
    """Return the seconds for a thousand plans by two processes, each reading its files from disk."""

    def work() -> None:
        with ProcessPoolExecutor(_WORKERS, mp_context=get_context("spawn")) as pool:
            list(pool.map(_read_and_check, [file] * _PLANS, chunksize=50))

    return _seconds(work)


def _read_and_check(file: Path) -> bool:
    return check(read_document(file), PolicyContext()).passed

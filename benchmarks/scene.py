"""A private place to measure in: own state folder and home, the installed program, one sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAM = str(Path(sys.executable).with_name("provision-env"))
_SAMPLE_SECONDS = 0.02
_MEBI = 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ended well: wall time in seconds, what it printed, its largest resident memory in MiB."""

    seconds: float
    stdout: str
    memory: float

    def document(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Return what it printed as JSON."""
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True)
class Scene:
    """One folder with everything that a measurement leaves behind."""

    folder: Path

    @property
    def state(self) -> Path:
        """The program's state folder."""
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        """What the program is given: nothing of the caller's but the search path."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PROVISION_ENV_STATE": str(self.state),
            "CI": "true",
        }

    def run(self, *arguments: str) -> Ran:
        """Run the program to its end."""
        return run([PROGRAM, *arguments], self.environment)

    def client(self) -> dict[str, str]:
        """Return the environment that leads other programs into the sandbox."""
        variables: dict[str, str] = self.run("sandbox", "env", "--output", "json").document()
        return {**self.environment, **variables}

    def up(self, request: Path) -> Ran:
        """Carry a request out in the sandbox."""
        return self.run("up", str(request), "--sandbox", "--yes", "--output", "json")

    def steps(self, team: str) -> list[dict[str, Any]]:
        """Return the steps of a team's last run (see ``runs show``)."""
        newest = self.run("runs", "list", "--team", team, "--limit", "1", "--output", "json").document()[0]
        steps: list[dict[str, Any]] = self.run("runs", "show", newest["id"], "--output", "json").document()["steps"]
        return steps

    def request(self, team: str) -> Path:
        """Write the large example for another team with projects of its own; returns the file."""
        text = (EXAMPLES / "fraud-detection.yaml").read_text(encoding="utf-8")
        text = text.replace("fraud-detection", team).replace("example-fraud-", f"example-{team}-")
        (self.folder / "platform.yaml").write_bytes((EXAMPLES / "platform.yaml").read_bytes())
        file = self.folder / f"{team}.yaml"
        file.write_text(text, encoding="utf-8")
        return file


@contextmanager
def scene() -> Iterator[Scene]:
    """Open a scene; its sandbox is stopped and its folder removed at the end."""
    with TemporaryDirectory(prefix="provision-env-bench-") as folder:
        opened = Scene(Path(folder))
        try:
            yield opened
        finally:
            opened.run("sandbox", "stop")


def run(argv: list[str], environment: Mapping[str, str]) -> Ran:
    """Run a program to its end and measure it; a failure ends the measurement with what it printed."""
    started = time.perf_counter()
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        watch = _Memory(child.pid)
        stdout, stderr = child.communicate()
        seconds = time.perf_counter() - started
        memory = watch.stop()
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(argv)} ended with {child.returncode}\n{stdout}\n{stderr}")
    return Ran(seconds, stdout, memory)


def peak_memory(pid: int) -> float:
    """Return the largest resident memory of a living process so far, in MiB (Linux: VmHWM of proc(5)); else 0."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / _MEBI
    return 0.0


class _Memory:
    """Follows the high-water mark of one process; its children do not count, as they would in rusage."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, peak_memory(self._pid))

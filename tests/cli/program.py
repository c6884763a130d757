"""The program as people start it: a child process with an environment of its own, and what it said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples"
COMMAND = (sys.executable, "-m", "provisioner")


@dataclass(frozen=True)
class Ended:
    """How a call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The JSON error on standard error, which comes after the lines of progress."""
        found: dict[str, Any] = json.loads(self.err[self.err.index('{\n  "error"') :])["error"]
        return found

    def __str__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@dataclass(frozen=True)
class Person:
    """Somebody at a machine: a home, a state folder, a place to stand. Nothing else of our environment is theirs."""

    home: Path
    folder: Path = PROJECT
    variables: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = COMMAND

    @property
    def state(self) -> Path:
        return self.home / "state"

    def environment(self) -> dict[str, str]:
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        own = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PROVISION_ENV_STATE": str(self.state)}
        return {**own, "PYTHONPATH": str(PROJECT), "USER": "ann", **coverage, **self.variables}

    def given(self, **variables: str) -> Person:
        return replace(self, variables={**self.variables, **variables})

    def without(self, module: str) -> Person:
        """Return the person on a machine where a Python module is not installed."""
        program = f"import sys; sys.modules[{module!r}] = None; from provisioner.cli import main; main()"
        return replace(self, command=(sys.executable, "-c", program))

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def runs(self, *arguments: str | Path, **options: Any) -> Ended:
        """Run the program to its end."""
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(timeout=240)
        return Ended(process.returncode, out, err)

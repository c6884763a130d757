"""A job as a process: act runs its one-job workflow in a fresh folder, and its log says what became of it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.sandbox.github import bare
from provisioner.sandbox.github.actions import stand_ins
from provisioner.sandbox.github.actions.assignment import Assignment
from provisioner.sandbox.github.actions.journal import Journal
from provisioner.sandbox.github.actions.uses import Source

_HERE = Path(__file__).parent


@dataclass(slots=True)
class Outcome:
    """How a job ended: ``success``, ``failure`` or ``cancelled``, and what it left."""

    conclusion: str
    journal: Journal
    handed_on: dict[str, str] = field(default_factory=dict)
    note: str = ""


class Execution:
    """One job at work. ``run`` is called once, from a thread of its own; ``stop`` and ``kill`` from anywhere."""

    def __init__(self, assignment: Assignment, folder: Path, surroundings: Mapping[str, str], act: str) -> None:
        """``surroundings`` lead the job's clients into the sandbox; ``folder`` is made, and removed at the end."""
        self._assignment = assignment
        self._folder = folder
        self._surroundings = surroundings
        self._act = act
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = ""
        self._lock = threading.Lock()

    def run(self) -> Outcome:
        """Run the job to its end."""
        given = self._assignment
        hidden = (*given.secrets.values(), given.request_token, given.environment.get("ACTIONS_RUNTIME_TOKEN", ""))
        journal = Journal(given.steps, hidden)
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            command = self._written()
            with self._lock:
                if self._ended:
                    return Outcome("cancelled", journal, note=self._ended)
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, guard and act
                    command,
                    cwd=self._folder / "work",
                    env=self._environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            return self._followed(self._process, journal)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _followed(self, process: subprocess.Popen[bytes], journal: Journal) -> Outcome:
        timer = threading.Timer(self._assignment.timeout_seconds, self.stop, (self._late(),))
        timer.daemon = True
        timer.start()
        try:
            with process.stdout or io.BytesIO() as said:
                for line in said:
                    journal.take(line.decode(errors="replace"))
            code = process.wait()
        finally:
            timer.cancel()
            self._let_go()
        conclusion = "cancelled" if self._ended else "failure" if code else "success"
        return Outcome(conclusion, journal, self._read_handed_on(), self._ended)

    def _late(self) -> str:
        minutes = self._assignment.timeout_seconds / 60
        name = self._assignment.workflow["jobs"][next(iter(self._assignment.workflow["jobs"]))]["name"]
        return f"The job '{name}' has exceeded the maximum execution time of {minutes:g} minutes"

    def stop(self, reason: str) -> None:
        """Ask for an orderly end: steps that say ``if: always()`` still run, for ten seconds at most."""
        with self._lock:
            self._ended = self._ended or reason
            if self._process and self._process.stdin:
                with contextlib.suppress(OSError, ValueError):
                    self._process.stdin.write(b"stop\n")
                    self._process.stdin.flush()

    def kill(self) -> None:
        """End everything at once."""
        self._ended = self._ended or "The sandbox ended while this job was at work."
        self._let_go()

    def _let_go(self) -> None:
        """Close the guard's standard input: whatever is left of the job ends."""
        with self._lock:
            if self._process and self._process.stdin:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()

    def _written(self) -> list[str]:
        """Write what act reads and return the command line, in which nothing is secret."""
        folder = self._folder
        for name in ("work", "home", "actions"):
            (folder / name).mkdir(mode=0o700, parents=True)
        given = self._assignment
        # JSON is YAML; act takes .yml files for these without a syntax of their own for quotes and dollars.
        files = {
            "workflow.yml": given.workflow,
            "event.json": given.event,
            "env.yml": dict(given.environment),
            "secrets.yml": dict(given.secrets),
        }
        for name, document in files.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(json.dumps(document), encoding="utf-8")
        command = [sys.executable, "-I", "-S", str(_HERE / "guard.py"), self._act, given.event_name, "--json"]
        command += ["-C", str(folder / "work"), "-W", str(folder / "workflow.yml"), "-e", str(folder / "event.json")]
        command += ["--env-file", str(folder / "env.yml"), "--secret-file", str(folder / "secrets.yml")]
        command += ["--var-file", os.devnull, "--input-file", os.devnull, "-a", given.actor]
        command += ["--no-skip-checkout", "--no-cache-server", "--action-offline-mode"]
        for label in given.labels:
            command += ["-P", f"{label}=-self-hosted"]
        for source in given.actions:
            command += ["--local-repository", f"{source.name}@{source.ref}={self._unpacked(source)}"]
        return command

    def _unpacked(self, source: Source) -> Path:
        if source.folder is not None:
            return source.folder
        target = self._folder / "actions" / f"{source.name.replace('/', '--')}-{source.commit}"
        content = bare.Repository(source.repository or Path(), {}).run("archive", "--format=tar", source.commit)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(target, filter="data")
        return target

    def _environment(self) -> dict[str, str]:
        home = self._folder / "home"
        paths = [str(stand_ins.FOLDER / "bin"), *os.get_exec_path()]
        return {
            **self._surroundings,
            "HOME": str(home),
            "PATH": os.pathsep.join(paths),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "CLOUDSDK_CONFIG": str(home / "gcloud"),
            "PROVISION_ENV_PYTHON": sys.executable,
            "PROVISION_ENV_STAND_INS": str(stand_ins.FOLDER),
            "PROVISION_ENV_COLLECT": str(_HERE / "collect.py"),
            "PROVISION_ENV_HANDED_ON": str(self._folder / "handed-on.json"),
        }

    def _read_handed_on(self) -> dict[str, str]:
        try:
            document: Any = json.loads((self._folder / "handed-on.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in document.items()}


def leftovers(folder: Path) -> Iterator[Path]:
    """Yield the folders of jobs that a killed sandbox left behind."""
    if folder.is_dir():
        yield from folder.iterdir()

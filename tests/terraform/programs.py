"""Small programs that behave like a stubborn or a talkative Terraform, run as real processes."""

from __future__ import annotations

import os
import select
import sys
import threading
from pathlib import Path

from provisioner.terraform.identity import ProcessIdentity
from provisioner.terraform.pipes import Lines
from provisioner.terraform.process import Command, Executor, Exit

PREPARE = "import os, signal, sys, json\ndef say(*words): print(*words, flush=True)\n"


def command(folder: Path, code: str, *, timeout: float = 30.0, environment: dict[str, str] | None = None) -> Command:
    return Command((sys.executable, "-I", "-c", PREPARE + code), folder, environment or {}, timeout)


class Session:
    """One program run in a thread; ``said`` wakes whoever waits for a line."""

    def __init__(self, folder: Path, code: str, *, timeout: float = 30.0, patience: float = 10.0) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.started: list[ProcessIdentity] = []
        self.left: list[ProcessIdentity] = []
        self.end: Exit | None = None
        self.failure: BaseException | None = None
        self._changed = threading.Condition()
        self.executor = Executor(on_started=self.started.append, on_ended=self.left.append, patience=patience)
        self._command = command(folder, code, timeout=timeout)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.end = self.executor.run(self._command, Lines(self._hear), Lines(self.errors.append))
        except BaseException as failure:  # noqa: BLE001 - handed to the test
            self.failure = failure

    def _hear(self, line: str) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait_for(self, line: str, *, times: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.lines.count(line) >= times, timeout=20), self.lines

    def join(self) -> Exit:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        assert self.failure is None, self.failure
        assert self.end is not None
        return self.end


def ended(pid: int, timeout: float) -> bool:
    """Wait for the end of a process that need not be a child of ours."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], timeout)[0])
    finally:
        os.close(watched)

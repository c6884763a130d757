"""Processes of containers: started by one thread, so that they end with the server; stopped with their children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provisioner.sandbox.google.run.programs import Program

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LINES = 200
_LONGEST_LINE = 8192
_GRACE = 2.0


class Process:
    """One running program. ``code`` is its exit code once it has ended, negative for the signal that ended it."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._reader = threading.Thread(target=self._read, name=f"container-{popen.pid}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._popen.pid

    @property
    def code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._popen.poll()

    def lines(self) -> list[str]:
        """Return the last lines of what it wrote."""
        return list(self._lines)

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; return the exit code, None if it still runs after so many seconds."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(_GRACE)
        return code

    def stop(self, grace: float = _GRACE) -> None:
        """Ask it to end (SIGTERM), then end it and everything it has started in its session."""
        self._signal(signal.SIGTERM)
        if grace and self.wait(grace) is None:
            self._signal(signal.SIGKILL)
        self._signal(signal.SIGKILL)
        self.wait(_GRACE)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._popen.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _read(self) -> None:
        stream = self._popen.stdout
        if stream is not None:
            with stream:
                for line in iter(lambda: stream.readline(_LONGEST_LINE), b""):
                    self._lines.append(line.decode(errors="replace").rstrip("\n"))


class Spawner:
    """Starts programs from one thread that lives as long as this object: the kernel ends its children with it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
        self._rooted: bool | None = None

    def start(self, program: Program, environment: Mapping[str, str]) -> Process:
        """Start a program with these variables and no others. Raises RuntimeError after ``close``."""
        wanted = {
            "root": program.root,
            "folder": program.folder,
            "command": list(program.command),
            "environment": dict(environment),
            "user": program.user,
            "group": program.group,
        }
        return self._thread.submit(_start, json.dumps(wanted).encode()).result()

    def rooted(self, folder: Path) -> bool:
        """Tell whether this machine lets us take a folder as root; tried once, on an empty one."""
        if self._rooted is None:
            # There is no /x in it: the launcher gets as far as looking for it, or not even there.
            process = self.start(Program(str(folder), "/", ("/x",)), {})
            process.wait(_GRACE)
            self._rooted = any(line.startswith("/x: ") for line in process.lines())
        return self._rooted

    def close(self) -> None:
        """Let the thread end; what it started ends with it."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _start(wanted: bytes) -> Process:
    popen = subprocess.Popen(  # noqa: S603 - our own interpreter and file
        [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={},
        start_new_session=True,
    )
    if popen.stdin is not None:
        with popen.stdin:
            popen.stdin.write(wanted)
    return Process(popen)

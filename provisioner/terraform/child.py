"""One child process: started, signalled, and noticed when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launch.py")
_PRIVATE = 0o077
"""Plans, state and errored.tfstate hold secrets in clear: nobody else reads what a child writes."""


class Child:
    """A running program in a session of its own, so that a terminal's Ctrl-C does not reach it.

    Its standard input is empty. ``ended`` is a file descriptor that becomes readable at its end.
    """

    def __init__(self, argv: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> None:
        launcher = (sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()))
        self._process = subprocess.Popen(  # noqa: S603 - argv is a list made by argv.py, there is no shell
            (*launcher, *argv),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            umask=_PRIVATE,
            bufsize=0,
        )
        self.pid = self._process.pid
        self.code = 0
        self.ended = _end_of(self._process)

    @property
    def stdout(self) -> int:
        """Return the file descriptor of its standard output."""
        return self._process.stdout.fileno() if self._process.stdout else -1

    @property
    def stderr(self) -> int:
        """Return the file descriptor of its standard error."""
        return self._process.stderr.fileno() if self._process.stderr else -1

    def send(self, number: signal.Signals) -> None:
        """Signal this process only, never its group: its providers must finish their calls."""
        self._process.send_signal(number)

    def close(self) -> None:
        """Reap it after its end, close our side and keep the exit code (negative: the signal that ended it)."""
        self.code = self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        os.close(self.ended)


def _end_of(process: subprocess.Popen[bytes]) -> int:
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(process.pid)
        except OSError:  # an old kernel, or a container that forbids it
            pass
    return _end_by_thread(process)


def _end_by_thread(process: subprocess.Popen[bytes]) -> int:
    reading, writing = os.pipe()

    def wait() -> None:
        process.wait()
        os.close(writing)

    threading.Thread(target=wait, name=f"end of {process.pid}", daemon=True).start()
    return reading

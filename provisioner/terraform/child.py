"""One child process: started, signalled, and noticed when it ends."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launch.py")
_PRIVATE = 0o077
"""Plans, state and errored.tfstate hold secrets in clear: nobody else reads what a child writes."""

_ROOMY = 1024 * 1024
_SET_SIZE = getattr(fcntl, "F_SETPIPE_SZ", None)


class Child:
    """A running program in a session of its own, so that a terminal's Ctrl-C does not reach it.

    Its standard input is empty. It holds the reading ends of its own pipes open: when we are killed, it must save its
    state and unlock, and a Go program dies at its next line when nobody can read any more (SIGPIPE). The pipes are
    wide enough for all that it says while it stops. ``ended`` is a file descriptor that becomes readable at its end.
    """

    def __init__(self, argv: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> None:
        launcher = (sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()))
        self.stdout, writing = _pipe()
        self.stderr, complaining = _pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - argv is a list made by argv.py, there is no shell
                (*launcher, *argv),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=complaining,
                pass_fds=(self.stdout, self.stderr),
                start_new_session=True,
                umask=_PRIVATE,
            )
        except OSError:
            os.close(self.stdout)
            os.close(self.stderr)
            raise
        finally:
            os.close(writing)
            os.close(complaining)
        self.pid = self._process.pid
        self.code = 0
        self.ended = _end_of(self._process)

    def send(self, number: signal.Signals) -> None:
        """Signal this process only, never its group: its providers must finish their calls."""
        self._process.send_signal(number)

    def close(self) -> None:
        """Reap it after its end, close our side and keep the exit code (negative: the signal that ended it)."""
        self.code = self._process.wait()
        for opened in (self.stdout, self.stderr, self.ended):
            os.close(opened)


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    if _SET_SIZE is not None:
        with suppress(OSError):  # the system's limit for this user is reached: an ordinary pipe will do
            fcntl.fcntl(writing, _SET_SIZE, _ROOMY)
    return reading, writing


def _end_of(process: subprocess.Popen[bytes]) -> int:
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):  # an old kernel, or a container that forbids it
            return os.pidfd_open(process.pid)
    return _end_by_thread(process)


def _end_by_thread(process: subprocess.Popen[bytes]) -> int:
    reading, writing = os.pipe()

    def wait() -> None:
        process.wait()
        os.close(writing)

    threading.Thread(target=wait, name=f"end of {process.pid}", daemon=True).start()
    return reading

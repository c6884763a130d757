"""A terminal of a given width, and what a program drew on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass

from tests.cli.program import Person

_PATIENCE = 60.0


@dataclass
class Terminal:
    """A program whose standard input, output and error are one terminal; ``seen`` is all it wrote so far."""

    process: subprocess.Popen[bytes]
    file: int
    seen: str = ""

    def until(self, words: str) -> None:
        """Read until something appears; fails when it does not."""
        deadline = time.monotonic() + _PATIENCE
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            assert self._read(), self.seen

    def type(self, text: str) -> None:
        os.write(self.file, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C until the program ends: one pressed just before readline listens is seen with the next key."""
        for _ in range(20):
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)
                return
        raise AssertionError(self.seen)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        os.close(self.file)
        return self.process.wait(_PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.file], [], [], _PATIENCE)
        assert ready, self.seen
        try:
            data = os.read(self.file, 65536)
        except OSError:  # Linux answers EIO once the other side is closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


def open_terminal(person: Person, *arguments: str, columns: int = 80) -> Terminal:
    """Start the program on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"TERM": "xterm-256color", **person.environment()}
    process = subprocess.Popen(
        [*person.command, *arguments],
        cwd=person.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return Terminal(process, ours)

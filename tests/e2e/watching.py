"""A run that is watched while it works, and processes below it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.program import Ended, Person

_PATIENCE = 90.0


@dataclass
class Watched:
    """A started program; its standard error is read line by line as it is written."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def until(self, words: str) -> None:
        """Wait until a line with these words was written."""
        with self.more:
            assert self.more.wait_for(lambda: self.said(words) or self.ended, _PATIENCE), self.lines
            assert self.said(words), self.lines

    def said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def end(self) -> Ended:
        """Wait for the end."""
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        code = self.process.wait(_PATIENCE)
        self.reader.join(_PATIENCE)
        self.process.stdout.close()
        return Ended(code, out, "\n".join(self.lines))

    def kill(self) -> None:
        """End it the way a machine that loses power does: nothing is cleaned up."""
        self.process.send_signal(signal.SIGKILL)

    def terraforms(self) -> list[int]:
        """Return the process ids of its terraforms."""
        return [pid for pid in _children(self.process.pid) if "terraform" in _command(pid)]

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                with self.more:
                    self.lines.append(line.rstrip("\n"))
                    self.more.notify_all()
        with self.more:
            self.ended = True
            self.more.notify_all()


def watch(person: Person, *arguments: str | Path) -> Watched:
    """Start the program in a session of its own, as a shell's foreground job is."""
    return Watched(person.start(*arguments, start_new_session=True))


def kill_and_wait(pid: int) -> None:
    """Kill a process that is not our child and wait until it is gone."""
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE
        while _is_running(pid):
            assert time.monotonic() < deadline
    finally:
        os.close(handle)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")

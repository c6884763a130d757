"""The executor: runs one command, reads both pipes, keeps the time, and stops it gently.

Terraform finishes its calls in flight, saves and unlocks on one SIGINT; a second one orphans the resource in flight.
So a first Ctrl-C becomes one SIGINT and only a second Ctrl-C a second one. A phase that runs out of time gets a
SIGINT, after some patience a second one, and after the same patience SIGKILL, which leaves a lock behind.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import Interrupted
from provisioner.terraform.child import Child
from provisioner.terraform.identity import ProcessIdentity, identify
from provisioner.terraform.pipes import Sink

_CHUNK = 64 * 1024
_REST_OF_OUTPUT = 2.0
"""Seconds to wait for the end of the pipes after the child's end: a grandchild may hold them open."""

_RUNGS = (signal.SIGINT, signal.SIGINT, signal.SIGKILL)
_GENTLE = 2
"""How many interrupts reach one child: the third Ctrl-C of an impatient user changes nothing."""


@dataclass(frozen=True)
class Command:
    """What to run: the whole argument vector, where, with which environment, and for how long (seconds)."""

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    timeout: float


@dataclass(frozen=True)
class Exit:
    """How it ended: the exit code (negative: the signal), and what we did to it."""

    code: int
    interrupted: bool = False
    timed_out: bool = False
    killed: bool = False


class Executor:
    """Runs commands, several at once from several threads, and interrupts all of them together.

    ``on_started`` gets the identity of each child, to be recorded before anything can happen to us; ``on_ended`` gets
    it again when the child ended by itself: one that was killed, was asked twice (Terraform then leaves without
    unlocking) or was not seen to end may have left its lock.
    ``patience`` is the time in seconds between the rungs of the ladder after a timeout.
    """

    def __init__(
        self,
        *,
        on_started: Callable[[ProcessIdentity], None],
        patience: float,
        on_ended: Callable[[ProcessIdentity], None] = lambda _: None,
    ) -> None:
        self._on_started = on_started
        self._on_ended = on_ended
        self._patience = patience
        self._lock = threading.Lock()
        self._running: dict[Child, int] = {}
        self._interrupted = False

    def run(self, command: Command, stdout: Sink, stderr: Sink) -> Exit:
        """Run to the end and return how it ended.

        Blocks the calling thread, which must live as long as the child (see ``launch.py``). Raises Interrupted when
        ``interrupt`` was called before the start, OSError when the program cannot be started.
        """
        with self._child(command) as child:
            attendance = _Attendance(child, command.timeout, self._patience)
            try:
                identity = identify(child.pid)
                if identity:
                    self._on_started(identity)
                attendance.read(stdout, stderr)
            except BaseException:
                child.send(signal.SIGINT)
                attendance.read(_Nowhere(), _Nowhere())
                raise
            finally:
                attendance.close()
            asked = self._running[child]
        if identity and child.code >= 0 and asked < _GENTLE and not attendance.firm:
            self._on_ended(identity)
        return Exit(child.code, asked > 0, attendance.timed_out, attendance.killed)

    def interrupt(self) -> None:
        """Pass on the user's wish to stop: one SIGINT per child and call, two at most; nothing new is started.

        Not for a signal's handler: it takes a lock.
        """
        with self._lock:
            self._interrupted = True
            for child in tuple(self._running):
                self._pass_on(child)

    def _pass_on(self, child: Child) -> None:
        if self._running[child] < _GENTLE:
            self._running[child] += 1
            child.send(signal.SIGINT)

    @contextlib.contextmanager
    def _child(self, command: Command) -> Iterator[Child]:
        with self._lock:
            if self._interrupted:
                raise Interrupted("stopped before Terraform was started", fix="run the same command again to resume")
            child = Child(command.argv, command.folder, command.environment)
            self._running[child] = 0
        try:
            yield child
        finally:
            child.close()
            with self._lock:
                del self._running[child]


class _Attendance:
    """Reads a child's pipes until its end, climbing the ladder when the time is up."""

    def __init__(self, child: Child, timeout: float, patience: float) -> None:
        self._child = child
        self._patience = patience
        self._deadline = time.monotonic() + timeout
        self._rung = 0
        self._ended = False
        self._selector = selectors.DefaultSelector()
        for stream in (child.stdout, child.stderr, child.ended):
            self._selector.register(stream, selectors.EVENT_READ)

    @property
    def timed_out(self) -> bool:
        """Tell whether the ladder was used."""
        return self._rung > 0

    @property
    def firm(self) -> bool:
        """Tell whether it was asked more than once."""
        return self._rung >= _GENTLE

    @property
    def killed(self) -> bool:
        """Tell whether it had to be killed."""
        return self._rung == len(_RUNGS)

    def close(self) -> None:
        """Give the selector back."""
        self._selector.close()

    def read(self, stdout: Sink, stderr: Sink) -> None:
        """Feed the sinks until both pipes are closed and the child has ended."""
        sinks = {self._child.stdout: stdout, self._child.stderr: stderr}
        while self._selector.get_map():
            ready = self._selector.select(max(0.0, self._deadline - time.monotonic()))
            for key, _ in ready:
                self._take(key.fd, sinks)
            if not ready and not self._time_is_up():
                break
        stdout.close()
        stderr.close()

    def _take(self, stream: int, sinks: Mapping[int, Sink]) -> None:
        if stream == self._child.ended:
            self._selector.unregister(stream)
            self._ended = True
            self._deadline = time.monotonic() + _REST_OF_OUTPUT
            return
        chunk = os.read(stream, _CHUNK)
        if chunk:
            sinks[stream].feed(chunk)
        else:
            self._selector.unregister(stream)

    def _time_is_up(self) -> bool:
        """Climb one rung; false when there is nothing more to wait for."""
        if self._ended:
            return False
        if not self.killed:
            self._child.send(_RUNGS[self._rung])
            self._rung += 1
        self._deadline = time.monotonic() + self._patience
        return True


class _Nowhere:
    """Takes the output of a child that is only waited for."""

    def feed(self, chunk: bytes) -> None:
        """Drop it."""

    def close(self) -> None:
        """Nothing to do."""

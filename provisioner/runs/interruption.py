"""Ctrl-C: asks what is under way to finish its calls, and keeps the next step from starting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from provisioner.errors import Interrupted


class Interruptible(Protocol):
    """Something under way that can be asked to stop, more firmly each time."""

    def interrupt(self) -> None:
        """Ask once."""


class Interruption:
    """Whether the user asked to stop, and whom to tell."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self._asked = threading.Event()
        self._guard = threading.Lock()
        self._busy: set[Interruptible] = set()

    def ask(self) -> None:
        """Tell everything under way; called from a signal handler, once per Ctrl-C."""
        self._asked.set()
        for each in tuple(self._busy):
            each.interrupt()

    def check(self) -> None:
        """Raise Interrupted when the user asked to stop."""
        if self._asked.is_set():
            raise Interrupted("interrupted", fix="run the same command again; it goes on where it stopped")

    def pause(self, seconds: float) -> None:
        """Let some time pass; raises Interrupted as soon as the user asks to stop."""
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def watching(self, work: Interruptible) -> Iterator[None]:
        """Tell ``work`` about a Ctrl-C while it is under way; do not start it after one."""
        self.check()
        with self._guard:
            self._busy = {*self._busy, work}
        try:
            yield
        finally:
            with self._guard:
                self._busy = self._busy - {work}

"""Ctrl-C: asks what is under way to finish its calls, and keeps the next step from starting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Protocol

from provisioner.errors import Interrupted
from provisioner.runs.progress import Progress, Report

_FIRST = "stopping: what is under way finishes its calls; Ctrl-C again ends Terraform at once"
_SECOND = "ending Terraform at once"


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
        self._news: SimpleQueue[str | None] = SimpleQueue()

    def ask(self, because: str = _FIRST) -> None:
        """Tell everything under way, more firmly each time; called once per Ctrl-C, but not by a signal's handler.

        ``because`` is what people are told the first time.
        """
        self._news.put(_SECOND if self._asked.is_set() else because)
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
    def told(self, progress: Progress) -> Iterator[None]:
        """Tell people that their wish was heard: until what is under way has ended, nothing else would show it."""

        def tell() -> None:
            said: set[str] = set()
            for text in iter(self._news.get, None):
                if text not in said:
                    progress(Report("stop", "", "note", text))
                said.add(text)

        teller = threading.Thread(target=tell, name="interruption", daemon=True)
        teller.start()
        try:
            yield
        finally:
            self._news.put(None)
            teller.join()

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

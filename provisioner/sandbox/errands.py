"""What the sandbox does by itself: pushes, scheduled jobs, rotations, at the instant they are due.

An errand is a function that does everything that is due now and returns the instant at which it wants to be asked
again. ``settle`` runs all errands in the caller's thread until nothing is due; moving the clock does so, hence
whoever advances time sees the results when the call returns. A running server has a thread besides, for the time
that passes by itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

_LOG = logging.getLogger(__name__)
_ROUNDS = 1000  # an errand that always finds more to do (a push loop) does not hold the clock for ever
_LONGEST_SLEEP = 60.0  # a store that was replaced (restore, reset) is looked at again after so many seconds

Errand = Callable[[], "datetime | None"]


class Errands:
    """The errands of one world, and the signal by which those who wait hear of changes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """``now`` is the sandbox's clock."""
        self._now = now
        self._errands: dict[str, Errand] = {}
        self._running = threading.RLock()
        self._changed = threading.Condition()
        self._changes = 0
        self._asked = 0
        self._stopped = False
        self._thread: threading.Thread | None = None

    @property
    def stopped(self) -> bool:
        """Tell whether the server is about to end: nobody waits any more."""
        return self._stopped

    def take_on(self, name: str, errand: Errand) -> None:
        """Add an errand, replacing one of the same name.

        Nothing under way is waited for: whoever adds one may hold the store, and an errand may be waiting for that.
        """
        with self._changed:
            self._errands = {**self._errands, name: errand}

    def settle(self) -> datetime | None:
        """Do what is due until nothing is; return the instant at which something will be, None for never."""
        with self._running:
            for _ in range(_ROUNDS):
                due = self._round()
                if due is None or due > self._now():
                    return due
        return self._now()

    def wake(self) -> None:
        """Tell the thread that something may be due earlier than it thinks."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()

    def announce(self) -> None:
        """Tell everybody who waits for news (a pull) to look again."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def news(self) -> int:
        """Return how much was announced so far: to be read before looking, and given to ``wait_for_news``."""
        with self._changed:
            return self._changes

    def wait_for_news(self, seen: int, seconds: float) -> bool:
        """Wait until more was announced than ``seen``; False when the time is over or the server ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._changes > seen, max(seconds, 0))
            return not self._stopped and self._changes > seen

    def start(self) -> None:
        """Begin to run errands as time passes by itself."""
        with self._changed:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._work, name="errands", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread and everybody's waiting; an errand under way is finished first."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopped:
            with self._changed:
                asked = self._asked
            due = self.settle()
            with self._changed:
                self._changed.wait_for(lambda seen=asked: self._stopped or self._asked != seen, self._sleep(due))  # type: ignore[misc]

    def _sleep(self, due: datetime | None) -> float:
        left = (due - self._now()).total_seconds() if due else _LONGEST_SLEEP
        return min(max(left, 0.01), _LONGEST_SLEEP)

    def _round(self) -> datetime | None:
        wanted = [due for due in map(self._run, list(self._errands.items())) if due is not None]
        return min(wanted, default=None)

    def _run(self, named: tuple[str, Errand]) -> datetime | None:
        name, errand = named
        if self._stopped:
            return None
        try:
            return errand()
        except Exception:  # noqa: BLE001 - a bug in one errand must not keep the others, or the clock, from moving
            _LOG.exception("the errand %s failed", name)
            return None

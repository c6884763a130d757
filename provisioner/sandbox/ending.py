"""When the server is to end: a signal or a client says so, at whatever moment.

Locks are no way to hear of a signal. A handler that takes one may interrupt the very thread that holds it, and a signal
that comes just before a wait begins does not end that wait. The interpreter therefore writes each signal into a socket
itself (``signal.set_wakeup_fd``), and the wait is one for that socket: what came before it began is still there.
"""

from __future__ import annotations

import select
import signal
import socket
from contextlib import suppress

_A_SECOND = 1000


class Ending:
    """Heard of once, it stays: whoever looks or waits later is told as well."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self._asked = False
        self._listening = False
        self._heard, self._told = socket.socketpair()
        self._heard.settimeout(0)
        self._told.settimeout(0)
        self._news = select.poll()
        self._news.register(self._heard, select.POLLIN)

    def listen(self, *signals: signal.Signals) -> None:
        """Take these signals as a wish to end; from the main thread only."""
        for number in signals:
            # Without a handler the signal would do what it does by default: there is nothing left to do in it.
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._listening = True

    def ask(self) -> None:
        """Ask for the end; from any thread."""
        self._asked = True
        # A full socket has been told often enough, and behind a closed one nobody waits.
        with suppress(OSError):
            self._told.send(b"\0")

    def asked(self) -> bool:
        """Tell whether somebody has asked, as far as the waiting thread knows."""
        return self._asked

    def wait(self, seconds: float | None) -> bool:
        """Wait for the wish to end for so long at most (None: for ever); tell whether it came."""
        if self._news.poll(None if seconds is None else seconds * _A_SECOND):
            self._asked = True
        return self._asked

    def close(self) -> None:
        """Hear of nothing any more; by the thread that listened. The signals do nothing from here on."""
        if self._listening:
            signal.set_wakeup_fd(-1)
        self._heard.close()
        self._told.close()

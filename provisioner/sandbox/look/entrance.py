"""Who may look: a ticket that works once becomes a cookie of this browser; forms carry a second secret."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie

COOKIE = "sandbox_look"
_TICKET_SECONDS = 300.0
_MOST = 64


class Entrance:
    """Tickets and visits of one server; they end with it. Times are monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` is replaced in tests."""
        self._clock = clock
        self._tickets: OrderedDict[str, float] = OrderedDict()
        self._visits: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def ticket(self) -> str:
        """Return a ticket that opens the door once, within five minutes."""
        made = secrets.token_urlsafe(24)
        with self._lock:
            self._tickets[made] = self._clock() + _TICKET_SECONDS
            _forget_oldest(self._tickets)
        return made

    def admit(self, ticket: str) -> str | None:
        """Take a ticket; return the cookie of a new visit, or None for a ticket that is not (or no longer) good."""
        with self._lock:
            until = self._tickets.pop(ticket, 0.0)
            if until <= self._clock():
                return None
            visit = secrets.token_urlsafe(24)
            self._visits[visit] = secrets.token_urlsafe(24)
            _forget_oldest(self._visits)
        return visit

    def form_secret(self, headers: Mapping[str, str]) -> str | None:
        """Return what the forms of this visit carry, or None when the request belongs to no visit."""
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        if morsel is None:
            return None
        with self._lock:
            return self._visits.get(morsel.value)


def same(given: str, expected: str) -> bool:
    """Compare two secrets without telling by the time it takes how far they agree."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _forget_oldest(kept: OrderedDict[str, float] | OrderedDict[str, str]) -> None:
    while len(kept) > _MOST:
        kept.popitem(last=False)

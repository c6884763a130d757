"""Transports that stand between the room and the network: one counts writes, one waits, one dies at a given call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from provisioner.repository.errors import GitHubError
from provisioner.repository.transport import Answer, Transport


class Writes:
    """Remembers every call that may change something, and how many there were in all."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.seen: list[str] = []
        self.calls = 0

    def send(self, method: str, path: str, parameters: Mapping[str, Any], body: object) -> Answer:
        self.calls += 1
        if method != "GET":
            self.seen.append(f"{method} {path}")
        return self._inner.send(method, path, parameters, body)


class Patient:
    """Lets a write of some access wait, so that a write of an environment could overtake it; remembers all writes."""

    def __init__(self, inner: Transport, patience: float) -> None:
        self._inner = inner
        self._left = patience
        self._overtaken = threading.Event()
        self.seen: list[str] = []

    def send(self, method: str, path: str, parameters: Mapping[str, Any], body: object) -> Answer:
        if method != "GET" and "/environments/" in path:
            self._overtaken.set()
        if method != "GET" and ("/collaborators/" in path or "/teams/" in path):
            self._overtaken.wait(self._left)
            self._left = 0  # nobody came: nobody will
        if method != "GET":
            self.seen.append(path)
        return self._inner.send(method, path, parameters, body)


class Killed(BaseException):
    """The process was killed here."""


class Killing:
    """Dies at call ``index`` (from 1), before it or after it took effect; from then on nothing goes through."""

    def __init__(self, inner: Transport, index: int, *, after: bool) -> None:
        self._inner = inner
        self._left = index
        self._after = after
        self._lock = threading.Lock()
        self.died = False

    def send(self, method: str, path: str, parameters: Mapping[str, Any], body: object) -> Answer:
        with self._lock:
            self._left -= 1
            last = self._left == 0 and not self.died
            if self.died or (last and not self._after):
                self.died = True
                raise Killed
            self.died = last
            try:
                answer = self._inner.send(method, path, parameters, body)
            except GitHubError:
                if last:
                    raise Killed from None
                raise
            if last:
                raise Killed
            return answer

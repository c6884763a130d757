"""Faults on demand: at which call of which method something goes wrong, and how.

A fault: ``{"method": "storage.objects.insert", "index": 2, "kind": "reset", "when": "after"}``
    method    id as in the request log, or a pattern (``storage.*``, ``*``)
    index     which matching call since the fault was set, from 1; 0 means every one
    kind      status   answer ``status`` (default 503) instead
              reset    cut the connection
              delay    answer after ``seconds``, or as soon as the fault is taken away
              half     send half of the answer's body, then cut
              twice    deliver the request twice (a proxy that repeats), answer the second
    when      before (default): the request has no effect; after: it has, only the answer is lost (status, reset)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.sandbox.control.kinds import KINDS, WHENS
from provisioner.sandbox.http import Response, json_response

_LONGEST_DELAY = 120.0
_STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, see the module's text."""

    method: str
    index: int = 1
    kind: str = "status"
    status: int = 503
    seconds: float = 0.0
    when: str = "before"

    def describe(self) -> str:
        """Return a short text for the request log."""
        detail = {"status": f" {self.status}", "delay": f" {self.seconds} s"}.get(self.kind, "")
        return f"{self.kind}{detail} {self.when}"


@dataclass(slots=True)
class InForce:
    """A fault that was set, how far it has counted, and whether it was taken away."""

    fault: Fault
    calls: int = 0
    lifted: threading.Event = field(default_factory=threading.Event)


class FaultPlan:
    """The faults in force and how far each has counted; each has a number of its own."""

    def __init__(self) -> None:
        self._faults: dict[int, InForce] = {}
        self._numbers = 0
        self._lock = threading.Lock()

    def replace(self, documents: list[Mapping[str, Any]]) -> None:
        """Set the faults in force. Raises InvalidInput for one that makes no sense."""
        faults = [parse_fault(document) for document in documents]
        with self._lock:
            for number in list(self._faults):
                self._lift(number)
            self._put(faults)

    def add(self, document: Mapping[str, Any]) -> None:
        """Set one more fault; the others go on counting. Raises InvalidInput for one that makes no sense."""
        fault = parse_fault(document)
        with self._lock:
            self._put([fault])

    def remove(self, number: int) -> None:
        """Take one fault away; no error when it is gone."""
        with self._lock:
            if number in self._faults:
                self._lift(number)

    def _lift(self, number: int) -> None:
        self._faults.pop(number).lifted.set()

    def _put(self, faults: list[Fault]) -> None:
        for fault in faults:
            self._numbers += 1
            self._faults[self._numbers] = InForce(fault)

    def take(self, name: str) -> InForce | None:
        """Count one call of a method; return what strikes it."""
        struck = None
        with self._lock:
            for each in self._faults.values():
                if not fnmatchcase(name, each.fault.method):
                    continue
                each.calls += 1
                if struck is None and each.fault.index in (0, each.calls):
                    struck = each
        return struck

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults with the number of matching calls so far."""
        with self._lock:
            faults = self._faults.items()
            return [asdict(each.fault) | {"number": number, "calls": each.calls} for number, each in faults]


def parse_fault(document: Mapping[str, Any]) -> Fault:
    """Read one fault. Raises InvalidInput."""
    known: dict[str, type | tuple[type, ...]] = {each.name: type(each.default) for each in fields(Fault)}
    known |= {"method": str, "seconds": (int, float)}
    unknown = sorted(set(document) - set(known))
    if unknown or "method" not in document:
        raise InvalidInput(f"a fault with {unknown or 'no method'}", fix=f"use {', '.join(known)}")
    for name, value in document.items():
        if not isinstance(value, known[name]) or isinstance(value, bool):
            raise InvalidInput(f"a fault whose {name} is {value!r}", fix="use texts, and numbers for numbers")
    fault = Fault(**document)
    if fault.kind not in KINDS or fault.when not in WHENS:
        raise InvalidInput(f"a fault of kind {fault.kind!r}, {fault.when!r}", fix=f"use {', '.join((*KINDS, *WHENS))}")
    if not 0 <= fault.seconds <= _LONGEST_DELAY:
        raise InvalidInput(f"a delay of {fault.seconds} seconds", fix=f"use at most {_LONGEST_DELAY:g}")
    if not _STATUSES.start <= fault.status < _STATUSES.stop or fault.index < 0:
        raise InvalidInput(f"a fault with status {fault.status}, index {fault.index}", fix="use 400 to 599, 0 or more")
    return fault


def status_answer(status: int) -> Response:
    """Return the answer of a front end in trouble."""
    error = {"code": status, "message": "The service is currently unavailable.", "status": "UNAVAILABLE"}
    return json_response({"error": error}, status)


def half_of(response: Response) -> Response:
    """Return a response that promises its whole body and breaks the connection in the middle."""
    whole = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    headers = [header for header in response.headers if header[0].lower() != "content-length"]
    return Response(response.status, (*headers, ("Content-Length", str(len(whole)))), _broken(whole[: len(whole) // 2]))


def _broken(half: bytes) -> Iterator[bytes]:
    yield half
    raise ConnectionResetError("a fault cut the answer")

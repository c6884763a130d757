"""Everything that reaches the applications goes through here: request log, faults, signs of life."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from provisioner.sandbox.control.faults import Fault, FaultPlan, InForce, half_of, status_answer
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.http import Application, Request, Response, json_response
from provisioner.sandbox.store import Unwritable
from provisioner.sandbox.world import World

_LOG = logging.getLogger(__name__)
_FULL, _BUG = (400, "FAILED_PRECONDITION"), (500, "INTERNAL")
"""Status and Google's name for it. A full disk is no 5xx: clients would try again for an hour."""

_BUG_TEXT = "The sandbox made a mistake; its log (server.log in the state folder) has the details."


class Observed:
    """An ``Application`` around another. Raises ConnectionResetError where a fault cuts the connection."""

    def __init__(
        self,
        application: Application,
        identify: Callable[[Request], str],
        world: World,
        journal: Journal,
        faults: FaultPlan,
    ) -> None:
        """``identify`` names a request for the log and the faults."""
        self._application = application
        self._identify = identify
        self._world = world
        self._journal = journal
        self._faults = faults
        self._lock = threading.Lock()
        self._active = 0
        self._last = time.monotonic()

    def __call__(self, request: Request) -> Response:
        """Answer a request and write it down."""
        name = self._name(request)
        struck = self._faults.take(name)
        started = time.perf_counter()
        response: Response | None = None
        self._enter()
        try:
            response = self._with_fault(request, struck)
        finally:
            self._leave()
            self._journal.add(
                request,
                name=name,
                at=self._world.clock.now(),
                seconds=time.perf_counter() - started,
                response=response,
                fault=struck.fault.describe() if struck else "",
                with_bodies=bool(self._world.settings["log_bodies"]),
            )
        return response

    def idle_seconds(self) -> float:
        """Return for how long there has been nothing to do; 0 while a request is under way."""
        with self._lock:
            return 0.0 if self._active else time.monotonic() - self._last

    def touch(self) -> None:
        """Count as a sign of life."""
        with self._lock:
            self._last = time.monotonic()

    def _with_fault(self, request: Request, struck: InForce | None) -> Response:
        if struck is None:
            return self._guarded(request)
        fault = struck.fault
        if fault.kind == "delay":
            struck.lifted.wait(fault.seconds)
        if fault.kind in ("status", "reset") and fault.when == "before":
            return _failed(fault)
        if fault.kind == "twice":
            self._guarded(request)
        response = self._guarded(request)
        if fault.kind in ("status", "reset"):
            return _failed(fault)
        return half_of(response) if fault.kind == "half" else response

    def _guarded(self, request: Request) -> Response:
        """Answer a request whatever happens: a client is told even of a mistake of ours, never left alone."""
        try:
            return self._application(request)
        except Unwritable as problem:
            return _trouble(_FULL, f"The sandbox cannot write its state, nothing was changed: {problem}.")
        except Exception:  # noqa: BLE001 - see above
            _LOG.exception("%s %s%s failed", request.method, request.host, request.path)
            return _trouble(_BUG, _BUG_TEXT)

    def _name(self, request: Request) -> str:
        try:
            return self._identify(request)
        except Exception:  # noqa: BLE001 - the answer tells; the log needs any name
            return f"{request.method} {request.host}{request.path}"

    def _enter(self) -> None:
        with self._lock:
            self._active += 1

    def _leave(self) -> None:
        with self._lock:
            self._active -= 1
            self._last = time.monotonic()


def _failed(fault: Fault) -> Response:
    if fault.kind == "reset":
        raise ConnectionResetError("a fault cut the connection")
    return status_answer(fault.status)


def _trouble(kind: tuple[int, str], text: str) -> Response:
    """Return an error that Google's clients read as well as GitHub's."""
    code, name = kind
    return json_response({"message": text, "error": {"code": code, "message": text, "status": name}}, code)

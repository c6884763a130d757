"""Everything that reaches the applications goes through here: request log, faults, signs of life."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from provisioner.sandbox.control.faults import Fault, FaultPlan, half_of, status_answer
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.http import Application, Request, Response
from provisioner.sandbox.world import World


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
        name = self._identify(request)
        fault = self._faults.take(name)
        started = time.perf_counter()
        response: Response | None = None
        self._enter()
        try:
            response = self._with_fault(request, fault)
        finally:
            self._leave()
            self._journal.add(
                request,
                name=name,
                at=self._world.clock.now(),
                seconds=time.perf_counter() - started,
                response=response,
                fault=fault.describe() if fault else "",
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

    def _with_fault(self, request: Request, fault: Fault | None) -> Response:
        if fault is None:
            return self._application(request)
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        if fault.kind in ("status", "reset") and fault.when == "before":
            return _struck(fault)
        if fault.kind == "twice":
            self._application(request)
        response = self._application(request)
        if fault.kind in ("status", "reset"):
            return _struck(fault)
        return half_of(response) if fault.kind == "half" else response

    def _enter(self) -> None:
        with self._lock:
            self._active += 1

    def _leave(self) -> None:
        with self._lock:
            self._active -= 1
            self._last = time.monotonic()


def _struck(fault: Fault) -> Response:
    if fault.kind == "reset":
        raise ConnectionResetError("a fault cut the connection")
    return status_answer(fault.status)

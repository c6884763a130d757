"""Start-up probes tell whether a container has come up.

https://cloud.google.com/run/docs/configuring/healthchecks: a probe succeeds once, or fails ``failureThreshold`` times
in a row, one try every ``periodSeconds``. Within a period it is asked more often here, for a verdict without a wait.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

_STEP = 0.05
_FIRST_BAD = 400
_SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


def came_up(probe: Mapping[str, Any], port: int, ended: Callable[[float], bool]) -> bool:
    """Probe until it succeeds (True), fails for good or the container has ended (False).

    ``port`` is the one that the container listens on here; ``ended`` waits so many seconds for its end.
    """
    if ended(float(probe.get("initialDelaySeconds", 0))):
        return False
    period = float(probe.get("periodSeconds", 10))
    for _ in range(int(probe.get("failureThreshold", 3))):
        deadline = time.monotonic() + period
        while time.monotonic() < deadline:
            if answers(probe, port):
                return True
            if ended(_STEP):
                return False
    return False


def answers(probe: Mapping[str, Any], port: int) -> bool:
    """Tell whether one try of a probe succeeds."""
    seconds = min(float(probe.get("timeoutSeconds", 1)), float(probe.get("periodSeconds", 10)))
    try:
        if "httpGet" in probe:
            return _http(probe["httpGet"], port, seconds)
        if "grpc" in probe:
            return _grpc(str(probe["grpc"].get("service", "")), port, seconds)
        with socket.create_connection(("127.0.0.1", port), seconds):
            return True
    except (OSError, http.client.HTTPException):
        return False


def _http(action: Mapping[str, Any], port: int, seconds: float) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    headers = {header["name"]: header.get("value", "") for header in action.get("httpHeaders", [])}
    try:
        connection.request("GET", action.get("path", "/"), headers={"User-Agent": "GoogleHC/1.0"} | headers)
        return connection.getresponse().status < _FIRST_BAD
    finally:
        connection.close()


def _grpc(service: str, port: int, seconds: float) -> bool:
    import grpc  # type: ignore[import-untyped] # noqa: PLC0415 - few containers speak it, and its import is long

    name = service.encode()
    request = b"\x0a" + bytes([len(name)]) + name if name else b""
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            answer: bytes = check(request, timeout=seconds)
        except grpc.RpcError:
            return False
    return answer == _SERVING

"""A client that asks the sandbox as fast as it answers, in a process of its own.

usage: python -m benchmarks.load   (a plan as JSON on standard input, the outcome as JSON on standard output)

It speaks over plain sockets, with every request written out before it is timed, so that it costs next to nothing
itself; where the machine has several cores it keeps to the last one and leaves the others to the server.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CHUNK = 65536
_OK, _CONFLICT = 200, 409
_PATIENCE = 60.0


class Line:
    """One TLS connection to a host of the sandbox, through its proxy."""

    def __init__(self, port: int, authority: Path, host: str, token: str) -> None:
        """Connect; ``port`` is the proxy's, ``authority`` the certificate file to trust."""
        self._host = host
        self._token = token
        plain = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        if b" 200 " not in plain.recv(_CHUNK):
            raise ConnectionError(f"no way to {host}")
        context = ssl.create_default_context(cafile=str(authority))
        self._socket = context.wrap_socket(plain, server_hostname=host)
        self._rest = b""

    def request(self, verb: str, path: str, body: object = None) -> bytes:
        """Write a request out."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{verb} {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._token}\r\n"
            f"User-Agent: load\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body."""
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        while len(self._rest) < size:
            self._more()
        body, self._rest = self._rest[:size], self._rest[size:]
        return int(head[9:12]), body

    def ask(self, verb: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Return the JSON of an answer that must be a 200."""
        status, content = self.send(self.request(verb, path, body))
        if status != _OK:
            raise SystemExit(f"{verb} {self._host}{path} answered {status}: {content.decode()}")
        return json.loads(content)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _more(self) -> None:
        data = self._socket.recv(_CHUNK)
        if not data:
            raise ConnectionError("the sandbox hung up")
        self._rest += data


def get(line: Line, path: str) -> Callable[[], bool]:
    """Return an act that reads one thing."""
    request = line.request("GET", path)
    return lambda: line.send(request)[0] == _OK


def change_policy(line: Line, path: str) -> Callable[[], bool]:
    """Return an act that reads an IAM policy, changes it and writes it back under its etag."""
    read = line.request("POST", f"{path}:getIamPolicy", {})
    members = [f"user:person-{number}@example.com" for number in range(10)]
    turns = 0

    def act() -> bool:
        nonlocal turns
        turns += 1
        policy = json.loads(line.send(read)[1])
        others = [each for each in policy.get("bindings", ()) if each["role"] != "roles/browser"]
        policy["bindings"] = [*others, {"role": "roles/browser", "members": [members[turns % len(members)]]}]
        status, _ = line.send(line.request("POST", f"{path}:setIamPolicy", {"policy": policy}))
        # Somebody else was quicker: what an etag is for, and as much work for the server.
        return status in {_OK, _CONFLICT}

    return act


ACTS = {"get": get, "change_policy": change_policy}


def main() -> None:
    """Carry out the plan: ``act``, ``path``, ``times`` in all over ``connections`` at once."""
    plan = json.load(sys.stdin)
    keep_to_the_last_core()
    acts = [
        ACTS[plan["act"]](Line(plan["port"], Path(plan["authority"]), plan["host"], plan["token"]), plan["path"])
        for _ in range(plan["connections"])
    ]
    wrong: list[bool] = []

    def work(act: Callable[[], bool]) -> None:
        wrong.extend(True for _ in range(plan["times"] // len(acts)) if not act())

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - started, "wrong": len(wrong)}))


def keep_to_the_last_core() -> None:
    """Leave the first cores to others, where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()

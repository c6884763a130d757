"""A proxy with a simple application behind it, on a real socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.sandbox.front.authority import Authority
from provisioner.sandbox.front.connection import Limits
from provisioner.sandbox.front.hosts import HostRouter
from provisioner.sandbox.front.listener import Listener
from provisioner.sandbox.front.proxy import Proxy
from provisioner.sandbox.http import Request, Response, json_response


def echo(request: Request) -> Response:
    """Answer with what was understood; a few paths do something else."""
    if request.path == "/stream":
        return Response(200, (("Content-Type", "text/plain"),), (b"part %d\n" % number for number in range(3)))
    if request.path == "/broken":
        return Response(200, (("Content-Length", "100"),), _half())
    if request.path == "/reset":
        raise ConnectionResetError
    if request.path == "/nothing":
        return Response(204)
    if request.path == "/back":
        return Response(200, (("Content-Type", "application/octet-stream"),), request.body)
    return json_response(
        {
            "method": request.method,
            "host": request.host,
            "path": request.path,
            "query": request.query,
            "headers": dict(request.headers),
            "size": len(request.body),
            "body": request.body[:100].decode("utf-8", "replace"),
        }
    )


def _half() -> Iterator[bytes]:
    yield b"x" * 50
    raise ConnectionResetError


@dataclass
class Doors:
    listener: Listener
    authority: Authority
    seen: list[str]

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listener.port), timeout=10)

    @contextlib.contextmanager
    def https(self, host: str) -> Iterator[http.client.HTTPSConnection]:
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", self.listener.port, timeout=10, context=context)
        connection.set_tunnel(host, 443)
        try:
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def open_doors(folder: Path, allowed: frozenset[str] = frozenset(), limits: Limits | None = None) -> Iterator[Doors]:
    seen: list[str] = []

    def application(request: Request) -> Response:
        seen.append(f"{request.method} {request.host}")
        return router(request)

    router = HostRouter({"*.googleapis.com": echo, "api.github.com": echo})
    authority = Authority(folder / "ca")
    stopping = threading.Event()
    proxy = Proxy(router, application, authority, allowed.__contains__, stopping=stopping.is_set, limits=limits)
    listener = Listener("test", proxy.handle)
    listener.start()
    try:
        yield Doors(listener, authority, seen)
    finally:
        stopping.set()
        listener.stop(5)


def ask(connection: http.client.HTTPSConnection, verb: str, path: str, body: bytes | None = None) -> dict[str, object]:
    connection.request(verb, path, body)
    response = connection.getresponse()
    assert response.status == 200
    return dict(json.loads(response.read()))

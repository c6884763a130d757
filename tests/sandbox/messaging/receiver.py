"""A real HTTP server on loopback that keeps what it is sent and answers as it is told."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.status = 204
        self._arrival = threading.Condition()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                owner.keep(Received(self.command, self.path, headers, body))
                self.send_response(owner.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the names that the base class looks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/inbox"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def keep(self, received: Received) -> None:
        with self._arrival:
            self.requests.append(received)
            self._arrival.notify_all()

    def wait_for(self, count: int) -> bool:
        """Wait until so many requests have come; False after a minute."""
        with self._arrival:
            return self._arrival.wait_for(lambda: len(self.requests) >= count, 60)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

"""The CONNECT proxy: what a client believes to be the internet.

https://www.rfc-editor.org/rfc/rfc9110#name-connect. TLS inside the tunnel is ended here with a leaf of the sandbox's
authority; plain requests in absolute form (``GET http://host/path``) are answered as well.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

import h11

from provisioner.sandbox.front.authority import Authority
from provisioner.sandbox.front.connection import Connection, Limits, answer, read_request, serve
from provisioner.sandbox.front.hosts import HostRouter, refusal
from provisioner.sandbox.front.tunnel import splice
from provisioner.sandbox.http import Application, Response

_TLS_HANDSHAKE = b"\x16"
_TARGET = re.compile(r"(?P<host>[\w.-]{1,253}|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})", re.ASCII)


class Proxy:
    """Serves one client connection at a time (called from the listener's threads)."""

    def __init__(  # noqa: PLR0913 - the door has this many hinges
        self,
        router: HostRouter,
        application: Application,
        authority: Authority,
        allowed: Callable[[str], bool],
        *,
        stopping: Callable[[], bool],
        limits: Limits | None = None,
    ) -> None:
        """Keep the parts.

        ``router`` knows the hosts, ``application`` answers (log and faults included), ``allowed`` hosts pass through.
        """
        self._limits = limits or Limits()
        self._router = router
        self._application = application
        self._authority = authority
        self._allowed = allowed
        self._stopping = stopping

    def handle(self, sock: socket.socket) -> None:
        """Serve a client until it goes."""
        connection = Connection(sock, self._limits)
        while not self._stopping():
            head = connection.head()
            if head is None:
                return
            if head.method == b"CONNECT":
                self._connect(connection, head)
                return
            if not answer(connection, head, self._application, ""):
                return

    def _connect(self, connection: Connection, head: h11.Request) -> None:
        target = _TARGET.fullmatch(head.target.decode("latin-1"))
        if target is None:
            connection.refuse(400, "CONNECT takes a host and a port, as in storage.googleapis.com:443.")
            return
        host = target["host"].lower().rstrip(".")
        if not self._router.plays(host):
            self._outside(connection, head, host, int(target["port"]))
            return
        if connection.hasty:
            connection.refuse(400, "Nothing may follow CONNECT before it is answered.")
            return
        connection.accept_tunnel()
        sock = connection.socket
        sock.settimeout(self._limits.idle)
        first = sock.recv(1, socket.MSG_PEEK)
        if first != _TLS_HANDSHAKE:
            serve(Connection(sock, self._limits), self._application, host, self._stopping)
            return
        sock.settimeout(self._limits.head)
        with self._authority.context(host).wrap_socket(sock, server_side=True) as secure:
            serve(Connection(secure, self._limits), self._application, host, self._stopping)

    def _outside(self, connection: Connection, head: h11.Request, host: str, port: int) -> None:
        if self._allowed(host):
            self._let_through(connection, host, port)
            return
        # Through the application, so that the attempt is in the request log.
        self._application(read_request(head, b"", host))
        answered = refusal(host)
        closing = Response(answered.status, (*answered.headers, ("Connection", "close")), answered.body)
        # Most clients show nothing of a refused CONNECT but the status line.
        connection.reply(closing, reason=f"The sandbox does not play {host}")

    def _let_through(self, connection: Connection, host: str, port: int) -> None:
        try:
            outside = socket.create_connection((host, port), timeout=self._limits.head)
        except OSError as problem:
            connection.refuse(502, f"{host} is let through, but cannot be reached: {problem}")
            return
        with outside:
            connection.accept_tunnel()
            splice(connection.socket, outside)

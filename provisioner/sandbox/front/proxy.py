"""The CONNECT proxy: what a client believes to be the internet.

https://www.rfc-editor.org/rfc/rfc9110#name-connect. TLS inside the tunnel is ended here with a leaf of the sandbox's
authority; plain requests in absolute form (``GET http://host/path``) are answered as well.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import h11

from provisioner.sandbox.front.authority import Authority
from provisioner.sandbox.front.connection import Connection, answer, read_request, serve
from provisioner.sandbox.front.hosts import HostRouter, refusal
from provisioner.sandbox.front.tunnel import splice
from provisioner.sandbox.http import Application, Response

_TLS_HANDSHAKE = b"\x16"


class Proxy:
    """Serves one client connection at a time (called from the listener's threads)."""

    def __init__(
        self,
        router: HostRouter,
        application: Application,
        authority: Authority,
        allowed: Callable[[str], bool],
        stopping: Callable[[], bool],
    ) -> None:
        """Keep the parts.

        ``router`` knows the hosts, ``application`` answers (log and faults included), ``allowed`` hosts pass through.
        """
        self._router = router
        self._application = application
        self._authority = authority
        self._allowed = allowed
        self._stopping = stopping

    def handle(self, sock: socket.socket) -> None:
        """Serve a client until it goes."""
        connection = Connection(sock)
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
        authority = head.target.decode("latin-1")
        host, _, port = authority.rpartition(":")
        host = host.lower().rstrip(".")
        connection.body()
        if not self._router.plays(host):
            self._outside(connection, head, host, port)
            return
        connection.accept_tunnel()
        sock = connection.socket
        if sock.recv(1, socket.MSG_PEEK) != _TLS_HANDSHAKE:
            serve(Connection(sock), self._application, host, self._stopping)
            return
        with self._authority.context(host).wrap_socket(sock, server_side=True) as secure:
            serve(Connection(secure), self._application, host, self._stopping)

    def _outside(self, connection: Connection, head: h11.Request, host: str, port: str) -> None:
        if self._allowed(host):
            with socket.create_connection((host, int(port or 443)), timeout=30) as outside:
                connection.accept_tunnel()
                splice(connection.socket, outside)
            return
        # Through the application, so that the attempt is in the request log.
        self._application(read_request(head, b"", host))
        answered = refusal(host)
        closing = Response(answered.status, (*answered.headers, ("Connection", "close")), answered.body)
        # Most clients show nothing of a refused CONNECT but the status line.
        connection.reply(closing, reason=f"The sandbox does not play {host}")

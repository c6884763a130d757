"""One client connection: HTTP/1.1 requests in, an application's responses out, until either side has enough."""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable, Iterator

import h11

from provisioner.sandbox.http import Application, Request, Response

_CHUNK = 256 * 1024
_LARGEST_HEAD = 128 * 1024
_LARGEST_BODY = 512 * 1024 * 1024
_BODILESS = frozenset((204, 304))


class Connection:
    """A socket (plain or TLS) and its protocol state. Not shared between threads."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)

    def head(self) -> h11.Request | None:
        """Return the next request line and headers, or None when the client is done."""
        try:
            event = self._next_event()
        except h11.RemoteProtocolError as problem:
            self.refuse(problem)
            return None
        return event if isinstance(event, h11.Request) else None

    def refuse(self, problem: h11.RemoteProtocolError) -> None:
        """Answer what is no HTTP, if an answer is still possible."""
        if self._protocol.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.reply(Response(problem.error_status_hint, (("Connection", "close"),), f"{problem}\n".encode()))

    def body(self) -> bytes:
        """Return the body of the request just read, chunks joined. Raises RequestTooLarge."""
        pieces: list[bytes] = []
        size = 0
        while True:
            if self._protocol.they_are_waiting_for_100_continue:
                self._send(h11.InformationalResponse(status_code=100, headers=[]))
            event = self._next_event()
            if isinstance(event, h11.Data):
                size += len(event.data)
                if size > _LARGEST_BODY:
                    raise RequestTooLarge
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("the client went away within a request")
            else:
                return b"".join(pieces)

    def reply(self, response: Response, *, head_only: bool = False, reason: str = "") -> None:
        """Send one response. A broken body iterator breaks the connection, as a dying server would."""
        headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
        bodiless = head_only or response.status in _BODILESS
        if isinstance(response.body, bytes):
            if response.status not in _BODILESS and not _has(response, "content-length"):
                headers.append((b"Content-Length", str(len(response.body)).encode()))
            pieces: Iterator[bytes] = iter(() if bodiless else (response.body,))
        else:
            pieces = iter(()) if bodiless else response.body
        out = (
            self._protocol.send(h11.Response(status_code=response.status, headers=headers, reason=reason.encode()))
            or b""
        )
        for piece in pieces:
            out += self._protocol.send(h11.Data(data=piece)) or b""
            if len(out) >= _CHUNK or not isinstance(response.body, bytes):
                self.socket.sendall(out)
                out = b""
        self.socket.sendall(out + (self._protocol.send(h11.EndOfMessage()) or b""))

    def next_cycle(self) -> bool:
        """Get ready for the next request; False when the connection must end."""
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
            return True
        return False

    def accept_tunnel(self) -> None:
        """Answer CONNECT with 200: from now on the socket speaks another protocol."""
        self._send(h11.Response(status_code=200, headers=[], reason=b"Connection established"))

    def abort(self) -> None:
        """End the connection with a reset instead of a polite close."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _next_event(self) -> object:
        while True:
            event = self._protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._protocol.receive_data(self.socket.recv(_CHUNK))

    def _send(self, event: h11.InformationalResponse | h11.Response) -> None:
        self.socket.sendall(self._protocol.send(event) or b"")


class RequestTooLarge(Exception):
    """The body is larger than the sandbox keeps in memory."""


def serve(connection: Connection, application: Application, host: str, stopping: Callable[[], bool]) -> None:
    """Answer requests on a connection until it ends or ``stopping`` says so.

    ``host`` is used where a request carries none of its own.
    """
    while not stopping():
        head = connection.head()
        if head is None:
            return
        if not answer(connection, head, application, host):
            return


def answer(connection: Connection, head: h11.Request, application: Application, host: str) -> bool:
    """Answer one request whose head was read; tell whether the connection can go on."""
    try:
        request = read_request(head, connection.body(), host)
    except h11.RemoteProtocolError as problem:
        connection.refuse(problem)
        return False
    except RequestTooLarge:
        connection.reply(Response(413, (("Connection", "close"),), b"The sandbox takes bodies up to 512 MB.\n"))
        return False
    except ValueError as problem:
        connection.reply(Response(400, (("Connection", "close"),), f"{problem}\n".encode()))
        return False
    try:
        connection.reply(application(request), head_only=request.method == "HEAD")
    except ConnectionError:
        connection.abort()
        return False
    return connection.next_cycle()


def read_request(head: h11.Request, body: bytes, host: str) -> Request:
    """Build the value the applications work on. Raises ValueError for a body that does not decode."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    target = head.target.decode("latin-1")
    if "://" in target and not target.startswith("/"):  # absolute-form; a query may hold an address too
        _, _, target = target.partition("://")
        authority, slash, rest = target.partition("/")
        host, target = authority, slash + rest or "/"
    path, _, query = target.partition("?")
    if headers.get("content-encoding", "").lower() == "gzip" and not path.startswith("/upload/"):
        body = _gunzip(body)
        del headers["content-encoding"]
    name = (host or headers.get("host", "")).partition(":")[0].lower().rstrip(".")
    return Request(head.method.decode(), name, path, query, headers, body)


def _gunzip(body: bytes) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    try:
        plain = decoder.decompress(body, _LARGEST_BODY)
    except zlib.error as error:
        raise ValueError(f"The gzip body does not decode: {error}") from None
    if decoder.unconsumed_tail or not decoder.eof:
        raise ValueError("The gzip body is cut off or too large.")
    return plain


def _has(response: Response, name: str) -> bool:
    return any(given.lower() == name for given, _ in response.headers)

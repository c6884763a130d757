"""One client connection: HTTP/1.1 requests in, an application's responses out, until either side has enough."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import h11

from provisioner.sandbox.http import Application, Request, Response

_LOG = logging.getLogger(__name__)
_CHUNK = 256 * 1024
_LARGEST_HEAD = 128 * 1024
_LARGEST_BODY = 512 * 1024 * 1024
_BODILESS = frozenset((204, 304))
_CLOSE = (("Connection", "close"),)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take.

    Seconds without a request (``idle``), from the first byte of a head to its last, and for a whole body; ``farewell``
    is for how long a refused client is listened to, so that it can read why. ``largest`` is a body's size in bytes.
    """

    idle: float = 300.0
    head: float = 30.0
    body: float = 600.0
    farewell: float = 2.0
    largest: int = _LARGEST_BODY


class Connection:
    """A socket (plain or TLS) and its protocol state. Not shared between threads."""

    def __init__(self, sock: socket.socket, limits: Limits | None = None) -> None:
        self.socket = sock
        self.limits = limits or Limits()
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
        self._deadline: float | None = None

    @property
    def hasty(self) -> bool:
        """Tell whether the client sent more than what was read so far."""
        return bool(self._protocol.trailing_data[0])

    def head(self) -> h11.Request | None:
        """Return the next request line and headers, or None when the client is done."""
        self._deadline = None
        try:
            event = self._next_event()
        except h11.RemoteProtocolError as problem:
            self.refuse(problem.error_status_hint, str(problem))
            return None
        except TimeoutError:
            if self._deadline is not None:
                self.refuse(408, "The head of the request did not arrive in time.")
            return None
        return event if isinstance(event, h11.Request) else None

    def refuse(self, status: int, text: str) -> bool:
        """Answer what cannot be answered properly and say goodbye; False when an answer has already begun."""
        if self._protocol.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return False
        with contextlib.suppress(OSError):
            self.reply(Response(status, _CLOSE, f"{text}\n".encode()))
            if not isinstance(self.socket, ssl.SSLSocket):
                self.socket.shutdown(socket.SHUT_WR)
            # A socket that is closed with unread bytes in it takes the answer back.
            self._deadline = time.monotonic() + self.limits.farewell
            while self._receive():
                pass
        return True

    def body(self, head: h11.Request) -> bytes:
        """Return the body of the request just read, chunks joined. Raises RequestTooLarge, TimeoutError."""
        self._deadline = time.monotonic() + self.limits.body
        # h11 has seen to it that it is a number.
        if int(next((value for name, value in head.headers if name == b"content-length"), 0)) > self.limits.largest:
            raise RequestTooLarge
        pieces: list[bytes] = []
        size = 0
        while True:
            if self._protocol.they_are_waiting_for_100_continue:
                self._send(h11.InformationalResponse(status_code=100, headers=[]))
            event = self._next_event()
            if isinstance(event, h11.Data):
                size += len(event.data)
                if size > self.limits.largest:
                    raise RequestTooLarge
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("the client went away within a request")
            else:
                return b"".join(pieces)

    def reply(self, response: Response, *, head_only: bool = False, reason: str = "") -> None:
        """Send one response. A broken body iterator breaks the connection, as a dying server would."""
        self.socket.settimeout(self.limits.idle)
        headers = [(name.encode(), _header_bytes(value)) for name, value in response.headers]
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
            data = self._receive()
            if self._deadline is None:
                self._deadline = time.monotonic() + self.limits.head
            self._protocol.receive_data(data)

    def _receive(self) -> bytes:
        """Return what has come, at once or before the deadline. Raises TimeoutError."""
        left = self.limits.idle if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
        return self.socket.recv(_CHUNK)

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
        request = read_request(head, connection.body(head), host, connection.limits.largest)
    except h11.RemoteProtocolError as problem:
        connection.refuse(problem.error_status_hint, str(problem))
        return False
    except RequestTooLarge:
        connection.refuse(413, f"The sandbox takes bodies up to {connection.limits.largest} bytes.")
        return False
    except TimeoutError:
        connection.refuse(408, "The body of the request did not arrive in time.")
        return False
    except ValueError as problem:
        connection.refuse(400, str(problem))
        return False
    return _respond(connection, application, request)


def _respond(connection: Connection, application: Application, request: Request) -> bool:
    try:
        connection.reply(application(request), head_only=request.method == "HEAD")
    except ConnectionError:
        connection.abort()
        return False
    except h11.LocalProtocolError as problem:
        _LOG.exception("an answer to %s %s%s is no HTTP", request.method, request.host, request.path)
        connection.refuse(500, f"The sandbox made an answer that is no HTTP: {problem}")
        return False
    except Exception:  # noqa: BLE001 - one broken answer must not end the thread without a word
        _LOG.exception("no answer to %s %s%s", request.method, request.host, request.path)
        if not connection.refuse(500, "The sandbox made a mistake; server.log in its state folder has the details."):
            # The start of an answer is out: nothing but a break tells the client that the rest will not come.
            connection.abort()
        return False
    return connection.next_cycle()


def read_request(head: h11.Request, body: bytes, host: str, largest: int = _LARGEST_BODY) -> Request:
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
        body = _gunzip(body, largest)
        del headers["content-encoding"]
    name = (host or headers.get("host", "")).partition(":")[0].lower().rstrip(".")
    return Request(head.method.decode(), name, path, query, headers, body)


def _gunzip(body: bytes, largest: int) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    try:
        plain = decoder.decompress(body, largest)
    except zlib.error as error:
        raise ValueError(f"The gzip body does not decode: {error}") from None
    if decoder.unconsumed_tail or not decoder.eof:
        raise ValueError("The gzip body is cut off or too large.")
    return plain


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def _has(response: Response, name: str) -> bool:
    return any(given.lower() == name for given, _ in response.headers)

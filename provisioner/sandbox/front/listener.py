"""A loopback listener: one thread accepts, one thread per connection serves; it can be closed in good order."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import threading
from collections.abc import Callable

import h11

from provisioner.errors import ProvisionError

_LOG = logging.getLogger(__name__)
_LOOPBACK = "127.0.0.1"
_BACKLOG = 1024
_CALM = (OSError, ssl.SSLError, h11.ProtocolError)
_BREATH = 0.05
_PASSING = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO)
)


class Listener:
    """Accepts connections on 127.0.0.1 and gives each to ``handle`` in a thread of its own."""

    def __init__(self, name: str, handle: Callable[[socket.socket], None], port: int = 0, preferred: int = 0) -> None:
        """Bind. ``port`` must be free (else ProvisionError), ``preferred`` is only tried; 0 takes any."""
        self._name = name
        self._handle = handle
        self._socket = _bind(port, preferred)
        self.port: int = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.stopping = threading.Event()

    def start(self) -> None:
        """Begin to accept."""
        threading.Thread(target=self._accept, name=f"{self._name}-accept", daemon=True).start()

    def stop(self, patience: float) -> None:
        """Stop accepting, end idle connections, wait up to ``patience`` seconds for answers under way."""
        self.stopping.set()
        # shutdown() wakes the accepting thread; close() alone does not on Linux.
        for sock in (self._socket, *self._snapshot()):
            try:
                sock.shutdown(socket.SHUT_RD)
            except OSError as error:
                _LOG.debug("%s: %s", self._name, error)
        self._socket.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, timeout=patience)

    def _snapshot(self) -> tuple[socket.socket, ...]:
        with self._changed:
            return tuple(self._open)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._socket.accept()
                self._begin(sock)
            except OSError as error:
                if self.stopping.is_set() or error.errno not in _PASSING:
                    return
                # Too many at once: the others wait in the queue until somebody leaves.
                _LOG.warning("%s: %s", self._name, error.strerror)
                self.stopping.wait(_BREATH)

    def _begin(self, sock: socket.socket) -> None:
        try:
            # TLS takes the descriptor over; the duplicate can still end the connection from outside.
            lever = sock.dup()
        except OSError:
            sock.close()
            raise
        with self._changed:
            self._open.add(lever)
        try:
            threading.Thread(target=self._serve, args=(sock, lever), name=self._name, daemon=True).start()
        except RuntimeError as error:
            self._end(sock, lever)
            raise OSError(errno.EAGAIN, str(error)) from None

    def _serve(self, sock: socket.socket, lever: socket.socket) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._handle(sock)
        except _CALM as error:
            _LOG.debug("%s: connection ended: %s", self._name, error)
        except Exception:  # noqa: BLE001 - one broken connection must not end the listener
            _LOG.exception("%s: connection failed", self._name)
        finally:
            self._end(sock, lever)

    def _end(self, sock: socket.socket, lever: socket.socket) -> None:
        sock.close()
        with self._changed:
            self._open.discard(lever)
            lever.close()
            self._changed.notify_all()


def _bind(port: int, preferred: int) -> socket.socket:
    candidates = [port] if port else [preferred, 0] if preferred else [0]
    for candidate in candidates:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((_LOOPBACK, candidate))
        except OSError as error:
            sock.close()
            if candidate == preferred and not port:
                continue
            taken = error.errno == errno.EADDRINUSE
            reason = f"port {candidate} is taken" if taken else f"port {candidate}: {error.strerror}"
            raise ProvisionError(reason, fix="give another port, or none to let the sandbox choose") from None
        sock.listen(_BACKLOG)
        return sock
    raise ProvisionError("no port to listen on")

"""Bytes both ways between two sockets: for hosts that the user lets through to the real world."""

from __future__ import annotations

import selectors
import socket

_CHUNK = 64 * 1024
_QUIET_SECONDS = 300.0


def splice(one: socket.socket, other: socket.socket) -> None:
    """Copy until either side ends or both are quiet for five minutes."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while ready := selector.select(timeout=_QUIET_SECONDS):
            for key, _ in ready:
                source, target = key.fileobj, key.data
                data = source.recv(_CHUNK) if isinstance(source, socket.socket) else b""
                if not data:
                    return
                target.sendall(data)

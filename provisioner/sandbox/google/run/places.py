"""Where processes of containers live on this machine: a folder for their files, a port to listen on."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from contextlib import suppress
from pathlib import Path

# Below what systems give to outgoing connections, so that no other program takes it in between.
_PORTS = range(20000, 32000)


def own_folder(parent: Path) -> Path:
    """Return a new folder, and remove those of earlier servers.

    Those of this process stay: one that is being closed may still work in its own.
    """
    mine = f"{os.getpid()}-"
    for found in parent.glob("*"):
        if not found.name.startswith(mine):
            shutil.rmtree(found, ignore_errors=True)
    return parent / f"{mine}{secrets.token_hex(4)}"


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as attempt, suppress(OSError):
            attempt.bind(("127.0.0.1", port))
            return port

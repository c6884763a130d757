"""The state folder: what lies where, who holds it, and how a client finds the server.

sandbox.sqlite3   everything the sandbox knows        ca/           certificate authority (ca.pem, ca.key)
git/<id>.git      bare repositories                   snapshots/    named copies
server.json       where the running server listens    server.lock   held by the running server
start.lock        held by a client that starts one    server.log    what the server has to say
ports.json        ports of the last server, tried again, so that exported environments stay good
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import LockedByAnotherRun

_LOCK_PATIENCE = 3.0
_LOCK_STEP = 0.02


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What ``server.json`` says: readable by the owner alone, for the control token is in it."""

    pid: int
    started: str
    proxy_port: int
    control_port: int
    control_token: str


class StateFolder:
    """One sandbox's folder, made (0700) when it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self.database = self.path / "sandbox.sqlite3"
        self.authority = self.path / "ca"
        self.certificate = self.authority / "ca.pem"
        self.log = self.path / "server.log"
        self._facts = self.path / "server.json"
        self._ports = self.path / "ports.json"

    def read_facts(self) -> ServerFacts | None:
        """Return where the server listens, or None; it may be dead all the same."""
        document = _read_json(self._facts)
        try:
            return ServerFacts(**document)
        except TypeError:
            return None

    def write_facts(self, facts: ServerFacts) -> None:
        """Tell clients where the server listens."""
        write_private(self._facts, json.dumps(asdict(facts)))
        write_private(self._ports, json.dumps({"proxy": facts.proxy_port, "control": facts.control_port}))

    def forget_facts(self) -> None:
        """Tell clients that no server listens any more."""
        self._facts.unlink(missing_ok=True)

    def last_ports(self) -> tuple[int, int]:
        """Return (proxy, control) of the last server; 0 where there was none."""
        document = _read_json(self._ports)
        return int(document.get("proxy", 0)), int(document.get("control", 0))

    @contextmanager
    def server_lock(self) -> Iterator[None]:
        """Be the only server of this folder. Raises LockedByAnotherRun if another one stays for three seconds."""
        with self._locked("server.lock", time.monotonic() + _LOCK_PATIENCE):
            yield

    @contextmanager
    def start_lock(self, patience: float) -> Iterator[None]:
        """Be the only client that starts a server. Raises LockedByAnotherRun after ``patience`` seconds."""
        with self._locked("start.lock", time.monotonic() + patience):
            yield

    @contextmanager
    def _locked(self, name: str, deadline: float) -> Iterator[None]:
        descriptor = os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # flock cannot wait with a limit: the wait is a bounded number of tries.
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise LockedByAnotherRun(
                        f"another sandbox server holds {self.path / name}",
                        fix="use the running one, stop it, or give another state folder",
                    )
                time.sleep(_LOCK_STEP)
            yield
        finally:
            os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, as a whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}

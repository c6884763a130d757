"""Containers as processes of this machine: started when needed, stopped when idle, bounded in number.

Limits that real Cloud Run does not have: one container per instance, one instance per revision, the machine's own
network (so each gets a port of its own, and listens on PORT or not at all), and no isolation.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from provisioner.sandbox.google.run.materials import Materials
from provisioner.sandbox.google.run.places import free_port, own_folder
from provisioner.sandbox.google.run.probes import came_up
from provisioner.sandbox.google.run.processes import Process, Spawner
from provisioner.sandbox.google.run.programs import Program, find_program, image_environment
from provisioner.sandbox.google.run.unpacking import inside, unpack
from provisioner.sandbox.world import World

LIMIT = 8
IDLE_SECONDS = 120.0
_WORKERS = 4
_ENDING = 0.5


class TooManyError(Exception):
    """As many processes run as may, and all are busy."""


@dataclass(slots=True)
class Instance:
    """One running container: its process and the port it was told to listen on."""

    process: Process
    port: int
    used: float = field(default_factory=time.monotonic)
    busy: int = 0


class Instances:
    """The processes of one sandbox; a companion of its world."""

    def __init__(self, world: World, *, limit: int = LIMIT, idle_seconds: float = IDLE_SECONDS) -> None:
        """Keep files under ``run`` of the state folder; what an earlier server left there is removed."""
        self._folder = own_folder(world.folder / "run")
        self._authority = world.folder / "ca" / "ca.pem"
        self._limit = limit
        self._idle = idle_seconds
        self._running: dict[str, Instance] = {}
        self._lock = threading.Lock()
        self._starting: dict[str, threading.Lock] = {}
        self._under_way: set[str] = set()
        self._ended = threading.Event()
        self._spawner = Spawner()
        self._workers = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="rollout")
        threading.Thread(target=self._watch, name="idle-containers", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Tell whether these processes were ended with their server: how they came out says nothing then."""
        return self._ended.is_set()

    @property
    def working(self) -> bool:
        """Tell whether something is under way in the background."""
        with self._lock:
            return bool(self._under_way)

    def later(self, name: str, work: Callable[[], None]) -> None:
        """Do something in the background, once at a time for each name, if the server does not end first."""
        with self._lock:
            if name in self._under_way:
                return
            self._under_way.add(name)
        try:
            self._workers.submit(work).add_done_callback(partial(self._done, name))
        except RuntimeError:
            self._done(name)

    def prepare(self, name: str, materials: Materials) -> Program:
        """Unpack an image for a revision or task; return how to start it. Raises ImageError, MissingError."""
        root = self._root(name)
        if not root.exists():
            root.mkdir(parents=True, mode=0o700)
            unpack(materials.layers, root, owners=os.geteuid() == 0)
        rooted = self._spawner.rooted(self._empty())
        program = find_program(root, materials.image.config, materials.container, rooted=rooted)
        _mount(root, materials)
        return program

    def start(self, program: Program, materials: Materials, variables: Mapping[str, str]) -> Process:
        """Start a program with the image's, the template's and these variables, the last ones winning."""
        own = self._client(program) | image_environment(materials.image.config) | dict(materials.variables)
        return self._spawner.start(program, {"HOME": "/" if program.root else program.folder} | own | dict(variables))

    def serve(self, name: str, materials: Materials, variables: Mapping[str, str]) -> tuple[bool, list[str]]:
        """Start a server and wait until it has come up or failed to; return that, and what it wrote.

        Raises ImageError and MissingError from ``prepare``, TooManyError.
        """
        program = self.prepare(name, materials)
        self._make_room()
        port = free_port()
        process = self.start(program, materials, {"PORT": str(port), **variables})
        probe = materials.container.get("startupProbe", {})
        up = came_up(probe, port, lambda seconds: process.wait(seconds) is not None or self._ended.is_set())
        if not up:
            process.stop(grace=0)
            process.wait(1)
            return False, process.lines()
        with self._lock:
            before = self._running.get(name)
            self._running[name] = Instance(process, port)
        if before:
            before.process.stop(grace=0)
        return True, process.lines()

    def complete(
        self, name: str, materials: Materials, variables: Mapping[str, str], seconds: float
    ) -> tuple[int | None, list[str]]:
        """Run a task to its end; return its exit code (None: it took longer) and what it wrote.

        Raises ImageError and MissingError from ``prepare``.
        """
        program = self.prepare(name, materials)
        self._make_room()
        process = self.start(program, materials, variables)
        with self._lock:
            self._running[name] = Instance(process, 0, busy=1)
        code = process.wait(seconds)
        process.stop(grace=0)
        with self._lock:
            self._running.pop(name, None)
        return code, process.lines()

    @contextmanager
    def using(self, name: str, start: Callable[[], object]) -> Iterator[int]:
        """Give the port of a revision's process for the time of a request, starting it with ``start`` if need be."""
        instance = self._take(name)
        if instance is None:
            with self._starting_lock(name):
                instance = self._take(name)
                if instance is None:
                    start()
                    instance = self._take(name)
        if instance is None:
            raise TooManyError
        try:
            yield instance.port
        except OSError:
            # It may be about to end: the next request should find out.
            instance.process.wait(_ENDING)
            raise
        finally:
            with self._lock:
                instance.busy -= 1
                instance.used = time.monotonic()

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return process id, port and last lines of each running revision."""
        with self._lock:
            running = dict(self._running)
        return {
            name: {"pid": found.process.pid, "port": found.port, "log": found.process.lines()}
            for name, found in running.items()
            if found.process.code is None
        }

    def forget(self, prefix: str) -> None:
        """Stop everything below a resource name and remove its files: it is deleted."""
        with self._lock:
            names = [name for name in self._running if f"{name}/".startswith(f"{prefix}/")]
            gone = [(name, self._running.pop(name)) for name in names]
        for name, instance in gone:
            instance.process.stop(grace=0)
            self.clear(name)

    def clear(self, name: str) -> None:
        """Remove the files of a revision or task."""
        shutil.rmtree(self._root(name), ignore_errors=True)

    def close(self) -> None:
        """End every process."""
        self._ended.set()
        self._workers.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            ended, self._running = list(self._running.values()), {}
        for instance in ended:
            instance.process.stop(grace=0)
        self._spawner.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _done(self, name: str, _: object = None) -> None:
        with self._lock:
            self._under_way.discard(name)

    def _take(self, name: str) -> Instance | None:
        with self._lock:
            found = self._running.get(name)
            if found is None or found.process.code is not None:
                return None
            found.busy += 1
            return found

    def _starting_lock(self, name: str) -> threading.Lock:
        with self._lock:
            return self._starting.setdefault(name, threading.Lock())

    def _make_room(self) -> None:
        with self._lock:
            self._running = {name: found for name, found in self._running.items() if found.process.code is None}
            idle = sorted((found.used, name) for name, found in self._running.items() if not found.busy)
            if len(self._running) < self._limit:
                return
            if not idle:
                raise TooManyError
            oldest = self._running.pop(idle[0][1])
        oldest.process.stop(grace=0)

    def _watch(self) -> None:
        while not self._ended.wait(min(self._idle / 4, 5)):
            now = time.monotonic()
            with self._lock:
                over = [
                    name for name, found in self._running.items() if not found.busy and now - found.used > self._idle
                ]
                gone = [self._running.pop(name) for name in over]
            for instance in gone:
                instance.process.stop()

    def _root(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]

    def _empty(self) -> Path:
        folder = self._folder / "empty"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _client(self, program: Program) -> dict[str, str]:
        """Return what leads Google's client libraries in a container to this sandbox instead of the internet."""
        proxy = proxy_of(self._authority.parent.parent)
        if proxy is None or not self._authority.exists():
            return {}
        file = str(self._authority)
        if program.root:
            file = "/etc/sandbox-ca.pem"
            target = inside(Path(program.root), file)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._authority.read_bytes())
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
        certificates = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
        return dict.fromkeys(names, proxy) | dict.fromkeys(certificates, file) | {"NO_PROXY": "127.0.0.1,localhost"}


def proxy_of(state: Path) -> str | None:
    """Return the address of the proxy of the server of a state folder, None where none runs (tests in one process)."""
    from provisioner.sandbox.state import StateFolder  # noqa: PLC0415 - makes the folder when imported parts run alone

    facts = StateFolder(state).read_facts()
    return f"http://127.0.0.1:{facts.proxy_port}" if facts else None


def instances_of(world: World) -> Instances:
    """Return the processes of a world."""
    return world.companions.get(Instances, lambda: Instances(world))


def _mount(root: Path, materials: Materials) -> None:
    for folder in materials.folders:
        inside(root, folder).mkdir(parents=True, exist_ok=True)
    for path, content in materials.files.items():
        target = inside(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

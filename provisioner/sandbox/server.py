"""The sandbox's server: one process per state folder, held by a lock file.

    proxy listener    -> Observed (log, faults) -> HostRouter -> Google | GitHub
    control listener  -> ControlApplication
    provider (gRPC)   -> Observed (the same)

Everything that must survive is in the store; the process may be killed at any moment.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.sandbox.applications import Applications, LazyApplication
from provisioner.sandbox.clouds import Clouds
from provisioner.sandbox.control.actions import Actions
from provisioner.sandbox.control.application import ControlApplication
from provisioner.sandbox.control.faults import FaultPlan
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.control.logbook import Logbook
from provisioner.sandbox.control.observed import Observed
from provisioner.sandbox.control.snapshots import Snapshots
from provisioner.sandbox.ending import Ending
from provisioner.sandbox.front.authority import Authority
from provisioner.sandbox.front.connection import Connection, serve
from provisioner.sandbox.front.listener import Listener
from provisioner.sandbox.front.proxy import Proxy
from provisioner.sandbox.http import Application, Request, Response
from provisioner.sandbox.look.entrance import Entrance
from provisioner.sandbox.state import ServerFacts, StateFolder
from provisioner.sandbox.store.sqlite import SqliteStore
from provisioner.sandbox.world import World, open_world

_LOG = logging.getLogger(__name__)
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: folder, idle seconds after which to stop (0: never), ports (0: any), hosts let through."""

    state: Path
    idle_seconds: float = 900
    port: int = 0
    control_port: int = 0
    allow_hosts: tuple[str, ...] = ()


def run(options: Options, ready: Callable[[], None]) -> None:
    """Serve until told to stop or idle for too long; ``ready`` is called once clients can come.

    Raises LockedByAnotherRun when the folder has a server, ProvisionError when a port is taken.
    """
    folder = StateFolder(options.state)
    with folder.server_lock():
        server = Server(folder, options)
        try:
            server.start()
            ready()
            server.wait()
        finally:
            server.close()


class Server:
    """The parts of a running sandbox and the order in which they start and end."""

    def __init__(self, folder: StateFolder, options: Options) -> None:
        """Open the store and bind the ports; nothing is accepted yet."""
        self._folder = folder
        self._idle_seconds = options.idle_seconds
        self._allowed = set(options.allow_hosts)
        self._ending = Ending()
        self._store = SqliteStore(folder.database)
        world = open_world(self._store, folder.path)
        self._applications = Applications(world)
        self._logbook = Logbook(folder.path)
        self._journal, faults = Journal(self._logbook), FaultPlan()
        journal = self._journal
        self._observed = Observed(self._applications.router, self._applications.identify, world, journal, faults)
        self._clouds = Clouds(world, self._observed)
        self._errands = world.errands
        self._companions = world.companions
        proxy_port, control_port = folder.last_ports()
        proxy = Proxy(
            self._applications.router,
            self._observed,
            Authority(folder.authority),
            self._allowed.__contains__,
            stopping=self._ending.asked,
        )
        self._proxy = Listener("proxy", proxy.handle, options.port, proxy_port)
        self._world = world
        snapshots = Snapshots(world, self._store, self._forget)
        self._actions = Actions(
            world=world, doors=self, journal=journal, faults=faults, snapshots=snapshots, observed=self._observed
        )
        token = secrets.token_urlsafe(32)
        control = ControlApplication(token, self._actions.table())
        self._entrance = Entrance()
        look = LazyApplication(lambda: self._pages(world, faults))
        self._control = Listener(
            "control",
            lambda sock: serve(Connection(sock), _either(control, look), "", self._ending.asked),
            options.control_port,
            control_port,
        )
        started = datetime.now(UTC).isoformat()
        self._facts = ServerFacts(os.getpid(), started, self._proxy.port, self._control.port, token)

    def start(self) -> None:
        """Accept clients and tell them where."""
        self._ending.listen(signal.SIGTERM, signal.SIGINT)
        self._logbook.start()
        self._proxy.start()
        self._control.start()
        self._folder.write_facts(self._facts)
        _LOG.info("process %d serves %s on port %d", os.getpid(), self._folder.path, self._proxy.port)
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def wait(self) -> None:
        """Return when it is time to stop."""
        while True:
            left = self._idle_seconds - self._observed.idle_seconds() if self._idle_seconds else None
            if left is not None and left <= 0 and self._companions.busy:
                self._observed.touch()
                continue
            if left is not None and left <= 0:
                _LOG.info("nothing to do for %g seconds", self._idle_seconds)
                return
            if self._ending.wait(left):
                return

    def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        self._ending.ask()
        self._errands.stop()
        self._folder.forget_facts()
        self._proxy.stop(_PATIENCE)
        # A client that asked for the end hangs on the control listener until the process is gone.
        self._control.stop(0)
        self._forget()
        self._logbook.close()
        self._store.close()
        self._ending.close()
        _LOG.info("process %d has stopped", os.getpid())

    def describe(self) -> dict[str, Any]:
        """Return process id, ports and start time."""
        return {
            "pid": self._facts.pid,
            "started": self._facts.started,
            "folder": str(self._folder.path),
            "proxyPort": self._facts.proxy_port,
            "controlPort": self._facts.control_port,
            "idleSeconds": self._idle_seconds,
            "allowedHosts": sorted(self._allowed),
        }

    def look(self) -> dict[str, Any]:
        """Return an address that opens the pages once."""
        ticket = self._entrance.ticket()
        return {"url": f"http://127.0.0.1:{self._facts.control_port}/look/enter?ticket={ticket}"}

    def provider_reattach(self) -> str:
        """Return the value of TF_REATTACH_PROVIDERS."""
        return self._clouds.provider_reattach()

    def credentials(self) -> dict[str, Any]:
        """Return the operator's tokens."""
        return self._clouds.credentials()

    def github_app(self) -> dict[str, Any]:
        """Return the operator's GitHub App: number and private key."""
        return self._clouds.github_app()

    def mint_job_token(self, context: Mapping[str, str]) -> dict[str, Any]:
        """Return what a job is given to ask for its OIDC token."""
        return self._clouds.mint_job_token(context)

    def lay_foundations(self, plan: Mapping[str, Any]) -> list[str]:
        """Make what no public API can."""
        return self._clouds.lay_foundations(plan)

    def allow_hosts(self, hosts: list[str]) -> list[str]:
        """Let hosts through to the real world. Raises InvalidInput for one the sandbox plays."""
        for host in hosts:
            if self._applications.router.plays(host):
                raise InvalidInput(f"{host} is played by the sandbox", fix="only other hosts can be let through")
        self._allowed.update(hosts)
        return sorted(self._allowed)

    def shut_down(self) -> None:
        """Begin to stop."""
        self._ending.ask()

    def _forget(self) -> None:
        self._world.companions.close()
        self._clouds.forget()

    def _pages(self, world: World, faults: FaultPlan) -> Application:
        # Both clouds first: two threads that import parts of one package from different ends stumble over each other.
        self._applications.warm_up()
        from provisioner.sandbox.look.application import LookApplication  # noqa: PLC0415 - a server must be up at once

        return LookApplication(world, self._journal, faults, self._entrance)

    def _warm_up(self) -> None:
        try:
            self._journal.recall()
            self._applications.warm_up()
            self._clouds.provider_reattach()
            self._applications.warm_up_further()
        except Exception:  # noqa: BLE001 - the first request that needs it reports the same problem to its client
            _LOG.exception("the warm-up failed")


def _either(control: Application, look: Application) -> Application:
    def answer(request: Request) -> Response:
        return (look if request.path.startswith("/look") else control)(request)

    return answer

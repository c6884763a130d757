"""The two clouds of one world, built on first use, and the one door to both."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

from provisioner.sandbox.front.hosts import GITHUB_HOSTS, GOOGLE_HOSTS, HostRouter
from provisioner.sandbox.http import Application, Request, Response
from provisioner.sandbox.world import World

Identify = Callable[[Request], str]


class LazyApplication:
    """An ``Application`` that is built (and imported) when the first request comes."""

    def __init__(self, build: Callable[[], Application]) -> None:
        self._build = build
        self._built: Application | None = None
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return self.get()(request)

    def get(self) -> Application:
        """Return the application itself."""
        if self._built is None:
            with self._lock:
                self._built = self._built or self._build()
        return self._built

    def identify(self, request: Request) -> str:
        """Name a request as the application does, else by verb, host and path."""
        own = cast("Identify | None", getattr(self.get(), "identify", None))
        return own(request) if own else f"{request.method} {request.host}{request.path}"


class Applications:
    """Routes requests by host and names them for the log."""

    def __init__(self, world: World) -> None:
        """Nothing is imported yet: a server must be up at once."""
        self._errands = world.errands
        self._google = LazyApplication(lambda: _google(world))
        self._github = LazyApplication(lambda: _github(world))
        self.router = HostRouter(
            dict.fromkeys(GOOGLE_HOSTS, self._google) | dict.fromkeys(GITHUB_HOSTS, self._github),
        )
        self._google_hosts = HostRouter(dict.fromkeys(GOOGLE_HOSTS, self._google))

    def identify(self, request: Request) -> str:
        """Name a request: a method id where it has one."""
        if not self.router.plays(request.host):
            return f"refused {request.host}"
        owner = self._google if self._google_hosts.plays(request.host) else self._github
        return owner.identify(request)

    def warm_up(self) -> None:
        """Import and build both, so that the first request does not wait."""
        self._google.get()
        self._github.get()

    def warm_up_further(self) -> None:
        """Get ready what only some requests need (trust, IAM conditions), and begin what happens by itself."""
        from provisioner.sandbox.google.identity.cel import check_expression  # noqa: PLC0415 - see Applications

        check_expression("true")
        self._errands.start()


def _google(world: World) -> Application:
    from provisioner.sandbox.google.application import google_application  # noqa: PLC0415 - see Applications

    return google_application(world)


def _github(world: World) -> Application:
    from provisioner.sandbox.github import github_application, take_on_errands  # noqa: PLC0415 - see Applications

    take_on_errands(world)
    application: Application = github_application(world)
    return application

"""Which application plays a host; every other host is refused, so that nothing leaks out of a run."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from provisioner.sandbox.http import Application, Request, Response, json_response

GOOGLE_HOSTS = ("*.googleapis.com", "*.pkg.dev", "*.run.app", "accounts.google.com", "metadata.google.internal")
GITHUB_HOSTS = ("github.com", "*.github.com", "*.githubusercontent.com", "ghcr.io")


class HostRouter:
    """An ``Application`` that gives each request to the application of its host."""

    def __init__(self, applications: Mapping[str, Application]) -> None:
        """``applications`` maps host patterns to who answers them; the first pattern that fits wins."""
        self._applications = tuple(applications.items())

    def plays(self, host: str) -> bool:
        """Tell whether a host is played here."""
        return self._find(host) is not None

    def __call__(self, request: Request) -> Response:
        """Answer a request, or refuse its host by name."""
        application = self._find(request.host)
        return application(request) if application else refusal(request.host)

    def _find(self, host: str) -> Application | None:
        return next((app for pattern, app in self._applications if fnmatchcase(host, pattern)), None)


def refusal(host: str) -> Response:
    """Return the answer for a host the sandbox does not play: its name, and the way out."""
    message = (
        f"The sandbox does not play {host}: only Google Cloud and GitHub hosts are answered, and nothing leaves this "
        f"machine. To let this one host through: provision-env sandbox allow {host}."
    )
    return json_response({"error": {"code": 403, "message": message, "host": host}}, 403)

"""The URLs in answers: the API's on the host that was asked (clients hold GitHub to that), pages on github.com."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from provisioner.sandbox.http import Request

_SECURE_HOSTS = ("api.github.com", "github.com")
WEB = "https://github.com"


@dataclass(frozen=True, slots=True)
class Urls:
    """``root`` is the API's scheme and host, without a slash at its end."""

    root: str

    def api(self, *parts: object) -> str:
        """Return an API address; each part is quoted, slashes inside included where they are part of a name."""
        return "/".join((self.root, *(quote(str(part), safe="/@") for part in parts)))

    def web(self, *parts: object) -> str:
        """Return the address of a page for people."""
        return "/".join((WEB, *(quote(str(part), safe="/@") for part in parts)))


def urls_of(request: Request) -> Urls:
    """Return the addresses for an answer to a request; a host other than GitHub's own is a plain-HTTP one."""
    host = request.headers.get("host", request.host)
    name = host.partition(":")[0].lower()
    if name == "uploads.github.com":  # what is uploaded is shown at the API's own address
        host = name = "api.github.com"
    scheme = "https" if name in _SECURE_HOSTS else "http"
    return Urls(f"{scheme}://{host}")

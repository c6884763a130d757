"""A session for many small requests: enough connections, and no waiting for acknowledgements."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_PROMPT = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class PromptAdapter(HTTPAdapter):
    """Sends small packets at once.

    requests writes head and body of a POST one after the other; through a proxy urllib3 leaves the socket's delay on,
    and the body then waits 40 ms for the other side to acknowledge the head. A proof makes hundreds of such requests.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own signature
        """Add the option to direct connections."""
        super().init_poolmanager(*args, socket_options=_PROMPT, **kwargs)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - likewise
        """Add the option to connections through a proxy."""
        return super().proxy_manager_for(proxy, socket_options=_PROMPT, **kwargs)


def make_prompt(session: requests.Session, connections: int) -> None:
    """Let the session keep this many connections per host and send without delay."""
    session.mount("https://", PromptAdapter(pool_connections=8, pool_maxsize=connections))

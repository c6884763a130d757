"""One request to GitHub's REST API and its answer, through PyGithub.

PyGithub brings authentication, retries that know GitHub's rate limits, and the check that every answer comes from the
host that was asked. Its connection object keeps the request it is working on, so a client serves one thread at a time:
clients are kept in a pool and borrowed.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, Protocol

import requests
import requests.adapters
from github import Auth, GithubException, GithubRetry
from github.Consts import DEFAULT_PER_PAGE
from github.Requester import HTTPSRequestsConnectionClass, Requester

from provisioner.errors import ProvisionError
from provisioner.repository.errors import GitHubError

TIMEOUT_SECONDS = 30
POOL_SIZE = 6
_RETRIES = 4
BACKOFF_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 120  # for a rate limit; longer ones are an error that says so
API_VERSION = "2022-11-28"


@dataclass(frozen=True)
class Answer:
    """A successful answer: its headers in lower case and its JSON."""

    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None


class Transport(Protocol):
    """Sends one request. Raises GitHubError for a refusal, ProvisionError when GitHub cannot be reached."""

    def send(self, method: str, path: str, parameters: Mapping[str, Any], body: object) -> Answer:
        """Send a request to ``path`` (it starts with a slash); ``body`` is JSON or None."""
        ...


class _PromptAdapter(requests.adapters.HTTPAdapter):
    """Sends each packet at once through a proxy as well.

    urllib3 leaves Nagle's algorithm on for proxies; a request with a body is two packets, and the second one would wait
    40 ms for the first one's acknowledgement.
    """

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - as in requests
        return super().proxy_manager_for(proxy, socket_options=[(IPPROTO_TCP, TCP_NODELAY, 1)], **options)


class _PromptConnection(HTTPSRequestsConnectionClass):
    def __init__(self, *place: Any, **options: Any) -> None:  # noqa: ANN401 - as in PyGithub
        super().__init__(*place, **options)
        adapter = _PromptAdapter(max_retries=self.retry, pool_connections=self.pool_size, pool_maxsize=self.pool_size)
        self.session.mount("https://", adapter)


class _PromptRequester(Requester):
    """A requester with our connection.

    PyGithub's own way to another connection class (``injectConnectionClasses``) would end keeping connections alive.
    """

    _Requester__httpsConnectionClass = _PromptConnection


def _retry(backoff_seconds: float) -> GithubRetry:
    return GithubRetry(
        total=_RETRIES,
        backoff_factor=backoff_seconds,
        max_rate_limit_wait=_LONGEST_WAIT_SECONDS,
        raise_on_status=False,
    )


def _quieten() -> None:
    """Take away the handler with which PyGithub writes to standard error on its own."""
    logger = logging.getLogger("github")
    for handler in [one for one in logger.handlers if type(one) is logging.StreamHandler]:
        logger.removeHandler(handler)
    logger.setLevel(logging.WARNING)


class RenewedToken(Auth.Auth):
    """A token that is asked for at every request, since it may have been replaced in the meantime."""

    def __init__(self, current: Callable[[], str]) -> None:
        """Keep ``current``, which returns the token of the moment."""
        self._current = current

    @property
    def token_type(self) -> str:
        """Return the scheme of the Authorization header."""
        return "token"

    @property
    def token(self) -> str:
        """Return the token of the moment."""
        return self._current()


class PyGithubTransport:
    """The real transport; safe to use from several threads."""

    def __init__(
        self, api_url: str, auth: str | Auth.Auth, ca_file: Path | None, *, backoff_seconds: float = BACKOFF_SECONDS
    ) -> None:
        """``auth`` is a token, or what gives one for each request; ``ca_file`` holds the authorities to trust.

        Without the file those of the process are used. A request that met trouble on GitHub's side is tried again, each
        time after twice as long.
        """
        self._open = partial(
            _PromptRequester,
            auth=Auth.Token(auth) if isinstance(auth, str) else auth,
            base_url=api_url,
            timeout=TIMEOUT_SECONDS,
            user_agent="provision-env",
            per_page=DEFAULT_PER_PAGE,
            verify=str(ca_file) if ca_file else True,
            retry=_retry(backoff_seconds),
            pool_size=1,
            api_version=API_VERSION,
        )
        _quieten()
        self._idle: queue.LifoQueue[Requester | None] = queue.LifoQueue()
        for _ in range(POOL_SIZE):
            self._idle.put(None)

    def send(self, method: str, path: str, parameters: Mapping[str, Any], body: object) -> Answer:
        """Send one request with a client of the pool."""
        with self._client() as client:
            try:
                headers, document = client.requestJsonAndCheck(method, path, parameters=dict(parameters), input=body)
            except GithubException as problem:
                raise GitHubError.from_answer(method, path, problem.status, problem.data, problem.headers) from problem
            except requests.RequestException as problem:
                raise ProvisionError(
                    f"GitHub does not answer: {type(problem).__name__}",
                    where=f"{method} {client.base_url}{path}",
                    fix="check the network, the proxy and github.api_url in platform.yaml, then run it again",
                ) from problem
        return Answer({name.lower(): str(value) for name, value in headers.items()}, document)

    @contextmanager
    def _client(self) -> Iterator[Requester]:
        client = self._idle.get()
        try:
            client = client or self._open()
            yield client
        finally:
            self._idle.put(client)

    def close(self) -> None:
        """Close the connections that are idle."""
        for _ in range(POOL_SIZE):
            client = self._idle.get()
            if client is not None:
                client.close()
            self._idle.put(None)

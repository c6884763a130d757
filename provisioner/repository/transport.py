"""One request to GitHub's REST API and its answer, through PyGithub.

PyGithub brings authentication, retries that know GitHub's rate limits, and the check that every answer comes from the
host that was asked. Its connection object keeps the request it is working on, so a client serves one thread at a time:
clients are kept in a pool and borrowed.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import requests
from github import Auth, Github, GithubException, GithubRetry
from github.Requester import Requester

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


class PyGithubTransport:
    """The real transport; safe to use from several threads."""

    def __init__(
        self, api_url: str, token: str, ca_file: Path | None, *, backoff_seconds: float = BACKOFF_SECONDS
    ) -> None:
        """``ca_file`` holds the authorities to trust; without it those of the process are used.

        A request that met trouble on GitHub's side is tried again, each time after twice as long.
        """
        self._backoff = backoff_seconds
        self._options: dict[str, Any] = {
            "auth": Auth.Token(token),
            "base_url": api_url,
            "verify": str(ca_file) if ca_file else True,
            "timeout": TIMEOUT_SECONDS,
            "user_agent": "provision-env",
            "api_version": API_VERSION,
            "seconds_between_requests": None,
            "seconds_between_writes": None,
        }
        self._idle: queue.LifoQueue[Github | None] = queue.LifoQueue()
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
        if client is None:
            retry = GithubRetry(
                total=_RETRIES,
                backoff_factor=self._backoff,
                max_rate_limit_wait=_LONGEST_WAIT_SECONDS,
                raise_on_status=False,
            )
            client = Github(retry=retry, **self._options)
        try:
            yield client.requester
        finally:
            self._idle.put(client)

    def close(self) -> None:
        """Close the connections that are idle."""
        for _ in range(POOL_SIZE):
            client = self._idle.get()
            if client is not None:
                client.close()
            self._idle.put(None)

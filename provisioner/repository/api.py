"""The few ways this room talks to GitHub's REST API: read, read all pages, read many at once, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from provisioner.repository.errors import GitHubError
from provisioner.repository.transport import POOL_SIZE, Answer, Transport

_PAGE = 100
_VARIABLES_PAGE = 30  # GitHub's largest page for variables
_T = TypeVar("_T")


class GitHubApi:
    """Requests over a transport. Paths start with a slash; parts of them are quoted by ``part``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def answer(self, path: str) -> Answer:
        """Read with headers. Raises GitHubError."""
        return self._transport.send("GET", path, {}, None)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Read one document. Raises GitHubError, for what does not exist as well."""
        return self.answer(path).document

    def find(self, path: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Read one document, None when it does not exist."""
        try:
            return self.get(path)
        except GitHubError as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def pages(self, path: str, key: str | None = None, *, missing_ok: bool = False) -> list[Any]:
        """Read a whole list; ``key`` is the name of the list in answers that wrap it.

        With ``missing_ok`` the list of something that does not exist is empty.
        """
        try:
            return self._pages(path, key)
        except GitHubError as problem:
            if missing_ok and problem.status == HTTPStatus.NOT_FOUND:
                return []
            raise

    def _pages(self, path: str, key: str | None) -> list[Any]:
        size = _VARIABLES_PAGE if path.endswith("/variables") else _PAGE
        found: list[Any] = []
        page = 1
        while True:
            document = self._transport.send("GET", path, {"per_page": size, "page": page}, None).document
            rows = document[key] if key else document
            found += rows
            if len(rows) < size:
                return found
            page += 1

    def write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send POST, PUT, PATCH or DELETE. Raises GitHubError."""
        return self._transport.send(method, path, {}, body).document

    def create(self, path: str, body: Mapping[str, Any]) -> bool:
        """POST something that may exist already; False when it did.

        GitHub says so with 409 for variables and 422 for repositories, branches and rulesets (and with a redirection,
        which is no error, for branch policies). An answer that was lost and repeated ends here too.
        """
        try:
            self.write("POST", path, body)
        except GitHubError as problem:
            if problem.status == HTTPStatus.CONFLICT or _exists_already(problem):
                return False
            raise
        return True


def gather(calls: Sequence[Callable[[], _T]]) -> list[_T]:
    """Run calls at once, as many as there are clients, and return their results in order; the first error wins."""
    if len(calls) < 2:  # noqa: PLR2004 - one call needs no thread
        return [call() for call in calls]
    with ThreadPoolExecutor(min(POOL_SIZE, len(calls)), thread_name_prefix="github") as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def part(text: str) -> str:
    """Quote one part of a path, slashes included."""
    return quote(text, safe="")


def _exists_already(problem: GitHubError) -> bool:
    text = problem.reason.lower()
    said = any(words in text for words in ("already exists", "must be unique", "already_exists"))
    return problem.status == HTTPStatus.UNPROCESSABLE_ENTITY and said

"""What a handler gets and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.identifiers import stamp
from provisioner.sandbox.github.shapes import Shape, body_of
from provisioner.sandbox.github.urls import Urls
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to a handler: matched, authenticated and permitted.

    ``parameters`` are the decoded parts of the path. ``repository`` and ``organization`` are the documents the path
    names (empty where it names none). ``role`` is what the caller may do in the repository.
    """

    world: World
    tx: Transaction
    request: Request
    caller: Caller
    urls: Urls
    now: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)
    repository: Document = field(default_factory=dict)
    organization: Document = field(default_factory=dict)
    role: str = ""

    @property
    def stamp(self) -> str:
        """Return the current instant as GitHub writes it."""
        return stamp(self.now)

    def body(self, shape: Shape) -> dict[str, Any]:
        """Return the checked body. Raises GithubError."""
        return body_of(self.request, shape)

    def query(self, name: str, default: str = "") -> str:
        """Return the last value of a query parameter."""
        return dict(self.request.query_pairs()).get(name, default)


@dataclass(frozen=True, slots=True)
class Answer:
    """One document, or none (204). ``raw`` (media type and bytes) is sent instead where an answer is no JSON."""

    document: Any = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    raw: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to cut into pages; ``render`` turns an item of the page into its document.

    With ``key`` the answer is an object with ``total_count``, the items under that name, and ``extra``.
    ``most`` is the largest page.
    """

    items: Sequence[Any]
    render: Callable[[Any], Any]
    key: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    most: int = 100


def internal_call(world: World, tx: Transaction, caller: Caller, repository: Document) -> Call:
    """Return a call that nobody sent: what a push sets off is shown as the API at its own address would show it."""
    request = Request("POST", "api.github.com", "/")
    urls = Urls("https://api.github.com")
    return Call(world, tx, request, caller, urls, world.clock.now(), repository=repository, role="admin")


Handler = Callable[[Call], Answer | Listing]
NO_CONTENT = Answer(status=204)

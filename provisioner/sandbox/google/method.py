"""The contract between the kernel and a service: what a handler is given, and what it declares.

A handler is a plain function ``(Call) -> dict | Response | None`` marked with ``@method`` (a method of a discovery
document) or ``@route`` (a URL no discovery document has). The mark is an attribute of the function; ``marked``
collects a module's handlers, so there is no registry to fill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any, Protocol, TypeVar

from provisioner.sandbox.google.discovery import MethodSpec, Schema
from provisioner.sandbox.google.errors import ApiError, unauthenticated
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that is worked out after the request's transaction has been committed.

    For work that may take long or that may itself lead to requests (a container's answer): everybody else would wait
    for the transaction meanwhile. ``work`` must not raise.
    """

    work: Callable[[], Response]


Answer = Json | Response | Later | None


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing that permissions are asked for.

    ``name`` is what IAM conditions see as ``resource.name``, ``kind`` as ``resource.type``, ``service`` as
    ``resource.service``. ``policies`` are the full names of everything whose IAM policy counts, nearest first
    (``//storage.googleapis.com/projects/_/buckets/b``, then project, folders, organisation: see hierarchy.py).
    ``project`` is the id of the project that owns it, empty where none does; its enabled services are checked.
    ``denial`` replaces the usual refusal text where an API has its own.
    """

    name: str
    kind: str
    service: str
    policies: tuple[str, ...]
    project: str = ""
    denial: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as the token says.

    ``member`` is the IAM spelling (``user:…``, ``serviceAccount:…``, ``principal://…``; ``allUsers`` when no token
    was sent), ``members`` every spelling a binding may name it by (principalSets, ``allUsers`` … included).
    ``attributes`` are what the token carries besides (federated attributes); ``operator`` holds every permission.
    ``boundary`` are the rules of a downscoped token: what they do not leave is refused, to the operator too.
    """

    member: str
    members: frozenset[str] = frozenset()
    email: str = ""
    unique_id: str = ""
    scopes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    operator: bool = False
    boundary: tuple[Json, ...] = ()

    @property
    def anonymous(self) -> bool:
        """Tell whether no token was sent."""
        return self.member == "allUsers"


class Identity(Protocol):
    """Who is it, and may it? Implemented by ``provisioner.sandbox.google.identity``."""

    def authenticate(self, tx: Transaction, request: Request, now: datetime) -> Caller:
        """Return the caller of a request; raises ApiError UNAUTHENTICATED for a token that is not valid."""

    def require(self, tx: Transaction, caller: Caller, permission: str, resource: Resource, now: datetime) -> None:
        """Return if the caller holds the permission; raises ApiError PERMISSION_DENIED in the API's words."""

    def granted(
        self, tx: Transaction, caller: Caller, permissions: Sequence[str], resource: Resource, now: datetime
    ) -> list[str]:
        """Return those of the permissions that the caller holds, in the order asked."""


@dataclass(slots=True)
class Call:
    """One request on its way through a handler.

    ``params`` holds path and query parameters under their discovery names, decoded and typed (int, bool, list for
    repeated ones); ``body`` the validated JSON body in camelCase ({} when there is none). ``schemas`` are those of the
    method's API, for update masks. ``media`` is the uploaded content of an upload and ``media_type`` its type. For a
    For a ``@route`` handler params are the regex's groups and the raw query, and the body is unread: use ``request``.
    ``asked`` are the permissions that were required so far, for the audit log.
    """

    request: Request
    world: World
    tx: Transaction
    identity: Identity
    caller: Caller
    now: datetime
    spec: MethodSpec | None = None
    params: dict[str, Any] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    media: bytes | None = None
    media_type: str = ""
    upload: str = ""
    asked: list[tuple[str, Resource]] = field(default_factory=list)

    @property
    def method(self) -> str:
        """Return the discovery id of the method (``storage.buckets.get``), empty for a route."""
        return self.spec.id if self.spec else ""

    def require(self, permission: str, resource: Resource) -> None:
        """Raise ApiError unless the caller holds the permission on the resource."""
        if self.caller.anonymous and not self.holds(permission, resource):
            raise unauthenticated_request()
        self.identity.require(self.tx, self.caller, permission, resource, self.now)
        self.asked.append((permission, resource))

    def holds(self, permission: str, resource: Resource) -> bool:
        """Tell whether the caller holds the permission on the resource."""
        return bool(self.identity.granted(self.tx, self.caller, [permission], resource, self.now))


Handler = Callable[[Call], Answer]
Permissions = str | Sequence[str] | Callable[[Call], Sequence[str]]
HandlerT = TypeVar("HandlerT", bound=Handler)


@dataclass(frozen=True, slots=True)
class MethodMark:
    """What ``@method`` declares. Permissions are all needed, on the resource that ``on`` finds for the call."""

    id: str
    permissions: Permissions
    on: Callable[[Call], Resource] | None
    public: bool
    blind: bool


@dataclass(frozen=True, slots=True)
class RouteMark:
    """What ``@route`` declares: host pattern (full match), HTTP methods, path pattern (full match, raw path)."""

    host: str
    verbs: tuple[str, ...]
    path: str
    name: str
    public: bool
    blind: bool
    errors: Callable[[ApiError], Response] | None


def method(
    *ids: str,
    permission: Permissions = (),
    on: Callable[[Call], Resource] | None = None,
    public: bool = False,
    blind: bool = False,
) -> Callable[[HandlerT], HandlerT]:
    """Mark a handler of one or more discovery methods; ``v3/…`` means only that version of the API.

    Without ``on`` the handler checks permissions itself (``call.require``); a method that needs none says so with
    ``public=True`` (no token needed), ``blind=True`` (tokens are not even looked at) or leaves both out (any valid
    token).
    """

    def mark(handler: HandlerT) -> HandlerT:
        marks = tuple(MethodMark(method_id, permission, on, public or blind, blind) for method_id in ids)
        handler.sandbox_methods = marks  # type: ignore[attr-defined]
        return handler

    return mark


def route(  # noqa: PLR0913 - a route has this many sides
    host: str,
    verbs: str | tuple[str, ...],
    path: str,
    *,
    name: str,
    public: bool = False,
    blind: bool = False,
    errors: Callable[[ApiError], Response] | None = None,
) -> Callable[[HandlerT], HandlerT]:
    """Mark a handler of a URL that is in no discovery document.

    ``host`` and ``path`` are regular expressions over the whole (raw) value; named groups become params, still
    percent-encoded. ``name`` stands for the route in logs and faults; ``errors`` words refusals another way than
    Google's JSON envelope (the XML of Cloud Storage, the JSON of a container registry).
    """

    def mark(handler: HandlerT) -> HandlerT:
        wanted = (verbs,) if isinstance(verbs, str) else verbs
        handler.sandbox_route = RouteMark(host, wanted, path, name, public or blind, blind, errors)  # type: ignore[attr-defined]
        return handler

    return mark


def marked_methods(module: ModuleType) -> Iterator[tuple[MethodMark, Handler]]:
    """Yield the ``@method`` handlers of a module."""
    for value in vars(module).values():
        for mark in getattr(value, "sandbox_methods", ()):
            yield mark, value


def marked_routes(module: ModuleType) -> Iterator[tuple[RouteMark, Handler]]:
    """Yield the ``@route`` handlers of a module, in the order of the file: the first that matches is taken."""
    for value in vars(module).values():
        mark = getattr(value, "sandbox_route", None)
        if mark is not None:
            yield mark, value


def unauthenticated_request() -> ApiError:
    """401: no credentials, in the words of Google's front end."""
    return unauthenticated(
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "CREDENTIALS_MISSING",
                "domain": "googleapis.com",
            }
        ],
    )

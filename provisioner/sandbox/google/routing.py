"""From a request to the function that answers it; services are imported and documents read on first use."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.catalog import Service, services_of
from provisioner.sandbox.google.discovery import Api, Match, load
from provisioner.sandbox.google.errors import ApiError, unimplemented
from provisioner.sandbox.google.method import Call, Handler, MethodMark, RouteMark, marked_methods, marked_routes
from provisioner.sandbox.http import Request, Response, json_response

_SERVICES = "provisioner.sandbox.google.services"
_OPERATIONS: Mapping[str, Handler] = {
    ".operations.get": operations.poll,
    ".operations.wait": operations.poll,
    ".operations.cancel": operations.cancel,
    ".operations.delete": operations.delete,
}
_DOWNLOAD = "/download/"
_MOST_RECENT = 1024


class LoadedService:
    """A service of the catalog with its handlers; its documents follow when they are asked for."""

    def __init__(self, facts: Service) -> None:
        """Import the service's modules; what none of them answers is unimplemented."""
        self.facts = facts
        self._apis: dict[str, Api] = {}
        self._lock = threading.Lock()
        self.methods: dict[str, tuple[MethodMark, Handler]] = {}
        self.routes: list[tuple[re.Pattern[str], re.Pattern[str], RouteMark, Handler]] = []
        for name in facts.modules:
            module = import_module(f"{_SERVICES}.{name}")
            self.methods |= {mark.id: (mark, handler) for mark, handler in marked_methods(module)}
            self.routes += [
                (re.compile(mark.host), re.compile(mark.path, re.DOTALL), mark, handler)
                for mark, handler in marked_routes(module)
            ]

    def handler(self, document: str, method_id: str) -> tuple[MethodMark | None, Handler | None]:
        """Return who answers a method of a document, and what that handler declares."""
        version = document.rpartition(".")[2]
        found = self.methods.get(f"{version}/{method_id}") or self.methods.get(method_id)
        if found is None:
            return None, next((handler for end, handler in _OPERATIONS.items() if method_id.endswith(end)), None)
        return found

    def answers(self, document: str, method_id: str) -> bool:
        """Tell whether a method of a document is answered."""
        return self.handler(document, method_id)[1] is not None

    def api(self, document: str) -> Api:
        """Return a discovery document, read once."""
        with self._lock:
            if document not in self._apis:
                self._apis[document] = load(document)
            return self._apis[document]


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is for: a method of a document (``match``), or a route (``groups``)."""

    service: LoadedService
    name: str
    document: str = ""
    match: Match | None = None
    mark: MethodMark | None = None
    handler: Handler | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    open_to_anonymous: bool = False
    blind: bool = False
    download: bool = False
    legacy: bool = False
    errors: Callable[[ApiError], Response] | None = None

    def handler_for(self, call: Call) -> Handler:
        """Return the handler. Raises ApiError UNIMPLEMENTED, naming the method, when the sandbox has none."""
        if self.handler is not None:
            return self.handler
        text = f"The sandbox does not implement {self.name} ({call.request.method} {call.request.path})."
        raise unimplemented(text)

    def refusal(self, error: ApiError) -> Response:
        """Return an error as this API words it."""
        if self.errors is not None:
            return self.errors(error)
        challenge = (("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/"'),)
        headers = challenge if error.status == "UNAUTHENTICATED" else ()
        return json_response(error.envelope(with_status=not self.legacy), error.code, headers)


class Routing:
    """Finds the target of each request."""

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[LoadedService, ...]] = {}
        self._by_facts: dict[int, LoadedService] = {}
        self._lock = threading.RLock()
        self._recent: dict[tuple[str, str, str], Target] = {}

    def find(self, request: Request) -> Target | None:
        """Return the target of a request, or None if neither a document nor a route knows it.

        The log, the faults and the answer ask for the same request, and clients for the same things again and again.
        """
        key = (request.method, request.host, request.path)
        target = self._recent.get(key)
        if target is None:
            target = self._search(request)
            if target is not None:
                if len(self._recent) >= _MOST_RECENT:
                    self._recent.clear()
                self._recent[key] = target
        return target

    def _search(self, request: Request) -> Target | None:
        services = self._services(request.host)
        for service in services:
            target = _match_method(service, request)
            if target:
                return target
        for service in services:
            target = _match_route(service, request)
            if target:
                return target
        return None

    def _services(self, host: str) -> tuple[LoadedService, ...]:
        found = self._loaded.get(host)
        if found is None:
            with self._lock:
                found = tuple(self._load(facts) for facts in services_of(host))
                # Hosts of a pattern (one per Cloud Run service) are many: only fixed ones are remembered.
                if any(host in service.facts.hosts for service in found):
                    self._loaded[host] = found
        return found

    def _load(self, facts: Service) -> LoadedService:
        if id(facts) not in self._by_facts:
            self._by_facts[id(facts)] = LoadedService(facts)
        return self._by_facts[id(facts)]


def _match_method(service: LoadedService, request: Request) -> Target | None:
    document = next((name for prefix, name in service.facts.documents.items() if request.path.startswith(prefix)), None)
    if document is None:
        return None
    api = service.api(document)
    download = request.path.startswith(_DOWNLOAD)
    path = request.path[len(_DOWNLOAD) - 1 :] if download else request.path
    match = api.match(request.method, path) or api.match(request.method, path.rstrip("/"))
    if match is None:
        return None
    mark, handler = service.handler(document, match.spec.id)
    return Target(
        service,
        match.spec.id,
        document,
        match,
        mark,
        handler,
        open_to_anonymous=mark is not None and (mark.public or mark.on is not None),
        blind=mark is not None and mark.blind,
        download=download,
        legacy=api.legacy,
    )


def _match_route(service: LoadedService, request: Request) -> Target | None:
    for host, path, mark, handler in service.routes:
        if request.method not in mark.verbs or not host.fullmatch(request.host):
            continue
        found = path.fullmatch(request.path)
        if found:
            groups = {name: value for name, value in found.groupdict().items() if value is not None}
            return Target(
                service,
                mark.name,
                handler=handler,
                groups=groups,
                open_to_anonymous=mark.public,
                blind=mark.blind,
                errors=mark.errors,
            )
    return None

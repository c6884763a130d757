"""GitHub as an ``Application``: the REST API, git over HTTP, and the tokens of Actions, told apart by host."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from provisioner.sandbox.github import dispatch, limits
from provisioner.sandbox.github.actions.results import serve_results
from provisioner.sandbox.github.archives import asset_of, serve_archive
from provisioner.sandbox.github.bare import GitRefused
from provisioner.sandbox.github.call import Answer, Call
from provisioner.sandbox.github.callers import ANONYMOUS, Caller, authenticate
from provisioner.sandbox.github.errors import GithubError, NotImplementedHere, forbidden, unprocessable
from provisioner.sandbox.github.git_http import serve_git
from provisioner.sandbox.github.oidc_issuer import serve_issuer
from provisioner.sandbox.github.replies import VERSIONS, answer_of, not_modified, response_of
from provisioner.sandbox.github.routing import Needs, Route
from provisioner.sandbox.github.urls import urls_of
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

Headers = tuple[tuple[str, str], ...]
_DOCS = "https://docs.github.com/rest"
_RESULTS_HOST = "results-receiver.actions.githubusercontent.com"
_ISSUER_HOST = "token.actions.githubusercontent.com"
_GIT_HOST = "github.com"
_READING = ("GET", "HEAD")
_ARCHIVE_HOST = "codeload.github.com"
_LARGEST_BODY = 40 * 1024 * 1024  # bytes: what GitHub takes of a blob, in base64
_API_HOSTS = ("api.github.com", "uploads.github.com", "127.0.0.1", "localhost")


class GithubApplication:
    """Answers requests for GitHub's hosts on one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, request: Request) -> Response:
        """Answer one request; a refusal leaves the store as it was."""
        try:
            return self._answer(request)
        finally:
            if request.method not in _READING:
                self._world.errands.wake()  # a push or a review may have made a job ready

    def _answer(self, request: Request) -> Response:
        if request.host == _RESULTS_HOST:
            return serve_results(self._world, request)
        if request.host == _ISSUER_HOST:
            return serve_issuer(self._world, request)
        if request.host == _GIT_HOST:
            return asset_of(self._world, request) or serve_git(self._world, request)
        if request.host == _ARCHIVE_HOST:
            return serve_archive(self._world, request)
        if request.host in _API_HOSTS:
            return self._api(request)
        refused = NotImplementedHere(f"{request.method} {request.path} on {request.host}")
        return response_of(request, Answer(refused.document(_DOCS), refused.status), ())

    def identify(self, request: Request) -> str:
        """Name a request for the log and the faults: ``GET /repos/{owner}/{repo}``, else verb, host and path."""
        if request.host in _API_HOSTS:
            with suppress(NotImplementedHere):
                route, _ = dispatch.find_route(request.method, request.path)
                return f"{route.method} {route.template}"
        return f"{request.method} {request.host}{request.path}"

    def _api(self, request: Request) -> Response:
        caller, budget, headers = ANONYMOUS, None, _version_headers(request)
        docs = _DOCS
        try:
            _require_client(request)
            with self._world.store.transaction() as tx:
                caller = authenticate(tx, request, self._world.clock.now())
                budget = self._count(tx, caller, request)
            with self._world.store.transaction() as tx:
                call = Call(self._world, tx, request, caller, urls_of(request), self._world.clock.now())
                found, parameters = dispatch.find_route(request.method, dispatch.canonical_path(call))
                docs = f"{_DOCS}/{found.docs}" if found.docs else _DOCS
                headers += _permission_headers(caller, found.needs)
                answer = self._perform(call, found, parameters)
        except GithubError as refused:
            answer = Answer(refused.document(docs), refused.status, refused.headers)
        except GitRefused as refused:
            answer = Answer(unprocessable(f"Git refused: {refused}").document(docs), HTTPStatus.UNPROCESSABLE_ENTITY)
        if budget and not_modified(request, answer) and caller.kind != "anonymous":
            with self._world.store.transaction() as tx:
                budget = limits.refund(tx, caller, budget)
        return response_of(request, answer, (*headers, *(budget.headers if budget else ())))

    @staticmethod
    def _perform(call: Call, found: Route, parameters: dict[str, str]) -> Answer:
        call = replace(call, parameters=parameters)
        return answer_of(call, dispatch.perform(call, found))

    def _count(self, tx: Transaction, caller: Caller, request: Request) -> limits.Budget:
        if request.path == "/rate_limit":
            return limits.budget_of(self._world, tx, caller)
        return limits.spend(self._world, tx, caller, request)


def github_application(world: World) -> GithubApplication:
    """Return the application for api.github.com, github.com and token.actions.githubusercontent.com."""
    return GithubApplication(world)


def _require_client(request: Request) -> None:
    if len(request.body) > _LARGEST_BODY and request.host != "uploads.github.com":
        raise GithubError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Payload too large")
    if not request.headers.get("user-agent"):
        raise forbidden(
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
        )
    version = request.headers.get("x-github-api-version", VERSIONS[0])
    if version not in VERSIONS:
        raise GithubError(400, f'"{version}" is not a valid API version. Supported versions: {", ".join(VERSIONS)}')


def _version_headers(request: Request) -> Headers:
    asked = request.headers.get("x-github-api-version", "")
    return (("X-GitHub-Api-Version-Selected", asked if asked in VERSIONS else VERSIONS[0]),)


def _permission_headers(caller: Caller, needs: Needs) -> Headers:
    if caller.kind == "classic":
        held, accepted = ", ".join(sorted(caller.scopes)), ", ".join(sorted(needs.scopes))
        return (("X-OAuth-Scopes", held), ("X-Accepted-OAuth-Scopes", accepted))
    return (("X-Accepted-GitHub-Permissions", needs.accepted),) if caller.kind != "anonymous" else ()

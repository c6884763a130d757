"""From a matched route to a call: resolve what the path names, check that the caller may, run the handler."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus

from provisioner.sandbox.github import access, audit, repositories, teams
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, find_account
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, NotImplementedHere, forbidden, not_found
from provisioner.sandbox.github.routing import Route
from provisioner.sandbox.github.table import ROUTES

_REPOSITORY_NUMBER = re.compile(r"/repositories/(\d{1,18})(/.*)?")
_TEAM_NUMBER = re.compile(r"/organizations/(\d{1,18})/team/(\d{1,18})(/.*)?")
_WRITABLE_WHEN_ARCHIVED = ("/repos/{owner}/{repo}",)
_READING = ("GET", "HEAD")


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and the parts of its path. Raises NotImplementedHere."""
    wanted = "GET" if method == "HEAD" else method
    for candidate in ROUTES:
        if candidate.method == wanted and (parameters := candidate.parameters(path)) is not None:
            return candidate, parameters
    raise NotImplementedHere(f"{method} {path}")


def canonical_path(call: Call) -> str:
    """Return the path with numbers (which GitHub's own URLs have) replaced by names. Raises GithubError (404)."""
    path = call.request.path
    if match := _REPOSITORY_NUMBER.fullmatch(path):
        repository = repositories.by_id(call.tx, int(match[1]))
        if repository is None:
            raise not_found()
        return f"/repos/{repositories.full_name(call.tx, repository)}{match[2] or ''}"
    if match := _TEAM_NUMBER.fullmatch(path):
        org = account_by_id(call.tx, int(match[1]))
        team = teams.by_number(call.tx, org["id"], int(match[2]))
        return f"/orgs/{org['login']}/teams/{team['slug']}{match[3] or ''}"
    return path.rstrip("/") or "/"


def perform(call: Call, found: Route) -> Answer | Listing:
    """Run a route for a call whose path was matched. Raises GithubError."""
    access.require_kind(call.caller, found.needs)
    if "/repos/{owner}/{repo}" in found.template:
        call = _in_repository(call, found)
    elif "org" in call.parameters:
        call = _in_organization(call, found)
    elif found.needs.permission == "administration" and call.caller.kind == "installation":
        raise access.refusal(call.caller)
    elif found.needs.permission and found.needs.who == "known":
        access.require_token(call.caller, found.needs)
    result = found.handler(call)
    if found.method not in _READING:
        audit.note(call, found)
    return result


def _in_repository(call: Call, found: Route) -> Call:
    repository, former = repositories.by_name(call.tx, call.parameters["owner"], call.parameters["repo"])
    role = access.caller_role(call.tx, call.caller, repository)
    access.require_in_repository(call.tx, call.caller, found.needs, repository, role)
    if former:
        raise _moved(call, repository["id"])
    reading = found.method in _READING
    if repository["archived"] and not reading and found.template not in _WRITABLE_WHEN_ARCHIVED:
        raise forbidden("Repository was archived so is read-only.")
    call = replace(call, repository=repository, role=role)
    return _with_organization(call) if "org" in call.parameters else call


def _moved(call: Call, number: int) -> GithubError:
    match = re.match(r"/repos/[^/]+/[^/]+", call.request.path)
    rest = call.request.path[match.end() :] if match else ""
    place = f"{call.urls.root}/repositories/{number}{rest}{'?' if call.request.query else ''}{call.request.query}"
    reading = call.request.method in _READING
    status = HTTPStatus.MOVED_PERMANENTLY if reading else HTTPStatus.TEMPORARY_REDIRECT
    message = "Moved Permanently" if reading else "Temporary Redirect"
    return GithubError(status, message, headers=(("Location", place),), extra={"url": place})


def _in_organization(call: Call, found: Route) -> Call:
    call = _with_organization(call)
    access.require_in_organization(call.tx, call.caller, found.needs, call.organization)
    return call


def _with_organization(call: Call) -> Call:
    account = find_account(call.tx, call.parameters["org"])
    if account is None or account["type"] != ORGANIZATION:
        raise not_found()
    return replace(call, organization=account)

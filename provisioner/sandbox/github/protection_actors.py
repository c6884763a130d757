"""The lists of a branch protection: required contexts, and the people, teams and Apps that may push."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from provisioner.sandbox.github import apps, protections, teams
from provisioner.sandbox.github.accounts import account_by_id, find_account, simple
from provisioner.sandbox.github.call import Answer, Call, Handler
from provisioner.sandbox.github.errors import GithubError, not_found, unprocessable
from provisioner.sandbox.github.repositories import full_name
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXTS, Shape
from provisioner.sandbox.store import Document

NAMES = ("users", "teams", "apps")
ACTORS: Shape = dict.fromkeys(NAMES, TEXTS)


def url_of(call: Call, part: str = "") -> str:
    """Return the address of a protection or of a part of it."""
    own = call.urls.api("repos", full_name(call.tx, call.repository), "branches", call.parameters["branch"])
    return f"{own}/protection" + (f"/{part}" if part else "")


def numbers(call: Call, wanted: dict[str, Any]) -> Document:
    """Turn logins and slugs into numbers. Raises GithubError (422) for one that does not exist."""
    return {name: [_number(call, name, one) for one in wanted.get(name) or ()] for name in NAMES}


def _number(call: Call, kind: str, name: str) -> int:
    owner = call.repository["owner_id"]
    found: dict[str, Callable[[], Document | None]] = {
        "users": lambda: find_account(call.tx, name),
        "teams": lambda: teams.find(call.tx, owner, name),
        "apps": lambda: apps.find_app(call.tx, name),
    }
    document = found[kind]()
    if document is None:
        raise unprocessable(f"Validation Failed: the {kind[:-1]} {name!r} does not exist or cannot push here")
    return int(document["id"])


def show(call: Call, actors: Document) -> dict[str, Any]:
    """Show people, teams and Apps by number."""
    return {name: show_list(call, name, actors[name]) for name in NAMES}


def show_list(call: Call, kind: str, wanted: list[int]) -> list[dict[str, Any]]:
    """Show one of the three lists."""
    if kind == "users":
        return [simple(call.urls, account_by_id(call.tx, number)) for number in wanted]
    if kind == "teams":
        held = teams.of_organization(call.tx, call.repository["owner_id"])
        return [teams.show(call.tx, call.urls, team, "write") for team in held if team["id"] in wanted]
    found = [apps.app_by_id(call.tx, number) for number in wanted]
    return [apps.show_app(call.tx, call.urls, app) for app in found if app]


def _held(call: Call) -> Document:
    held = protections.of_branch(call.tx, call.repository, call.parameters["branch"])
    if held is None:
        raise GithubError(404, "Branch not protected")
    return held


def _given(call: Call, name: str) -> list[str]:
    """Return the names of a body: a list, or an object with one."""
    try:
        document = call.request.json()
    except ValueError:
        raise GithubError(400, "Problems parsing JSON") from None
    rows = document.get(name) if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise unprocessable(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    return rows


def _combined(method: str, before: list[Any], given: list[Any]) -> list[Any]:
    if method == "PUT":
        return given
    if method == "POST":
        return list(dict.fromkeys([*before, *given]))
    return [one for one in before if one not in given]


def actors(call: Call, *, name: str) -> Answer:
    """Show, replace, extend or cut the list of those who may push."""
    held = _held(call)
    if held["restrictions"] is None:
        raise not_found()
    if call.request.method != "GET":
        given = [_number(call, name, one) for one in _given(call, name)]
        held["restrictions"][name] = _combined(call.request.method, held["restrictions"][name], given)
        protections.put(call.tx, call.repository, call.parameters["branch"], held)
    return Answer(show_list(call, name, held["restrictions"][name]))


def contexts(call: Call) -> Answer:
    """Show, replace, extend or cut the list of required contexts."""
    held = _held(call)
    if held["required_status_checks"] is None:
        raise GithubError(404, "Required status checks not enabled")
    rows = held["required_status_checks"]["checks"]
    if call.request.method != "GET":
        names = _combined(call.request.method, [row["context"] for row in rows], _given(call, "contexts"))
        known = {row["context"]: row["app_id"] for row in rows}
        rows = [{"context": name, "app_id": known.get(name)} for name in names]
        held["required_status_checks"]["checks"] = rows
        protections.put(call.tx, call.repository, call.parameters["branch"], held)
    return Answer([row["context"] for row in rows])


_REPO = "/repos/{owner}/{repo}/branches/{branch+}/protection"
_READ, _ADMIN = repo_read("administration", "admin"), repo_write("administration", "admin")
_DOCS = "branches/branch-protection"
_LISTS: tuple[tuple[str, Handler], ...] = (
    ("required_status_checks/contexts", contexts),
    *((f"restrictions/{name}", partial(actors, name=name)) for name in NAMES),
)
ROUTES = tuple(
    route(method, f"{_REPO}/{place}", _READ if method == "GET" else _ADMIN, handler, _DOCS)
    for place, handler in _LISTS
    for method in ("GET", "POST", "PUT", "DELETE")
)

"""Actions variables over REST, on a repository, an environment and an organisation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from provisioner.sandbox.github import environments, values
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import conflict, unprocessable
from provisioner.sandbox.github.routing import Route, org_read, org_write, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXT, Field, Shape, text
from provisioner.sandbox.github.values import VARIABLES
from provisioner.sandbox.store import Document

Scope = Callable[[Call], str]
_LARGEST_PAGE = 30
_CREATE: Shape = {"name": text(required=True), "value": text(required=True)}
_CHANGE: Shape = {"name": TEXT, "value": TEXT}
_VISIBILITY = ("all", "private", "selected")
_ORG: Shape = {"visibility": text(enum=_VISIBILITY), "selected_repository_ids": Field("array")}


def _repository(call: Call) -> str:
    return values.repository_scope(call.repository)


def _environment(call: Call) -> str:
    found = environments.get(call.tx, call.repository["id"], call.parameters["environment_name"])
    return values.environment_scope(found)


def _organization(call: Call) -> str:
    return values.organization_scope(call.organization)


def _list(scope: Scope, call: Call) -> Listing:
    rows = values.listed(call.tx, VARIABLES, scope(call))
    return Listing(rows, partial(_show, call), "variables", most=_LARGEST_PAGE)


def _get(scope: Scope, call: Call) -> Answer:
    return Answer(_show(call, values.get(call.tx, VARIABLES, scope(call), call.parameters["name"])))


def _create(scope: Scope, most: int, call: Call) -> Answer:
    wanted, place = call.body({**_CREATE, **_extra(call)}), scope(call)
    name = values.check_name(VARIABLES, wanted["name"])
    if values.find(call.tx, VARIABLES, place, name):
        raise conflict("Already exists - Variable already exists")
    values.check_room(call.tx, VARIABLES, place, most)
    times = {"created_at": call.stamp, "updated_at": call.stamp}
    value = _checked_value(wanted["value"])
    values.put(call.tx, VARIABLES, place, {**_visibility(call, wanted), "name": name, "value": value, **times})
    return Answer({}, 201)


def _change(scope: Scope, call: Call) -> Answer:
    wanted, place = call.body({**_CHANGE, **_extra(call)}), scope(call)
    document = values.get(call.tx, VARIABLES, place, call.parameters["name"])
    name = values.check_name(VARIABLES, str(wanted.get("name", document["name"])))
    if name != document["name"] and values.find(call.tx, VARIABLES, place, name):
        raise conflict("Already exists - Variable already exists")
    values.delete(call.tx, VARIABLES, place, document["name"])
    value = _checked_value(str(wanted.get("value", document["value"])))
    changed = {**document, **_visibility(call, wanted), "name": name, "value": value, "updated_at": call.stamp}
    values.put(call.tx, VARIABLES, place, changed)
    return NO_CONTENT


def _delete(scope: Scope, call: Call) -> Answer:
    values.delete(call.tx, VARIABLES, scope(call), call.parameters["name"])
    return NO_CONTENT


def _extra(call: Call) -> Shape:
    return {} if call.repository else _ORG


def _visibility(call: Call, wanted: dict[str, Any]) -> Document:
    if call.repository:
        return {}
    if "visibility" in wanted and wanted["visibility"] == "selected" and "selected_repository_ids" not in wanted:
        raise unprocessable("selected_repository_ids is required when visibility is selected")
    return {name: wanted[name] for name in _ORG if name in wanted}


def _checked_value(value: str) -> str:
    if len(value.encode()) > values.LARGEST:
        raise unprocessable("Variable value is too large. Maximum size is 48 KB")
    return value


def _show(call: Call, document: Document) -> dict[str, Any]:
    shown = {name: document[name] for name in ("name", "value", "created_at", "updated_at")}
    if "org" not in call.parameters:
        return shown
    chosen = document.get("visibility", "private")
    place = call.urls.api("orgs", call.organization["login"], "actions/variables", document["name"], "repositories")
    return {**shown, "visibility": chosen, **({"selected_repositories_url": place} if chosen == "selected" else {})}


def list_organization_variables(call: Call) -> Listing:
    """List the organisation's variables that this repository's workflows see."""
    scope = f"organization/{call.repository['owner_id']}"
    rows = [held for held in values.listed(call.tx, VARIABLES, scope) if _seen(call, held)]
    return Listing(rows, partial(_show, call), "variables", most=_LARGEST_PAGE)


def _seen(call: Call, document: Document) -> bool:
    chosen = document.get("visibility", "private")
    if chosen == "selected":
        return call.repository["id"] in document.get("selected_repository_ids", ())
    return bool(chosen == "all") or call.repository["visibility"] != "public"


def _family(path: str, scope: Scope, most: int, needs: tuple[Any, Any]) -> tuple[Route, ...]:
    read, write = needs
    one, docs = f"{path}/{{name}}", "actions/variables"
    return (
        route("GET", path, read, partial(_list, scope), docs),
        route("POST", path, write, partial(_create, scope, most), docs),
        route("GET", one, read, partial(_get, scope), docs),
        route("PATCH", one, write, partial(_change, scope), docs),
        route("DELETE", one, write, partial(_delete, scope), docs),
    )


_REPO = "/repos/{owner}/{repo}"
_READ, _WRITE = repo_read("actions_variables", "write"), repo_write("actions_variables")
_ENV_READ, _ENV_WRITE = repo_read("environments", "write"), repo_write("environments")
_ORG_READ, _ORG_WRITE = org_read("organization_actions_variables"), org_write("organization_actions_variables")
ROUTES = (
    *_family(f"{_REPO}/actions/variables", _repository, 500, (_READ, _WRITE)),
    *_family(f"{_REPO}/environments/{{environment_name}}/variables", _environment, 100, (_ENV_READ, _ENV_WRITE)),
    *_family("/orgs/{org}/actions/variables", _organization, 1000, (_ORG_READ, _ORG_WRITE)),
    route("GET", f"{_REPO}/actions/organization-variables", _READ, list_organization_variables, "actions/variables"),
)

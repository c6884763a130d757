"""Custom properties of an organisation's repositories, and autolinks.

https://docs.github.com/rest/orgs/custom-properties , https://docs.github.com/rest/repos/autolinks
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from provisioner.sandbox.github import repositories
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, invalid, not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import org_read, org_write, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXTS, Field, text
from provisioner.sandbox.store import Document

_SCHEMA, _VALUES, _LINKS = "github/properties", "github/property_values", "github/autolinks"
_KINDS = ("string", "single_select", "multi_select", "true_false", "url")
_ANY = Field("any", nullable=True)
_PROPERTY = {
    "value_type": text(required=True, enum=_KINDS),
    "required": FLAG,
    "default_value": _ANY,
    "description": text(nullable=True),
    "allowed_values": Field("array", nullable=True, items=text()),
    "values_editable_by": text(nullable=True, enum=("org_actors", "org_and_repo_actors")),
    "require_explicit_values": FLAG,
}
_NAMED = {"property_name": text(required=True), **_PROPERTY}
_MANY = {"properties": Field("array", required=True, items=Field("object", members=_NAMED))}
_VALUE = Field("object", members={"property_name": text(required=True), "value": Field("any", nullable=True)})
_SET = {"properties": Field("array", required=True, items=_VALUE)}
_SET_MANY = {**_SET, "repository_names": Field("array", required=True, items=TEXTS.items)}
_LINK = {"key_prefix": text(required=True), "url_template": text(required=True), "is_alphanumeric": FLAG}
_NAME = re.compile(r"[A-Za-z0-9_#$-]{1,75}")


def _schema(call: Call, org_id: int) -> dict[str, Document]:
    return {row["property_name"]: row for _, row in call.tx.scan(_SCHEMA, f"{org_id}/")}


def list_schema(call: Call) -> Answer:
    """List the properties of an organisation."""
    return Answer([_show(call, row) for row in _schema(call, call.organization["id"]).values()])


def put_schema(call: Call) -> Answer:
    """Make or change several properties."""
    rows = call.body(_MANY)["properties"]
    return Answer([_show(call, _define(call, row.pop("property_name"), row)) for row in rows])


def put_property(call: Call) -> Answer:
    """Make or change one property."""
    return Answer(_show(call, _define(call, call.parameters["custom_property_name"], call.body(_PROPERTY))))


def _define(call: Call, name: str, wanted: dict[str, Any]) -> Document:
    if not _NAME.fullmatch(name):
        raise unprocessable("Validation Failed: Property name contains invalid characters")
    if wanted["value_type"].endswith("select") and not wanted.get("allowed_values"):
        raise unprocessable("Validation Failed: Allowed values can't be blank")
    if wanted.get("required") and wanted.get("default_value") is None:
        raise unprocessable("Validation Failed: Default value must be set when required is true")
    document = {"required": False, "default_value": None, "description": None, "allowed_values": None, **wanted}
    document |= {"property_name": name, "values_editable_by": wanted.get("values_editable_by") or "org_actors"}
    call.tx.put(_SCHEMA, f"{call.organization['id']}/{name.lower()}", document)
    return document


def _show(call: Call, row: Document) -> dict[str, Any]:
    login = call.organization["login"]
    address = call.urls.api("orgs", login, "properties/schema", row["property_name"])
    return {**row, "url": address, "source_type": "organization"}


def _property(call: Call) -> Document:
    key = f"{call.organization['id']}/{call.parameters['custom_property_name'].lower()}"
    found = call.tx.get(_SCHEMA, key)
    if found is None:
        raise not_found()
    return found


def get_property(call: Call) -> Answer:
    """Show a property."""
    return Answer(_show(call, _property(call)))


def delete_property(call: Call) -> Answer:
    """Remove a property with its values."""
    row = _property(call)
    call.tx.delete(_SCHEMA, f"{call.organization['id']}/{row['property_name'].lower()}")
    for repository in repositories.of_owner(call.tx, call.organization["id"]):
        call.tx.delete(_VALUES, f"{repository['id']}/{row['property_name']}")
    return NO_CONTENT


def values_of(call: Call, repository: Document) -> list[dict[str, Any]]:
    """Return the values of a repository's properties, defaults included."""
    found = []
    for name, row in _schema(call, repository["owner_id"]).items():
        kept = call.tx.get(_VALUES, f"{repository['id']}/{name}")
        value = kept["value"] if kept else row["default_value"]
        found += [{"property_name": name, "value": value}] if value is not None else []
    return found


def get_values(call: Call) -> Answer:
    """Show the values of a repository."""
    return Answer(values_of(call, call.repository))


def set_values(call: Call) -> Answer:
    """Set values of a repository, where its own people may."""
    owner = account_by_id(call.tx, call.repository["owner_id"])
    _set(call, [call.repository], call.body(_SET)["properties"], owner["id"])
    return NO_CONTENT


def set_values_of_many(call: Call) -> Answer:
    """Set values of several repositories of an organisation."""
    wanted, org = call.body(_SET_MANY), call.organization
    names = {name.lower() for name in wanted["repository_names"]}
    chosen = [one for one in repositories.of_owner(call.tx, org["id"]) if one["name"].lower() in names]
    if len(chosen) < len(names):
        raise not_found()
    _set(call, chosen, wanted["properties"], org["id"])
    return NO_CONTENT


def _set(call: Call, chosen: list[Document], rows: list[dict[str, Any]], org_id: int) -> None:
    schema = _schema(call, org_id)
    for row in rows:
        known, value = schema.get(row["property_name"]), row.get("value")
        if known is None or (value is not None and not _fits(known, value)):
            raise unprocessable(f"Validation Failed: Property {row['property_name']!r} does not take {value!r}")
        for repository in chosen:
            key = f"{repository['id']}/{row['property_name']}"
            call.tx.delete(_VALUES, key)
            if value is not None:
                call.tx.put(_VALUES, key, {"value": value})


def _fits(known: Document, value: object) -> bool:
    kind, allowed = known["value_type"], known["allowed_values"] or ()
    if kind == "multi_select":
        return isinstance(value, list) and all(one in allowed for one in value)
    if not isinstance(value, str):
        return False
    return {"single_select": value in allowed, "true_false": value in {"true", "false"}}.get(kind, True)


def list_values(call: Call) -> Listing:
    """List the values of all repositories of an organisation."""
    return Listing(repositories.of_owner(call.tx, call.organization["id"]), partial(_show_values, call))


def _show_values(call: Call, repository: Document) -> dict[str, Any]:
    shown = show(call, repository, "read")
    about = {f"repository_{name}": shown[name] for name in ("id", "name", "full_name")}
    return {**about, "properties": values_of(call, repository)}


def list_links(call: Call) -> Answer:
    """List autolinks."""
    return Answer([row for _, row in call.tx.scan(_LINKS, f"{call.repository['id']}/")])


def create_link(call: Call) -> Answer:
    """Make an autolink."""
    wanted = call.body(_LINK)
    if "<num>" not in wanted["url_template"]:
        message = "url_template must contain <num> token"
        raise invalid("KeyLink", "url_template", "custom", message)
    held = [row for _, row in call.tx.scan(_LINKS, f"{call.repository['id']}/")]
    if any(row["key_prefix"].lower() == wanted["key_prefix"].lower() for row in held):
        raise invalid("KeyLink", "key_prefix", "already_exists")
    link = {"id": next_id(call.tx, "autolink"), "is_alphanumeric": True, **wanted, "updated_at": call.stamp}
    call.tx.put(_LINKS, f"{call.repository['id']}/{link['id']:012}", link)
    return Answer(link, 201)


def _link(call: Call) -> Document:
    found = call.tx.get(_LINKS, f"{call.repository['id']}/{call.parameters['autolink_id'].zfill(12)}")
    if found is None:
        raise GithubError(404, "Not Found")
    return found


def get_link(call: Call) -> Answer:
    """Show an autolink."""
    return Answer(_link(call))


def delete_link(call: Call) -> Answer:
    """Remove an autolink."""
    call.tx.delete(_LINKS, f"{call.repository['id']}/{_link(call)['id']:012}")
    return NO_CONTENT


_ORG = "/orgs/{org}/properties"
_ONE, _AUTOLINKS = f"{_ORG}/schema/{{custom_property_name}}", "/repos/{owner}/{repo}/autolinks"
_READ = org_read("organization_custom_properties")
_WRITE = org_write("organization_custom_properties")
_ADMIN, _ADMIN_READ = repo_write("administration", "admin"), repo_read("administration", "admin")
_DOCS = "orgs/custom-properties"
ROUTES = (
    route("GET", f"{_ORG}/schema", _READ, list_schema, _DOCS),
    route("PATCH", f"{_ORG}/schema", _WRITE, put_schema, _DOCS),
    route("GET", _ONE, _READ, get_property, _DOCS),
    route("PUT", _ONE, _WRITE, put_property, _DOCS),
    route("DELETE", _ONE, _WRITE, delete_property, _DOCS),
    route("GET", f"{_ORG}/values", _READ, list_values, _DOCS),
    route("PATCH", f"{_ORG}/values", _WRITE, set_values_of_many, _DOCS),
    route("GET", "/repos/{owner}/{repo}/properties/values", repo_read(), get_values, "repos/custom-properties"),
    route(
        *("PATCH", "/repos/{owner}/{repo}/properties/values"),
        repo_write("repository_custom_properties", "admin"),
        set_values,
        "repos/custom-properties",
    ),
    route("GET", _AUTOLINKS, _ADMIN_READ, list_links, "repos/autolinks"),
    route("POST", _AUTOLINKS, _ADMIN, create_link, "repos/autolinks"),
    route("GET", f"{_AUTOLINKS}/{{autolink_id}}", _ADMIN_READ, get_link, "repos/autolinks"),
    route("DELETE", f"{_AUTOLINKS}/{{autolink_id}}", _ADMIN, delete_link, "repos/autolinks"),
)

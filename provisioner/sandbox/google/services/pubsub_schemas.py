"""Schemas of the Pub/Sub API (v1), of type AVRO. A schema is its revisions."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument
from provisioner.sandbox.google.hierarchy import project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.messaging.records import (
    DELETED_SCHEMA,
    SCHEMAS,
    SERVICE,
    TOPICS,
    canonical_name,
    check_id,
    pubsub_resource,
)
from provisioner.sandbox.google.messaging.revisions import check_definition, check_message, found_schema, revisions
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "pubsub.projects.schemas"
_MOST_REVISIONS = 20


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _schema(call: Call) -> Resource:
    name = call.params.get("name") or call.params["resource"]
    return pubsub_resource(call.tx, name.partition("@")[0])


@method(f"{_API}.create", permission="pubsub.schemas.create", on=_parent)
def create(call: Call) -> Json:
    """Create a schema with its first revision."""
    name = f"{canonical_name(call.tx, call.params['parent'])}/schemas/{call.params.get('schemaId', '')}"
    check_id(name)
    if next(revisions(call.tx, name), None) is not None:
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    return _add(call, name, call.body)


@method(f"{_API}.get", permission="pubsub.schemas.get", on=_schema)
def get(call: Call) -> Json:
    """Return the newest revision, or the one named behind an ``@``."""
    return _shown(found_schema(call.tx, call.params["name"]), call.params.get("view") or "FULL")


@method(f"{_API}.list", permission="pubsub.schemas.list", on=_parent)
def list_schemas(call: Call) -> Json:
    """Return a page of a project's schemas, each as its newest revision."""
    items, token = page(call, _newest(call))
    shown = [_shown(item, call.params.get("view") or "BASIC") for item in items]
    return ({"schemas": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.listRevisions", permission="pubsub.schemas.listRevisions", on=_schema)
def list_revisions(call: Call) -> Json:
    """Return a page of a schema's revisions, newest first."""
    newest = found_schema(call.tx, call.params["name"])
    kept = list(revisions(call.tx, newest["name"]))[::-1]
    items, token = page(call, ((f"{index:06d}", each) for index, each in enumerate(kept)))
    shown = [_shown(item, call.params.get("view") or "BASIC", revision_in_name=True) for item in items]
    return {"schemas": shown} | ({"nextPageToken": token} if token else {})


@method(f"{_API}.commit", permission="pubsub.schemas.commit", on=_schema)
def commit(call: Call) -> Json:
    """Add a revision."""
    newest = found_schema(call.tx, call.params["name"])
    sent = call.body.get("schema") or {}
    if sent.get("type", newest["type"]) != newest["type"]:
        raise invalid_argument("The type of a schema cannot be changed.", ("schema.type", "immutable"))
    return _add(call, newest["name"], {"type": newest["type"], "definition": sent.get("definition", "")})


@method(f"{_API}.rollback", permission="pubsub.schemas.rollback", on=_schema)
def rollback(call: Call) -> Json:
    """Add a revision that says what an earlier one said."""
    name = found_schema(call.tx, call.params["name"])["name"]
    return _add(call, name, found_schema(call.tx, f"{name}@{call.body.get('revisionId', '')}"))


@method(f"{_API}.deleteRevision", permission="pubsub.schemas.delete", on=_schema)
def delete_revision(call: Call) -> Json:
    """Delete one revision, not the last one left."""
    if "@" not in call.params["name"]:
        raise invalid_argument(f"The name must end with @ and a revision (name={call.params['name']}).")
    found = found_schema(call.tx, call.params["name"])
    if len(list(revisions(call.tx, found["name"]))) == 1:
        raise failed_precondition("The only revision of a schema cannot be deleted; delete the schema.")
    call.tx.delete(SCHEMAS, _key(found))
    return _shown(found_schema(call.tx, found["name"]), "FULL")


@method(f"{_API}.delete", permission="pubsub.schemas.delete", on=_schema)
def delete(call: Call) -> None:
    """Delete a schema; topics that use it accept everything from now on."""
    name = found_schema(call.tx, call.params["name"])["name"]
    for revision in list(revisions(call.tx, name)):
        call.tx.delete(SCHEMAS, _key(revision))
    delete_policy(call.tx, f"//{SERVICE}/{name}")
    for key, topic in list(call.tx.scan(TOPICS)):
        settings = topic.get("schemaSettings") or {}
        if settings.get("schema") == name:
            call.tx.put(TOPICS, key, topic | {"schemaSettings": settings | {"schema": DELETED_SCHEMA}})


@method(f"{_API}.validate", permission="pubsub.schemas.validate", on=_parent)
def validate(call: Call) -> Json:
    """Tell whether a definition is one."""
    check_definition(call.body.get("schema") or {})
    return {}


@method(f"{_API}.validateMessage", permission="pubsub.schemas.validate", on=_parent)
def validate_message(call: Call) -> Json:
    """Tell whether a message fits a schema, kept or given."""
    schema = call.body.get("schema") or {}
    if call.body.get("name"):
        schema = found_schema(call.tx, call.body["name"])
    check_definition(schema)
    if call.body.get("encoding") not in {"JSON", "BINARY"}:
        raise invalid_argument("The encoding must be JSON or BINARY.", ("encoding", "required"))
    data = call.body.get("message", "")
    content = base64.b64decode(data, altchars=b"-_" if "_" in data else None)
    check_message(schema["definition"], content, call.body["encoding"])
    return {}


@method(f"{_API}.getIamPolicy", permission="pubsub.schemas.getIamPolicy", on=_schema)
def get_policy(call: Call) -> Json:
    """Return who may use the schema."""
    found_schema(call.tx, call.params["resource"])
    return get_iam_policy(call, _schema(call))


@method(f"{_API}.setIamPolicy", permission="pubsub.schemas.setIamPolicy", on=_schema)
def set_policy(call: Call) -> Json:
    """Replace who may use the schema."""
    found_schema(call.tx, call.params["resource"])
    return set_iam_policy(call, _schema(call))


@method(f"{_API}.testIamPermissions", on=_schema)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    found_schema(call.tx, call.params["resource"])
    return test_iam_permissions(call, _schema(call))


def _add(call: Call, name: str, sent: Json) -> Json:
    check_definition(sent)
    if len(list(revisions(call.tx, name))) >= _MOST_REVISIONS:
        raise failed_precondition(f"A schema has at most {_MOST_REVISIONS} revisions.")
    revision = {
        "name": name,
        "type": sent["type"],
        "definition": sent["definition"],
        "revisionId": secrets.token_hex(4),
        "revisionCreateTime": timestamp(call.now),
        "number": call.tx.next_number("google/pubsub.schemas"),
    }
    call.tx.put(SCHEMAS, _key(revision), revision)
    return _shown(revision, "FULL")


def _newest(call: Call) -> Iterator[tuple[str, Document]]:
    newest: dict[str, Document] = {}
    for _, revision in call.tx.scan(SCHEMAS, f"{canonical_name(call.tx, call.params['parent'])}/schemas/"):
        newest[revision["name"]] = revision
    yield from sorted(newest.items())


def _key(revision: Document) -> str:
    return f"{revision['name']}@{revision['number']:09d}"


def _shown(revision: Document, view: str, *, revision_in_name: bool = False) -> Json:
    hidden = {"number"} if view == "FULL" else {"number", "definition"}
    shown = {key: value for key, value in revision.items() if key not in hidden}
    return shown | ({"name": f"{revision['name']}@{revision['revisionId']}"} if revision_in_name else {})

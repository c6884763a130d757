"""Sinks and exclusions of the Cloud Logging API (v2).

Every owner has the sinks ``_Required`` and ``_Default``; the first cannot be touched. Exclusions of an owner are
those of its ``_Default`` sink. https://cloud.google.com/logging/docs/routing/overview#sinks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found, permission_denied
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.language import QueryError, parse_query
from provisioner.sandbox.google.observability.parents import number_of, owner_of, owner_resource
from provisioner.sandbox.google.observability.routing import SINKS, note_route
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_OWNERS = ("", "projects.", "folders.", "organizations.", "billingAccounts.")
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_DESTINATION = re.compile(
    r"storage\.googleapis\.com/[^/]+|pubsub\.googleapis\.com/projects/[^/]+/topics/[^/]+"
    r"|bigquery\.googleapis\.com/projects/[^/]+/datasets/[^/]+"
    r"|logging\.googleapis\.com/(projects/[^/]+|(projects|folders|organizations|billingAccounts)/[^/]+/locations/[^/]+/buckets/[^/]+)"
)
_SHARED_WRITER = "serviceAccount:cloud-logs@system.gserviceaccount.com"
_AUDIT = (
    'LOG_ID("cloudaudit.googleapis.com/activity") {0} LOG_ID("externalaudit.googleapis.com/activity") {0} '
    'LOG_ID("cloudaudit.googleapis.com/system_event") {0} LOG_ID("externalaudit.googleapis.com/system_event") {0} '
    'LOG_ID("cloudaudit.googleapis.com/access_transparency") {0} '
    'LOG_ID("externalaudit.googleapis.com/access_transparency")'
)
_BUILT_IN = {"_Required": _AUDIT.format("OR"), "_Default": "NOT " + _AUDIT.format("AND NOT")}
_OUTPUT = frozenset(("writerIdentity", "createTime", "updateTime", "resourceName"))


def _parent(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["parent"])


def _sink(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["sinkName"])


def _exclusion(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["name"])


def _ids(verb: str, kind: str = "sinks") -> tuple[str, ...]:
    return tuple(f"logging.{owner}{kind}.{verb}" for owner in _OWNERS)


@method(*_ids("create"), permission="logging.sinks.create", on=_parent)
def create(call: Call) -> Json:
    """Create a sink; ``uniqueWriterIdentity`` gives it the identity of its owner instead of the shared one."""
    owner = owner_of(call.tx, call.params["parent"])
    name = call.body.get("name", "")
    if not _ID.fullmatch(name) or name.startswith("_"):
        raise invalid_argument(f"Sink name {name!r} is invalid.", ("sink.name", "invalid"))
    if _find(call.tx, owner, name) is not None:
        raise already_exists(f"Sink {name} already exists")
    fixed = {"createTime": timestamp(call.now), "resourceName": f"{owner}/sinks/{name}"}
    return _put(call, owner, _sent(call) | fixed | {"writerIdentity": _writer(call, owner)})


@method(*_ids("get"), permission="logging.sinks.get", on=_sink)
def get(call: Call) -> Json:
    """Return a sink."""
    return _existing(call)[1]


@method(*_ids("list"), permission="logging.sinks.list", on=_parent)
def list_sinks(call: Call) -> Json:
    """Return a page of an owner's sinks, the built-in ones included."""
    owner = owner_of(call.tx, call.params["parent"])
    rows = sorted((sink["name"], sink) for sink in _all(call.tx, owner))
    items, token = page(call, rows)
    return {"sinks": items} | ({"nextPageToken": token} if token else {})


@method(*_ids("update"), "logging.projects.sinks.patch", "logging.folders.sinks.patch",
        "logging.organizations.sinks.patch", "logging.billingAccounts.sinks.patch",
        permission="logging.sinks.update", on=_sink)  # fmt: skip
def update(call: Call) -> Json:
    """Change what the mask names; without one the filter, the destination and the children."""
    owner, found = _existing(call)
    if found["name"] == "_Required":
        raise permission_denied("The _Required sink cannot be changed.")
    if call.body.get("name", found["name"]) != found["name"]:
        raise invalid_argument("A sink's name cannot be changed.", ("sink.name", "immutable"))
    mask = call.params.get("updateMask") or "destination,filter,includeChildren"
    changed = apply_update(found, _sent(call), read_update_mask(mask, "LogSink", call.schemas))
    if call.params.get("uniqueWriterIdentity"):
        changed["writerIdentity"] = _writer(call, owner)
    elif (
        changed.get("writerIdentity", _SHARED_WRITER) != _SHARED_WRITER
        and call.params.get("uniqueWriterIdentity") is False
    ):
        raise invalid_argument("A unique writer identity cannot be taken away from a sink.")
    return _put(call, owner, changed | {"name": found["name"]})


@method(*_ids("delete"), permission="logging.sinks.delete", on=_sink)
def delete(call: Call) -> None:
    """Delete a sink; ``_Default`` comes back when it is asked for, empty and disabled."""
    owner, found = _existing(call)
    if found["name"] in _BUILT_IN:
        raise invalid_argument(f"The {found['name']} sink cannot be deleted.")
    call.tx.delete(SINKS, f"{owner}/sinks/{found['name']}")


@method(*_ids("create", "exclusions"), permission="logging.exclusions.create", on=_parent)
def create_exclusion(call: Call) -> Json:
    """Add an exclusion to the ``_Default`` sink."""
    owner = owner_of(call.tx, call.params["parent"])
    name = call.body.get("name", "")
    if not _ID.fullmatch(name):
        raise invalid_argument(f"Exclusion name {name!r} is invalid.", ("exclusion.name", "invalid"))
    if any(each["name"] == name for each in _exclusions(call.tx, owner)):
        raise already_exists(f"Exclusion {name} already exists")
    now = timestamp(call.now)
    made = call.body | {"createTime": now, "updateTime": now}
    _put_exclusions(call, owner, [*_exclusions(call.tx, owner), made])
    return made


@method(*_ids("get", "exclusions"), permission="logging.exclusions.get", on=_exclusion)
def get_exclusion(call: Call) -> Json:
    """Return an exclusion."""
    return _existing_exclusion(call)[1]


@method(*_ids("list", "exclusions"), permission="logging.exclusions.list", on=_parent)
def list_exclusions(call: Call) -> Json:
    """Return a page of an owner's exclusions."""
    found = _exclusions(call.tx, owner_of(call.tx, call.params["parent"]))
    items, token = page(call, sorted((each["name"], each) for each in found))
    return ({"exclusions": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(*_ids("patch", "exclusions"), permission="logging.exclusions.update", on=_exclusion)
def patch_exclusion(call: Call) -> Json:
    """Change what the mask names."""
    owner, found = _existing_exclusion(call)
    paths = read_update_mask(call.params.get("updateMask", ""), "LogExclusion", call.schemas)
    if not paths:
        raise invalid_argument("The update mask is empty.", ("update_mask", "required"))
    changed = apply_update(found, call.body, paths) | {"name": found["name"], "updateTime": timestamp(call.now)}
    others = [each for each in _exclusions(call.tx, owner) if each["name"] != found["name"]]
    _put_exclusions(call, owner, [*others, changed])
    return changed


@method(*_ids("delete", "exclusions"), permission="logging.exclusions.delete", on=_exclusion)
def delete_exclusion(call: Call) -> None:
    """Delete an exclusion."""
    owner, found = _existing_exclusion(call)
    _put_exclusions(call, owner, [each for each in _exclusions(call.tx, owner) if each["name"] != found["name"]])


def _sent(call: Call) -> Json:
    return {key: value for key, value in call.body.items() if value not in ("", [], None) and key not in _OUTPUT}


def _writer(call: Call, owner: str) -> str:
    if not call.params.get("uniqueWriterIdentity"):
        return _SHARED_WRITER
    kind, _, _ = owner.partition("/")
    short = {"projects": "", "folders": "folder-", "organizations": "org-", "billingAccounts": "billing-"}[kind]
    number = number_of(call.tx, owner).lower()
    return f"serviceAccount:service-{short}{number}@gcp-sa-logging.iam.gserviceaccount.com"


def _put(call: Call, owner: str, sink: Document) -> Document:
    if not _DESTINATION.fullmatch(sink.get("destination", "")):
        raise invalid_argument(
            f"Sink destination {sink.get('destination', '')!r} is invalid: it must be a bucket, dataset, topic, log "
            "bucket or project.",
            ("sink.destination", "invalid"),
        )
    _check_queries(sink.get("filter", ""), sink.get("exclusions", ()))
    changed = sink | {"updateTime": timestamp(call.now)}
    if changed["destination"].startswith(f"logging.googleapis.com/{owner}/"):
        changed.pop("writerIdentity", None)  # within one project nobody has to be let in
    call.tx.put(SINKS, f"{owner}/sinks/{sink['name']}", changed)
    note_route(call.tx, owner)
    return changed


def _check_queries(query: str, exclusions: Any) -> None:  # noqa: ANN401 - as the schema has validated it
    try:
        parse_query(query)
        for exclusion in exclusions:
            if not exclusion.get("name") or not exclusion.get("filter"):
                raise invalid_argument("An exclusion needs a name and a filter.")
            parse_query(exclusion["filter"])
    except QueryError as error:
        raise invalid_argument(str(error)) from None


def _built_in(owner: str, name: str) -> Json:
    bucket = f"logging.googleapis.com/{owner}/locations/global/buckets/{name}"
    return {"name": name, "destination": bucket, "filter": _BUILT_IN[name], "resourceName": f"{owner}/sinks/{name}"}


def _find(tx: Transaction, owner: str, name: str) -> Document | None:
    kept = tx.get(SINKS, f"{owner}/sinks/{name}")
    return kept if kept is not None or name not in _BUILT_IN else _built_in(owner, name)


def _all(tx: Transaction, owner: str) -> Iterator[Document]:
    kept = {sink["name"]: sink for _, sink in tx.scan(SINKS, f"{owner}/sinks/")}
    yield from ({name: _built_in(owner, name) for name in _BUILT_IN} | kept).values()


def _existing(call: Call) -> tuple[str, Document]:
    name = call.params["sinkName"]
    owner = owner_of(call.tx, name)
    found = _find(call.tx, owner, name.partition("/sinks/")[2])
    if found is None:
        raise not_found(f"Sink {name.partition('/sinks/')[2]} does not exist")
    return owner, found


def _exclusions(tx: Transaction, owner: str) -> list[Json]:
    default = _find(tx, owner, "_Default") or {}
    return list(default.get("exclusions", []))


def _existing_exclusion(call: Call) -> tuple[str, Json]:
    name = call.params["name"].partition("/exclusions/")[2]
    owner = owner_of(call.tx, call.params["name"])
    found = next((each for each in _exclusions(call.tx, owner) if each["name"] == name), None)
    if found is None:
        raise not_found(f"Exclusion {name} does not exist")
    return owner, found


def _put_exclusions(call: Call, owner: str, exclusions: list[Json]) -> None:
    default = _find(call.tx, owner, "_Default") or _built_in(owner, "_Default")
    _put(call, owner, default | {"exclusions": exclusions})

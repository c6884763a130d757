"""Log entries of the Cloud Logging API (v2): write, list, logs, and the descriptors of monitored resources."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from provisioner.sandbox.google.errors import ApiError, invalid_argument, not_found
from provisioner.sandbox.google.method import Answer, Call, Resource, method
from provisioner.sandbox.google.observability import entries as kept
from provisioner.sandbox.google.observability.comparing import moment_of
from provisioner.sandbox.google.observability.descriptors import resource_descriptors, resource_problem
from provisioner.sandbox.google.observability.language import Predicate, QueryError, parse_query
from provisioner.sandbox.google.observability.parents import owner_of, owner_resource
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response, json_response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_OWNERS = ("", "projects.", "folders.", "organizations.", "billingAccounts.")
_LOG_NAME = re.compile(r"(projects|folders|organizations|billingAccounts)/([^/]+)/logs/([^/].*)")
_LOG_ID = re.compile(r"[A-Za-z0-9/_.\-]{1,511}")
_PAYLOADS = frozenset(("textPayload", "jsonPayload", "protoPayload"))
_OLDEST, _NEWEST = timedelta(days=30), timedelta(days=1)
_LARGEST = 256 * 1024
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}
_DEFAULT_PAGE, _LARGEST_PAGE = 50, 1000


def _parent(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["parent"])


def _log(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["logName"])


@method("logging.entries.write")
def write(call: Call) -> Answer:
    """Write entries; with ``partialSuccess`` the good ones even if others are refused, with ``dryRun`` none."""
    checked: list[Json | ApiError] = [_checked(call, entry) for entry in call.body.get("entries") or []]
    problems = {index: entry for index, entry in enumerate(checked) if isinstance(entry, ApiError)}
    if problems and not call.body.get("partialSuccess"):
        raise next(iter(problems.values()))
    if not call.body.get("dryRun"):
        for entry in checked:
            if not isinstance(entry, ApiError):
                kept.append(call.world, call.tx, entry, call.now)
    return _partial(problems) if problems else {}


@method("logging.entries.list")
def list_entries(call: Call) -> Json:
    """Return a page of the entries that fit a filter."""
    owners = _owners(call)
    order = call.body.get("orderBy", "")
    if order not in _ORDERS:
        raise invalid_argument(f'order_by must be "timestamp asc" or "timestamp desc", not {order!r}')
    test = _query(call.body.get("filter", ""))
    found = {}
    for owner in owners:
        for entry in _readable(call, owner):
            if test(entry):
                found[moment_of(entry["timestamp"]), entry["insertId"], entry["logName"]] = entry
    rows = [found[key] for key in sorted(found, reverse=_ORDERS[order])]
    return _page_of(call, rows)


@method(*(f"logging.{owner}logs.list" for owner in _OWNERS), permission="logging.logs.list", on=_parent)
def list_logs(call: Call) -> Json:
    """Return the names of logs that have entries."""
    names = kept.log_names(call.tx, owner_of(call.tx, call.params["parent"]), call.now)
    items, token = page(call, ((name, name) for name in names), default=50)
    return ({"logNames": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(*(f"logging.{owner}logs.delete" for owner in _OWNERS), permission="logging.logs.delete", on=_log)
def delete_log(call: Call) -> None:
    """Delete all entries of a log."""
    name = _canonical_log(call, call.params["logName"])
    if not kept.delete_log(call.tx, name):
        raise not_found(f"Log {unquote(name.partition('/logs/')[2])} does not exist")


@method("logging.monitoredResourceDescriptors.list")
def list_descriptors(call: Call) -> Json:
    """Return the kinds of resources that entries can be about."""
    items, token = page(call, ((each["type"], each) for each in resource_descriptors()))
    return {"resourceDescriptors": items} | ({"nextPageToken": token} if token else {})


def _checked(call: Call, sent: Json) -> Json | ApiError:
    """Return an entry as it is kept, or what is wrong with it."""
    entry = {key: call.body[key] for key in ("logName", "resource") if key in call.body} | sent
    labels = (call.body.get("labels") or {}) | (sent.get("labels") or {})
    try:
        entry["logName"] = _canonical_log(call, entry.get("logName", ""))
        call.require("logging.logEntries.create", owner_resource(call.tx, entry["logName"]))
        _check(call, entry)
    except ApiError as error:
        return error
    return entry | ({"labels": labels} if labels else {})


def _check(call: Call, entry: Json) -> None:
    problem = resource_problem(entry.get("resource") or {})
    if problem:
        raise invalid_argument(problem)
    if len(_PAYLOADS & entry.keys()) > 1:
        raise invalid_argument("A log entry has one of textPayload, jsonPayload and protoPayload.")
    if len(json.dumps(entry)) > _LARGEST:
        raise invalid_argument(f"Log entry with size {len(json.dumps(entry))} exceeds maximum size of {_LARGEST} bytes")
    if "timestamp" in entry:
        moment = moment_of(entry["timestamp"])
        if not call.now - _OLDEST < moment < call.now + _NEWEST:
            raise invalid_argument("Log entry timestamps must be at most 30 days in the past and 24 hours ahead.")
    _project_label(call, entry)


def _project_label(call: Call, entry: Json) -> None:
    owner = entry["logName"].partition("/logs/")[0]
    if owner.startswith("projects/"):
        labels = entry["resource"].get("labels") or {}
        entry["resource"] = entry["resource"] | {"labels": labels | {"project_id": owner_of(call.tx, owner)[9:]}}


def _canonical_log(call: Call, name: str) -> str:
    found = _LOG_NAME.fullmatch(name)
    if not found or not _LOG_ID.fullmatch(unquote(found[3])):
        raise invalid_argument(
            f"Log name {name!r} is invalid: it must be <parent>/logs/<URL-encoded log id>, the id of at most 511 "
            "letters, digits, slashes, underscores, hyphens and periods."
        )
    return f"{owner_of(call.tx, name)}/logs/{quote(unquote(found[3]), safe='')}"


def _owners(call: Call) -> list[str]:
    names = (call.body.get("resourceNames") or []) + [f"projects/{each}" for each in call.body.get("projectIds") or []]
    if not names:
        raise invalid_argument("No resource names were given.", ("resource_names", "required"))
    for name in names:
        call.require("logging.logEntries.list", owner_resource(call.tx, name))
    return sorted({owner_of(call.tx, name) for name in names})


def _readable(call: Call, owner: str) -> Iterable[Document]:
    private = call.holds("logging.privateLogEntries.list", owner_resource(call.tx, owner))
    for entry in kept.entries_of(call.tx, owner, call.now):
        if private or kept.DATA_ACCESS not in entry["logName"]:
            yield entry


def _query(text: str) -> Predicate:
    try:
        return parse_query(text)
    except QueryError as error:
        raise invalid_argument(str(error)) from None


def _page_of(call: Call, rows: list[Document]) -> Json:
    size = min(int(call.body.get("pageSize") or _DEFAULT_PAGE), _LARGEST_PAGE)
    asked = {key: value for key, value in call.body.items() if key not in {"pageSize", "pageToken"}}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    rows = _after(rows, call.body.get("pageToken", ""), digest, descending=_ORDERS[call.body.get("orderBy", "")])
    shown = rows[:size]
    answer: Json = {"entries": shown} if shown else {}
    if len(rows) > size:
        mark = json.dumps([digest, *_place(shown[-1])])
        answer["nextPageToken"] = base64.urlsafe_b64encode(mark.encode()).decode()
    return answer


def _after(rows: list[Document], token: str, digest: str, *, descending: bool) -> list[Document]:
    if not token:
        return rows
    try:
        of, *place = json.loads(base64.urlsafe_b64decode(token))
        last = (moment_of(place[0]), *place[1:])
    except (ValueError, TypeError, IndexError, binascii.Error):
        raise invalid_argument("page_token is invalid") from None
    if of != digest:
        raise invalid_argument("page_token doesn't match arguments from the request")

    def key(entry: Document) -> tuple[datetime, str, str]:
        moment, insert_id, log_name = _place(entry)
        return moment_of(moment), insert_id, log_name

    return [entry for entry in rows if (key(entry) < last if descending else key(entry) > last)]


def _place(entry: Document) -> tuple[str, str, str]:
    return entry["timestamp"], entry["insertId"], entry["logName"]


def _partial(problems: dict[int, ApiError]) -> Response:
    """Answer with the first problem and the list of all; what was good stays written, hence nothing is raised."""
    first = next(iter(problems.values()))
    detail = {
        "@type": "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors",
        "logEntryErrors": {str(index): error.rpc_status() for index, error in problems.items()},
    }
    error = ApiError(first.status, first.message, details=[detail])
    return json_response(error.envelope(), error.code)

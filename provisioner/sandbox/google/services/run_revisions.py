"""Revisions of Cloud Run services (v2)."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.checks import check_etag, rehearse
from provisioner.sandbox.google.run.names import REVISIONS, missing, operation_name, resource_of
from provisioner.sandbox.google.run.revisions import delete_revision
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "run.projects.locations.services.revisions"
_TYPE = "type.googleapis.com/google.cloud.run.v2.Revision"


def _revision(call: Call) -> Resource:
    return resource_of(call.tx, call.params.get("name") or call.params["parent"])


def _existing(call: Call) -> Document:
    name = call.params["name"]
    found = call.tx.get(REVISIONS, f"{_revision(call).name}/revisions/{name.rpartition('/')[2]}")
    if found is None:
        raise missing(name, "REVISION")
    return found


@method(f"{_API}.get", permission="run.revisions.get", on=_revision)
def get(call: Call) -> Json:
    """Return a revision."""
    shown: Json = _existing(call)["shown"]
    return shown


@method(f"{_API}.list", permission="run.revisions.list", on=_revision)
def list_revisions(call: Call) -> Json:
    """Return a page of a service's revisions; ``-`` stands for all services of the location."""
    own = _revision(call).name
    prefix = own.removesuffix("-") if own.endswith("/services/-") else f"{own}/revisions/"
    rows = call.tx.scan(REVISIONS, prefix)
    items, token = page(call, ((name, revision["shown"]) for name, revision in rows))
    return ({"revisions": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.delete", permission="run.revisions.delete", on=_revision)
def delete(call: Call) -> Json:
    """Delete a revision that serves nothing."""
    found = _existing(call)["shown"]
    check_etag(call.params.get("etag") or "", found)
    if call.params.get("validateOnly"):
        return rehearse(call, lambda: _deleted(call, found["name"]))
    return _deleted(call, found["name"])


def _deleted(call: Call, name: str) -> Json:
    shown = delete_revision(call.tx, name)
    return operations.succeeded(call, operation_name(name), {"@type": _TYPE, **shown}, {"@type": _TYPE})

"""Services of Cloud Run v1: the Knative objects that gcloud reads, changes and writes.

The same records as v2's. https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument, unimplemented
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.checks import check_etag, rehearse
from provisioner.sandbox.google.run.deploying import create_service, delete_service, roll_out
from provisioner.sandbox.google.run.knative import (
    RUN,
    SERVING,
    full_name,
    knative_list,
    parent_name,
)
from provisioner.sandbox.google.run.knative_services import check_object, read_service, show_service
from provisioner.sandbox.google.run.names import SERVICES, find_service, last, location_resource, prefix_of, resource_of
from provisioner.sandbox.google.run.starting import refreshed
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_NAMES = "run.namespaces.services"
_PLACES = "v1/run.projects.locations.services"


def _parent(call: Call) -> Resource:
    return location_resource(call.tx, parent_name(call))


def _service(call: Call) -> Resource:
    return resource_of(call.tx, full_name(call, "SERVICE"))


def _found(call: Call) -> Document:
    return find_service(call.tx, full_name(call, "SERVICE"))


@method(f"{_NAMES}.create", f"{_PLACES}.create", permission="run.services.create", on=_parent)
def create(call: Call) -> Json:
    """Create a service."""
    name = check_object(call, SERVING, "Service")
    parent = parent_name(call)
    if parent.endswith("/-"):
        raise unimplemented(f"Services are created at a region's endpoint, not at {call.request.host}.")
    return _applied(call, f"{parent}/services/{name}", lambda sent: create_service(call, parent, name, sent))


@method(f"{_NAMES}.get", f"{_PLACES}.get", permission="run.services.get", on=_service)
def get(call: Call) -> Json:
    """Return a service."""
    return show_service(call, refreshed(call, _found(call)))


@method(f"{_NAMES}.list", f"{_PLACES}.list", permission="run.services.list", on=_parent)
def list_services(call: Call) -> Json:
    """Return the services of a region, or of all at the global endpoint."""
    rows = call.tx.scan(SERVICES, prefix_of(parent_name(call)))
    return knative_list(call, "Service", SERVING, rows, lambda service: show_service(call, service))


@method(f"{_NAMES}.replaceService", f"{_PLACES}.replaceService", permission="run.services.update", on=_service)
def replace(call: Call) -> Json:
    """Replace a service; a resource version that is not the current one conflicts."""
    name = check_object(call, SERVING, "Service")
    found = _found(call)
    if name != last(found["name"]):
        text = f"metadata.name: {name} is not the name in the URL, {last(found['name'])}"
        raise invalid_argument(text, ("metadata.name", text))
    check_etag(call.body["metadata"].get("resourceVersion", ""), found)
    return _applied(call, found["name"], lambda sent: roll_out(call, found, sent))


@method(f"{_NAMES}.delete", f"{_PLACES}.delete", permission="run.services.delete", on=_service)
def delete(call: Call) -> Json:
    """Delete a service with its revisions."""
    found = _found(call)
    if _dry(call):
        return deleted_status(found, "services")
    delete_service(call, found)
    return deleted_status(found, "services")


def deleted_status(found: Document, kind: str) -> Json:
    """Return the Status that a deletion is answered with."""
    group = SERVING.partition("/")[0] if kind in {"services", "revisions"} else RUN.partition("/")[0]
    return {"status": "Success", "details": {"name": last(found["name"]), "group": group, "kind": kind} | _uid(found)}


def _uid(found: Document) -> Json:
    return {"uid": found["uid"]} if "uid" in found else {}


def _applied(call: Call, name: str, work: Callable[[Json], Json]) -> Json:
    sent = read_service(call.body)

    def applied() -> Json:
        work(sent)
        return show_service(call, find_service(call.tx, name))

    return rehearse(call, applied) if _dry(call) else applied()


def _dry(call: Call) -> bool:
    wanted = call.params.get("dryRun") or ""
    if wanted not in {"", "all"}:
        raise invalid_argument(f"dryRun: {wanted!r} is not supported; only 'all' is.", ("dryRun", "only 'all'"))
    return bool(wanted)

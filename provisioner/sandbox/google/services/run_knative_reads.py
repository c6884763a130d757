"""What Cloud Run v1 only lets clients read: revisions, configurations, routes, locations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.hierarchy import project
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.knative import SERVING, full_name, knative_list, parent_name
from provisioner.sandbox.google.run.knative_services import show_configuration, show_revision, show_route
from provisioner.sandbox.google.run.names import (
    REGIONS,
    REVISIONS,
    SERVICES,
    find,
    last,
    location_resource,
    missing,
    prefix_of,
)
from provisioner.sandbox.google.run.revisions import delete_revision
from provisioner.sandbox.google.services.run_knative import deleted_status
from provisioner.sandbox.google.wire import page, parse_timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_END = 1e11
_NAMES = "run.namespaces"
_PLACES = "run.projects.locations"


def _parent(call: Call) -> Resource:
    return location_resource(call.tx, parent_name(call))


def _revision(call: Call) -> Resource:
    return location_resource(call.tx, full_name(call, "REVISION"))


def _route(call: Call) -> Resource:
    return location_resource(call.tx, full_name(call, "ROUTE"))


def _project(call: Call) -> Resource:
    return location_resource(call.tx, f"{call.params['name']}/locations/-")


@method(f"{_NAMES}.revisions.get", f"{_PLACES}.revisions.get", permission="run.revisions.get", on=_revision)
def get_revision(call: Call) -> Json:
    """Return a revision."""
    return show_revision(call, _found_revision(call)[1])


@method(f"{_NAMES}.revisions.list", f"{_PLACES}.revisions.list", permission="run.revisions.list", on=_parent)
def list_revisions(call: Call) -> Json:
    """Return the revisions of a region, the newest first."""
    # The key of a page token must not move when newer ones come: it is the time, counted down.
    rows = sorted(((_newest_first(found), found) for _, found in _revisions(call)), key=lambda row: row[0])
    return knative_list(call, "Revision", SERVING, rows, lambda revision: show_revision(call, revision))


@method(f"{_NAMES}.revisions.delete", f"{_PLACES}.revisions.delete", permission="run.revisions.delete", on=_revision)
def delete(call: Call) -> Json:
    """Delete a revision that serves nothing."""
    name, revision = _found_revision(call)
    delete_revision(call.tx, name)
    return deleted_status(revision["shown"], "revisions")


@method(f"{_NAMES}.configurations.get", f"{_PLACES}.configurations.get", permission="run.configurations.get", on=_route)
def get_configuration(call: Call) -> Json:
    """Return the configuration of a service."""
    return show_configuration(call, _service(call, "CONFIGURATION"))


@method(
    f"{_NAMES}.configurations.list", f"{_PLACES}.configurations.list", permission="run.configurations.list", on=_parent
)
def list_configurations(call: Call) -> Json:
    """Return the configurations of a region."""
    rows = call.tx.scan(SERVICES, prefix_of(parent_name(call)))
    return knative_list(call, "Configuration", SERVING, rows, lambda service: show_configuration(call, service))


@method(f"{_NAMES}.routes.get", f"{_PLACES}.routes.get", permission="run.routes.get", on=_route)
def get_route(call: Call) -> Json:
    """Return the route of a service."""
    return show_route(call, _service(call, "ROUTE"))


@method(f"{_NAMES}.routes.list", f"{_PLACES}.routes.list", permission="run.routes.list", on=_parent)
def list_routes(call: Call) -> Json:
    """Return the routes of a region."""
    rows = call.tx.scan(SERVICES, prefix_of(parent_name(call)))
    return knative_list(call, "Route", SERVING, rows, lambda service: show_route(call, service))


@method("run.projects.locations.list", permission="run.locations.list", on=_project)
def list_locations(call: Call) -> Json:
    """Return the regions that the sandbox knows by name."""
    own = project(call.tx, call.params["name"].split("/")[1])["projectId"]
    rows = ((region, _location(own, region)) for region in sorted(REGIONS))
    items, token = page(call, rows)
    return {"locations": items} | ({"nextPageToken": token} if token else {})


def _location(project_id: str, region: str) -> Json:
    return {
        "name": f"projects/{project_id}/locations/{region}",
        "locationId": region,
        "displayName": REGIONS[region][1],
        "labels": {"cloud.googleapis.com/region": region},
    }


def _revisions(call: Call) -> Iterator[tuple[str, Document]]:
    yield from call.tx.scan(REVISIONS, prefix_of(parent_name(call)))


def _newest_first(revision: Document) -> str:
    shown = revision["shown"]
    age = _END - parse_timestamp(shown["createTime"]).timestamp()
    return f"{age:020.6f} {shown['name']}"


def _found_revision(call: Call) -> tuple[str, Document]:
    name = full_name(call, "REVISION")
    place, _, short = name.partition("/revisions/")
    for key, revision in call.tx.scan(REVISIONS, f"{place}/"):
        if last(key) == short:
            return key, revision
    raise missing(name, "REVISION")


def _service(call: Call, kind: str) -> Document:
    name = full_name(call, kind)
    place, short = name.rsplit("/", 2)[0], last(name)
    return find(call.tx, SERVICES, f"{place}/services/{short}", kind)

"""Locations and project settings of the Artifact Registry API."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.regions import REGIONS
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]
_API = "artifactregistry.projects"
_SETTINGS = "google/artifactregistry.settings"  # by project id; fields as v1's ProjectSettings
_MULTI_REGIONS = ("asia", "europe", "us")
_MOST_PERCENT = 100


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


@method(f"{_API}.locations.list", permission="artifactregistry.locations.list", on=_project)
def list_locations(call: Call) -> Json:
    """Return a page of the places where repositories can be."""
    owner = project_id(call.tx, call.params["name"].split("/")[1])
    names = sorted((*REGIONS, *_MULTI_REGIONS))
    found, token = page(call, ((name, _location(owner, name)) for name in names), default=100, maximum=500)
    return {"locations": found} | ({"nextPageToken": token} if token else {})


@method(f"{_API}.locations.get", permission="artifactregistry.locations.get", on=_project)
def get_location(call: Call) -> Json:
    """Return one of them."""
    _, owner, _, name = call.params["name"].split("/")
    if name not in (*REGIONS, *_MULTI_REGIONS):
        raise not_found(f"Location {name} is not found or access is unauthorized.")
    return _location(project_id(call.tx, owner), name)


@method(f"{_API}.getProjectSettings", permission="artifactregistry.projectsettings.get", on=_project)
def get_settings(call: Call) -> Json:
    """Return a project's settings: whether gcr.io leads here."""
    return _settings(call)


@method(f"{_API}.updateProjectSettings", permission="artifactregistry.projectsettings.update", on=_project)
def update_settings(call: Call) -> Json:
    """Change the redirection from gcr.io; a finalized one stays."""
    before = _settings(call)
    changed = before | {key: call.body[key] for key in ("legacyRedirectionState", "pullPercent") if key in call.body}
    if not 0 <= int(changed.get("pullPercent", 0)) <= _MOST_PERCENT:
        raise invalid_argument("pull_percent must be from 0 to 100", ("pull_percent", "0 to 100"))
    final = "REDIRECTION_FROM_GCR_IO_FINALIZED"
    if before["legacyRedirectionState"] == final != changed["legacyRedirectionState"]:
        raise failed_precondition("Redirection has been finalized and cannot be changed.")
    call.tx.put(_SETTINGS, before["name"].split("/")[1], changed)
    return changed


def _settings(call: Call) -> Json:
    owner = project_id(call.tx, call.params["name"].split("/")[1])
    kept = call.tx.get(_SETTINGS, owner) or {"legacyRedirectionState": "REDIRECTION_FROM_GCR_IO_DISABLED"}
    return kept | {"name": f"projects/{owner}/projectSettings"}


def _location(owner: str, name: str) -> Json:
    labels = {} if name in _MULTI_REGIONS else {"labels": {"cloud.googleapis.com/region": name}}
    return {"name": f"projects/{owner}/locations/{name}", "locationId": name, "displayName": name} | labels

"""Resource Manager v2: folders, as gcloud asks for them. The same folders as v3's, in other fields."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import containers
from provisioner.sandbox.google.resourcemanager.containers import container_resource, find, named
from provisioner.sandbox.google.services import cloudresourcemanager_folders as v3
from provisioner.sandbox.google.wire import random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "v2/cloudresourcemanager.folders"
_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v2.Folder"


def _parent(call: Call) -> Resource:
    return container_resource(call.tx, call.params.get("parent") or "")


@method(f"{_API}.create", permission="resourcemanager.folders.create", on=_parent)
def create(call: Call) -> Json:
    """Create a folder; the parent is in the query."""
    made = v3.created(call, call.params["parent"], call.body.get("displayName", ""))
    return operations.succeeded(call, f"operations/cf.{random_number(19)}", {"@type": _TYPE} | _shown(made))


@method(f"{_API}.get", permission="resourcemanager.folders.get", on=named)
def get(call: Call) -> Json:
    """Return a folder."""
    return _shown(find(call.tx, call.params["name"]))


@method(f"{_API}.list", permission="resourcemanager.folders.list", on=_parent)
def list_folders(call: Call) -> Json:
    """Return the folders directly below a folder or organisation."""
    return _all_shown(v3.list_folders(call))


@method(f"{_API}.search")
def search(call: Call) -> Json:
    """Return the folders the caller may see; query and page are in the body."""
    call.params |= {name: call.body[name] for name in ("query", "pageSize", "pageToken") if name in call.body}
    return _all_shown(v3.search(call))


@method(f"{_API}.patch", permission="resourcemanager.folders.update", on=named)
def patch(call: Call) -> Json:
    """Rename a folder; answers the folder, not an operation."""
    return _shown(v3.renamed(call))


@method(f"{_API}.delete", permission="resourcemanager.folders.delete", on=named)
def delete(call: Call) -> Json:
    """Begin the deletion of an empty folder; answers the folder."""
    return _shown(v3.deleted(call))


@method(f"{_API}.undelete", permission="resourcemanager.folders.undelete", on=named)
def undelete(call: Call) -> Json:
    """Bring a folder back; answers the folder."""
    return _shown(v3.undeleted(call))


@method(f"{_API}.move", permission="resourcemanager.folders.move", on=named)
def move(call: Call) -> Json:
    """Put a folder below another parent."""
    made = containers.move_folder(call, call.params["name"], call.body.get("destinationParent", ""))
    return operations.succeeded(call, f"operations/fm.{random_number(19)}", {"@type": _TYPE} | _shown(made))


def _shown(found: Document) -> Json:
    kept = {key: found[key] for key in ("name", "parent", "displayName", "createTime")}
    return kept | {"lifecycleState": found["state"]}


def _all_shown(answer: Json) -> Json:
    shown = [_shown(found) for found in answer.get("folders", [])]
    return answer | ({"folders": shown} if shown else {})

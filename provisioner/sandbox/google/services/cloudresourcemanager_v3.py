"""Resource Manager v3: projects, as Google's Python client and gcloud use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import projects
from provisioner.sandbox.google.resourcemanager.containers import container_resource
from provisioner.sandbox.google.resourcemanager.liens import check_deletion
from provisioner.sandbox.google.resourcemanager.search import project_filter
from provisioner.sandbox.google.services.cloudresourcemanager_v1 import create_project, project_of, visible
from provisioner.sandbox.google.wire import check_etag, page, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v3.Project"
_CHANGEABLE = frozenset(("displayName", "labels"))


def _project(call: Call) -> Resource:
    name = call.params.get("name") or call.params["resource"]
    return project_of(call, name.partition("/")[2])


def _found(call: Call) -> Document:
    return projects.known(call.tx, call.params["name"].partition("/")[2], call.now)


@method("v3/cloudresourcemanager.projects.create")
def create(call: Call) -> Json:
    """Create a project; its creator becomes owner."""
    wanted = {"projectId": call.body.get("projectId"), "name": call.body.get("displayName")}
    wanted |= {"labels": call.body.get("labels"), "parent": _parent(call.body.get("parent", ""))}
    return _done(call, create_project(call, wanted), "cp")


@method("v3/cloudresourcemanager.projects.get", permission="resourcemanager.projects.get", on=_project)
def get(call: Call) -> Json:
    """Return a project; a missing one is a 403."""
    return projects.shown_v3(_found(call))


def _listed(call: Call) -> Resource:
    return container_resource(call.tx, call.params["parent"])


@method("v3/cloudresourcemanager.projects.list", permission="resourcemanager.projects.list", on=_listed)
def list_projects(call: Call) -> Json:
    """Return the projects directly below a folder or organisation."""
    parent = _parent(call.params["parent"])
    deleted = call.params.get("showDeleted")
    found = visible(
        call,
        lambda project: project.get("parent") == parent and (deleted or project["lifecycleState"] == "ACTIVE"),
        call.tx.find(PROJECTS, "parent.id", parent["id"]),
    )
    return _page(call, found)


@method("v3/cloudresourcemanager.projects.search")
def search(call: Call) -> Json:
    """Return the projects the caller may see that a query describes."""
    return _page(call, visible(call, project_filter(call.params.get("query", ""))))


@method("v3/cloudresourcemanager.projects.patch", permission="resourcemanager.projects.update", on=_project)
def patch(call: Call) -> Json:
    """Change display name and labels."""
    found = _found(call)
    check_etag(call.body.get("etag", ""), found["etag"])
    mask = call.params.get("updateMask") or ",".join(sorted(_CHANGEABLE & set(call.body)))
    paths = read_update_mask(mask, "Project", call.schemas)
    if any(path[0] not in _CHANGEABLE for path in paths if path != ("*",)):
        raise invalid_argument(f"Invalid field mask: {mask}", ("update_mask", "only display_name and labels"))
    current = {"displayName": found["name"], "labels": found.get("labels", {})}
    updated = apply_update(current, {key: call.body[key] for key in _CHANGEABLE & set(call.body)}, paths)
    changes = {"name": updated.get("displayName") or found["projectId"], "labels": updated.get("labels")}
    return _done(call, projects.change(call.tx, found, changes, call.now), "pu")


@method("v3/cloudresourcemanager.projects.delete", permission="resourcemanager.projects.delete", on=_project)
def delete(call: Call) -> Json:
    """Begin the deletion of a project."""
    check_deletion(call.tx, _found(call))
    return _done(call, projects.delete(call.tx, _found(call), call.now), "pd")


@method("v3/cloudresourcemanager.projects.undelete", permission="resourcemanager.projects.undelete", on=_project)
def undelete(call: Call) -> Json:
    """Bring a project back."""
    return _done(call, projects.undelete(call.tx, _found(call), call.now), "pu")


@method("v3/cloudresourcemanager.projects.move", permission="resourcemanager.projects.move", on=_project)
def move(call: Call) -> Json:
    """Put a project below another folder or organisation."""
    target = call.body.get("destinationParent", "")
    call.require("resourcemanager.projects.move", container_resource(call.tx, target))
    projects.check_parent(call.tx, _parent(target))
    return _done(call, projects.change(call.tx, _found(call), {"parent": _parent(target)}, call.now), "pm")


@method(
    "v3/cloudresourcemanager.projects.getIamPolicy", permission="resourcemanager.projects.getIamPolicy", on=_project
)
def get_policy(call: Call) -> Json:
    """Return a project's policy."""
    return get_iam_policy(call, _project(call))


@method(
    "v3/cloudresourcemanager.projects.setIamPolicy", permission="resourcemanager.projects.setIamPolicy", on=_project
)
def set_policy(call: Call) -> Json:
    """Replace a project's policy."""
    return set_iam_policy(call, _project(call))


@method("v3/cloudresourcemanager.projects.testIamPermissions", on=_project)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, _project(call))


def _done(call: Call, made: Document, letters: str) -> Json:
    name = f"operations/{letters}.{random_number(19)}"
    return operations.succeeded(call, name, {"@type": _TYPE, **projects.shown_v3(made)})


def _page(call: Call, found: Iterable[tuple[str, Document]]) -> Json:
    shown, token = page(call, found, default=300)
    answer: Json = {"projects": [projects.shown_v3(entry) for entry in shown]} if shown else {}
    return answer | ({"nextPageToken": token} if token else {})


def _parent(name: str) -> Json:
    kind, _, number = name.partition("/")
    return {"type": kind.removesuffix("s"), "id": number} if name else {}

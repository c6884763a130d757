"""Compute Engine: project facts and the default network, which Terraform's provider asks for."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.compute import NETWORKS, ROOT
from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import project, project_resource
from provisioner.sandbox.google.identity.accounts import default_compute_email
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_OPERATIONS = "google/compute.operations"  # "<project id>/<name>"


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["project"])


@method("compute.projects.get", permission="compute.projects.get", on=_project)
def get_project(call: Call) -> Json:
    """Return what Compute Engine knows of a project."""
    owner = project(call.tx, call.params["project"])
    return {
        "kind": "compute#project",
        "id": f"7{owner['projectNumber']}",
        "creationTimestamp": owner["createTime"],
        "name": owner["projectId"],
        "selfLink": f"{ROOT}/{owner['projectId']}",
        "defaultServiceAccount": default_compute_email(owner),
    }


@method("compute.networks.get", permission="compute.networks.get", on=_project)
def get_network(call: Call) -> Json:
    """Return a network."""
    return _network(call)[1]


@method("compute.networks.list", permission="compute.networks.list", on=_project)
def list_networks(call: Call) -> Json:
    """Return the networks of a project."""
    owner = project(call.tx, call.params["project"])
    shown, token = page(call, call.tx.scan(NETWORKS, f"{owner['projectId']}/"), size="maxResults", default=500)
    answer: Json = {"kind": "compute#networkList", "id": f"projects/{owner['projectId']}/global/networks"}
    return answer | ({"items": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("compute.networks.delete", permission="compute.networks.delete", on=_project)
def delete_network(call: Call) -> Json:
    """Delete a network."""
    owner, found = _network(call)
    call.tx.delete(NETWORKS, f"{owner['projectId']}/{found['name']}")
    number = random_number(19)
    made = {
        "kind": "compute#operation",
        "id": number,
        "name": f"operation-{number}",
        "operationType": "delete",
        "targetLink": found["selfLink"],
        "status": "DONE",
        "progress": 100,
        "insertTime": call.now.isoformat(timespec="milliseconds"),
        "selfLink": f"{ROOT}/{owner['projectId']}/global/operations/operation-{number}",
    }
    polls = int(call.world.settings["lro_polls"])
    call.tx.put(_OPERATIONS, f"{owner['projectId']}/operation-{number}", {"operation": made, "polls": polls - 1})
    return _shown(made, done=polls <= 0)


@method(
    "compute.globalOperations.get",
    "compute.globalOperations.wait",
    permission="compute.globalOperations.get",
    on=_project,
)
def get_operation(call: Call) -> Json:
    """Return an operation; ``wait`` waits until it is done, which here takes no time."""
    owner = project(call.tx, call.params["project"])
    place = f"{owner['projectId']}/{call.params['operation']}"
    kept = call.tx.get(_OPERATIONS, place)
    if kept is None:
        return _missing(owner, f"operations/{call.params['operation']}")
    left = 0 if call.method.endswith(".wait") else kept["polls"]
    call.tx.put(_OPERATIONS, place, kept | {"polls": max(left - 1, 0)})
    return _shown(kept["operation"], done=left <= 0)


def _shown(operation: Json, *, done: bool) -> Json:
    return operation if done else operation | {"status": "RUNNING", "progress": 0}


def _network(call: Call) -> tuple[Document, Json]:
    owner = project(call.tx, call.params["project"])
    name = call.params["network"]
    found = call.tx.get(NETWORKS, f"{owner['projectId']}/{name}")
    return owner, found or _missing(owner, f"networks/{name}")


def _missing(owner: Document, name: str) -> Json:
    raise ApiError("NOT_FOUND", f"The resource 'projects/{owner['projectId']}/global/{name}' was not found")

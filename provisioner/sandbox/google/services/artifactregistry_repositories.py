"""Repositories of the Artifact Registry API (v1 and v1beta2): every format; standard, virtual and remote."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.constraints import check_location
from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_id, project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.registry.artifacts import delete_everything, files_of
from provisioner.sandbox.google.registry.formats import check_cleanup, check_upstreams, checked_kind, shown_config
from provisioner.sandbox.google.services.docker_images import REPOSITORIES, delete_contents, manifests
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "artifactregistry.googleapis.com"
_API = "artifactregistry.projects.locations.repositories"
_TYPE = "type.googleapis.com/google.devtools.artifactregistry.v1"
_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LOCATION = re.compile(r"us|europe|asia|[a-z]+(-[a-z]+)+\d+")
_MUTABLE = frozenset(
    (
        *("description", "labels", "dockerConfig", "cleanupPolicies", "cleanupPolicyDryRun"),
        *("vulnerabilityScanningConfig", "virtualRepositoryConfig", "remoteRepositoryConfig", "platformLogsConfig"),
    )
)


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's id. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, rest = name.split("/", 2)
    return f"projects/{project_id(tx, owner)}/{rest}"


def repository_resource(tx: Transaction, name: str) -> Resource:
    """Return a repository as a thing that permissions are asked for; ``name`` may go on below it."""
    own = "/".join(canonical_name(tx, name).split("/")[:6])
    return inside_project(
        tx, own.split("/")[1], name=own, kind=f"{SERVICE}/Repository", service=SERVICE, policy=f"//{SERVICE}/{own}"
    )


def find_repository(tx: Transaction, name: str) -> Document:
    """Return a repository. Raises ApiError NOT_FOUND."""
    found = tx.get(REPOSITORIES, canonical_name(tx, name))
    if found is None:
        raise not_found(f"Requested entity was not found: {name}")
    return found


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _repository(call: Call) -> Resource:
    return repository_resource(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return repository_resource(call.tx, call.params["resource"])


@method(f"{_API}.create", permission="artifactregistry.repositories.create", on=_parent)
def create(call: Call) -> Json:
    """Create a repository."""
    parent, repository_id = canonical_name(call.tx, call.params["parent"]), call.params.get("repositoryId", "")
    location = parent.split("/")[3]
    if not _ID.fullmatch(repository_id):
        text = "repository_id must start with a letter, be 1 to 63 of [a-z0-9-] and not end with a hyphen"
        raise invalid_argument(f"{text}: {repository_id!r}", ("repository_id", text))
    if not _LOCATION.fullmatch(location):
        raise invalid_argument(f"Location {location} is not supported.")
    check_location(call.tx, _parent(call).policies, location, parent)
    name = f"{parent}/repositories/{repository_id}"
    if call.tx.get(REPOSITORIES, name) is not None:
        raise already_exists("the repository already exists")
    mode = checked_kind(call.tx, parent, call.body)
    fixed = {"name": name, "mode": mode, "createTime": timestamp(call.now), "satisfiesPzi": True}
    sent = {key: value for key, value in call.body.items() if value}
    made = _put(call, sent | fixed | shown_config(sent | fixed))
    return _operation(call, parent, {"@type": f"{_TYPE}.Repository"} | made)


@method(f"{_API}.get", permission="artifactregistry.repositories.get", on=_repository)
def get(call: Call) -> Json:
    """Return a repository."""
    return _sized(call, find_repository(call.tx, call.params["name"]))


@method(f"{_API}.list", permission="artifactregistry.repositories.list", on=_parent)
def list_repositories(call: Call) -> Json:
    """Return a page of a location's repositories; ``-`` stands for all locations."""
    parent = canonical_name(call.tx, call.params["parent"])
    prefix = parent.removesuffix("-") if parent.endswith("/-") else f"{parent}/"
    items, token = page(call, call.tx.scan(REPOSITORIES, prefix))
    shown = [_sized(call, found) for found in items]
    return ({"repositories": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="artifactregistry.repositories.update", on=_repository)
def patch(call: Call) -> Json:
    """Change what the mask names (without one: what the body has); answers the repository, not an operation."""
    found = find_repository(call.tx, call.params["name"])
    mask = call.params.get("updateMask") or ",".join(name for name in call.body if name in _MUTABLE)
    paths = read_update_mask(mask, "Repository", call.schemas)
    wrong = sorted(path[0] for path in paths if path[0] not in _MUTABLE)
    if wrong:
        raise invalid_argument(f"Field {wrong[0]} cannot be updated.", ("update_mask", wrong[0]))
    changed = apply_update(found, call.body, paths)
    check_cleanup(changed.get("cleanupPolicies") or {})
    check_upstreams(call.tx, found["name"], found["format"], changed.get("virtualRepositoryConfig") or {})
    return _put(call, {key: value for key, value in changed.items() if value})


@method(f"{_API}.delete", permission="artifactregistry.repositories.delete", on=_repository)
def delete(call: Call) -> Json:
    """Delete a repository with everything in it."""
    name = find_repository(call.tx, call.params["name"])["name"]
    call.tx.delete(REPOSITORIES, name)
    delete_contents(call.tx, name)
    delete_everything(call.tx, name)
    delete_policy(call.tx, f"//{SERVICE}/{name}")
    parent = name.partition("/repositories/")[0]
    return _operation(call, parent, {"@type": "type.googleapis.com/google.protobuf.Empty"})


@method(f"{_API}.getIamPolicy", permission="artifactregistry.repositories.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may use the repository."""
    find_repository(call.tx, call.params["resource"])
    return get_iam_policy(call, _policy(call))


@method(f"{_API}.setIamPolicy", permission="artifactregistry.repositories.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may use the repository."""
    find_repository(call.tx, call.params["resource"])
    return set_iam_policy(call, _policy(call))


@method(f"{_API}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    find_repository(call.tx, call.params["resource"])
    return test_iam_permissions(call, _policy(call))


def _sized(call: Call, repository: Document) -> Json:
    """Return a repository with what it holds, in bytes."""
    name = repository["name"]
    sizes = [int(manifest["imageSizeBytes"]) + manifest["size"] for manifest in manifests(call.tx, name)]
    sizes += [int(kept["sizeBytes"]) for kept in files_of(call.tx, name)]
    return repository | ({"sizeBytes": str(sum(sizes))} if sizes else {})


def _put(call: Call, repository: Document) -> Document:
    scanning = repository.get("vulnerabilityScanningConfig", {})
    active = scanning.get("enablementConfig", "INHERITED") != "DISABLED"
    state = {"enablementState": "SCANNING_ACTIVE" if active else "SCANNING_DISABLED"}
    scanned = {"vulnerabilityScanningConfig": scanning | state} if repository["format"] == "DOCKER" else {}
    changed = repository | scanned | {"updateTime": timestamp(call.now)}
    call.tx.put(REPOSITORIES, repository["name"], changed)
    return changed


def _operation(call: Call, parent: str, response: Json) -> Json:
    name = f"{parent}/operations/{uuid4()}"
    return operations.succeeded(call, name, response, {"@type": f"{_TYPE}.OperationMetadata"})

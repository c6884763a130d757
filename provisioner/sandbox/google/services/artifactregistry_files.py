"""Files of the Artifact Registry API: uploaded as generic artifacts, listed, downloaded, deleted.

The blobs of Docker repositories are shown as files too, by their digest.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, not_found, unimplemented
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.registry import artifacts
from provisioner.sandbox.google.services.artifactregistry_repositories import find_repository, repository_resource
from provisioner.sandbox.google.services.docker_images import get_blob, manifests
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "artifactregistry.projects.locations.repositories"
_TYPE = "type.googleapis.com/google.devtools.artifactregistry.v1"
_DEPTH = 6


def _resource(call: Call) -> Resource:
    return repository_resource(call.tx, call.params.get("name") or call.params["parent"])


def _repository(call: Call) -> Document:
    name = call.params.get("name") or call.params["parent"]
    return find_repository(call.tx, "/".join(name.split("/")[:_DEPTH]))


@method(f"{_API}.genericArtifacts.upload", permission="artifactregistry.repositories.uploadArtifacts", on=_resource)
def upload(call: Call) -> Json:
    """Add a file to a version of a package of a generic repository."""
    repository = _repository(call)
    if repository["format"] != "GENERIC":
        raise failed_precondition(f"Repository {repository['name']} is not of format GENERIC.")
    if call.upload == "resumable" or call.media is None:
        raise unimplemented("The sandbox takes generic artifacts in one request (uploadType=multipart).")
    kept = artifacts.add_file(call.tx, repository["name"], call.body, call.media, call.now)
    parent = repository["name"].partition("/repositories/")[0]
    place = f"{repository['name']}/packages/{kept['package']}/versions/{kept['version']}"
    times = {key: kept[key] for key in ("createTime", "updateTime")}
    response = {"@type": f"{_TYPE}.GenericArtifact", "name": place, "version": kept["version"]} | times
    name = f"{parent}/operations/{uuid4()}"
    metadata = {"@type": f"{_TYPE}.UploadGenericArtifactMetadata"}
    return {"operation": operations.succeeded(call, name, response, metadata)}


@method(f"{_API}.files.list", permission="artifactregistry.files.list", on=_resource)
def list_files(call: Call) -> Json:
    """Return a page of a repository's files; ``filter`` may name the owner or a prefix of the name."""
    repository = _repository(call)["name"]
    rows = [artifacts.shown_file(repository, kept) for kept in artifacts.files_of(call.tx, repository)]
    rows += [_manifest_file(repository, manifest) for manifest in manifests(call.tx, repository)]
    wanted = _filter(call.params.get("filter", ""))
    found, token = page(call, sorted((row["name"], row) for row in rows if wanted(row)))
    return ({"files": found} if found else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.files.get", permission="artifactregistry.files.get", on=_resource)
def get_file(call: Call) -> Json:
    """Return one file."""
    repository = _repository(call)["name"]
    return _found(call, repository, _identifier(call))


@method(f"{_API}.files.download", permission="artifactregistry.files.get", on=_resource)
def download(call: Call) -> Response:
    """Return what a file holds; to see it and to have it are two permissions."""
    call.require("artifactregistry.files.download", _resource(call))
    repository, identifier = _repository(call)["name"], _identifier(call).removesuffix(":download")
    _found(call, repository, identifier)
    content = get_blob(call.tx, repository, identifier) or artifacts.read_file(call.tx, repository, identifier)
    headers = (("Content-Type", "application/octet-stream"), ("Content-Length", str(len(content))))
    return Response(200, headers, content)


@method(f"{_API}.files.patch", permission="artifactregistry.files.update", on=_resource)
def patch(call: Call) -> Json:
    """Change the annotations of a generic file."""
    repository, identifier = _repository(call)["name"], _identifier(call)
    kept = _generic(call, repository, identifier)
    paths = read_update_mask(
        call.params.get("updateMask") or "annotations", "GoogleDevtoolsArtifactregistryV1File", call.schemas
    )
    if any(path[0] != "annotations" for path in paths):
        raise invalid_argument("Only annotations can be updated.", ("update_mask", "annotations"))
    changed = apply_update(kept, call.body, paths) | {"updateTime": timestamp(call.now)}
    call.tx.put(artifacts.FILES, f"{repository} {identifier}", changed)
    return artifacts.shown_file(repository, changed)


@method(f"{_API}.files.delete", permission="artifactregistry.files.delete", on=_resource)
def delete(call: Call) -> Json:
    """Delete a generic file."""
    repository, identifier = _repository(call)["name"], _identifier(call)
    _generic(call, repository, identifier)
    artifacts.delete_file(call.tx, repository, identifier)
    name = f"{repository.partition('/repositories/')[0]}/operations/{uuid4()}"
    return operations.succeeded(call, name, {"@type": "type.googleapis.com/google.protobuf.Empty"})


def _identifier(call: Call) -> str:
    # By position: a repository may itself be called "files".
    return unquote("/".join(call.params["name"].split("/")[_DEPTH + 1 :]))


def _generic(call: Call, repository: str, identifier: str) -> Document:
    kept = artifacts.find_file(call.tx, repository, identifier)
    if kept is None:
        raise not_found("Requested entity was not found.")
    return kept


def _found(call: Call, repository: str, identifier: str) -> Json:
    kept = artifacts.find_file(call.tx, repository, identifier)
    if kept is not None:
        return artifacts.shown_file(repository, kept)
    manifest = next((each for each in manifests(call.tx, repository) if each["digest"] == identifier), None)
    if manifest is not None:
        return _manifest_file(repository, manifest)
    content = get_blob(call.tx, repository, identifier)
    if content is None:
        raise not_found("Requested entity was not found.")
    hashes = artifacts.hashes_of(content)
    return {
        "name": artifacts.file_name(repository, identifier),
        "sizeBytes": str(len(content)),
        "hashes": hashes,
    }


def _manifest_file(repository: str, manifest: Document) -> Json:
    package = quote(manifest["image"], safe="")
    return {
        "name": artifacts.file_name(repository, manifest["digest"]),
        "sizeBytes": str(manifest["size"]),
        "createTime": manifest["uploadTime"],
        "updateTime": manifest["uploadTime"],
        "owner": f"{repository}/packages/{package}/versions/{manifest['digest']}",
    }


def _filter(text: str) -> Any:  # noqa: ANN401 - a test of files
    """Return a test for ``owner="…"`` or ``name="…*"``. Raises ApiError for anything else."""
    if not text:
        return bool
    field, _, wanted = (part.strip().strip('"') for part in text.partition("="))
    if field not in {"owner", "name"} or not wanted:
        raise invalid_argument(f"Invalid filter: {text}", ("filter", "owner or name"))
    if wanted.endswith("*"):
        return lambda row: str(row.get(field, "")).startswith(wanted[:-1])
    return lambda row: row.get(field, "") == wanted

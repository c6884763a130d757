"""Packages, versions and tags of the Artifact Registry API: images and their manifests, and generic artifacts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import (
    ApiError,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
)
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.registry import artifacts
from provisioner.sandbox.google.services import docker_images
from provisioner.sandbox.google.services.artifactregistry_contents import build_time
from provisioner.sandbox.google.services.artifactregistry_repositories import find_repository, repository_resource
from provisioner.sandbox.google.services.docker_images import Image, RegistryError
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "artifactregistry.projects.locations.repositories.packages"
_ANNOTATIONS = "google/artifactregistry.annotations"  # "<package's or version's name>" -> {"annotations"}
_DEPTH = 6  # projects/p/locations/l/repositories/r
_NOT_FOUND, _CONFLICT = 404, 409


def _name(call: Call) -> str:
    return str(call.params.get("name") or call.params["parent"])


def _resource(call: Call) -> Resource:
    return repository_resource(call.tx, _name(call))


def _repository(call: Call) -> str:
    return str(find_repository(call.tx, "/".join(_name(call).split("/")[:_DEPTH]))["name"])


def _package(call: Call) -> Image:
    parts = "/".join(_name(call).split("/")[_DEPTH + 1 :])  # by position: a repository may be called "packages"
    return Image(_repository(call), unquote(parts.partition("/versions")[0].partition("/tags")[0]))


def _place(image: Image) -> str:
    return f"{image.repository}/packages/{quote(image.name, safe='')}"


def _listed(call: Call, kind: str, rows: Iterable[Json]) -> Json:
    items, token = page(call, ((row["name"], row) for row in sorted(rows, key=lambda row: str(row["name"]))))
    return ({kind: items} if items else {}) | ({"nextPageToken": token} if token else {})


def _packages(call: Call, repository: str) -> dict[str, Json]:
    """Return the packages of a repository by name, with the times of their first and last version."""
    rows: dict[str, Json] = {}
    times = [
        (each["image"], each["uploadTime"], each["uploadTime"]) for each in docker_images.manifests(call.tx, repository)
    ]
    times += [
        (each["package"], each["createTime"], each["updateTime"]) for each in artifacts.versions_of(call.tx, repository)
    ]
    for package, created, updated in times:
        name = _place(Image(repository, package))
        row = rows.setdefault(package, {"name": name, "createTime": created, "updateTime": updated})
        row["createTime"], row["updateTime"] = min(row["createTime"], created), max(row["updateTime"], updated)
        row |= call.tx.get(_ANNOTATIONS, name) or {}
    return rows


def _versions(call: Call, image: Image) -> list[Json]:
    own = [_manifest(call, image, each) for each in docker_images.manifests(call.tx, image.repository, image.name)]
    return own + [_generic(image, each) for each in artifacts.versions_of(call.tx, image.repository, image.name)]


def _manifest(call: Call, image: Image, manifest: Document) -> Json:
    metadata = {
        "name": f"{image.repository}/dockerImages/{quote(image.name, safe='')}@{manifest['digest']}",
        "mediaType": manifest["mediaType"],
        "imageSizeBytes": manifest["imageSizeBytes"],
    }
    built = build_time(call, image.repository, manifest["digest"])
    metadata |= {"buildTime": built} if built else {}
    tags = [_tag(image, tag, manifest["digest"]) for tag in docker_images.tags_of(call.tx, image, manifest["digest"])]
    name = f"{_place(image)}/versions/{manifest['digest']}"
    times = {"createTime": manifest["uploadTime"], "updateTime": manifest["uploadTime"]}
    kept = call.tx.get(_ANNOTATIONS, name) or {}
    return {"name": name, **times, "metadata": metadata, **kept} | ({"relatedTags": tags} if tags else {})


def _generic(image: Image, kept: Document) -> Json:
    fields = {key: kept[key] for key in ("createTime", "updateTime", "annotations") if key in kept}
    return {"name": f"{_place(image)}/versions/{kept['version']}"} | fields


def _tag(image: Image, tag: str, digest: str) -> Json:
    return {"name": f"{_place(image)}/tags/{tag}", "version": f"{_place(image)}/versions/{digest}"}


@method(f"{_API}.list", permission="artifactregistry.packages.list", on=_resource)
def list_packages(call: Call) -> Json:
    """Return a page of a repository's packages."""
    return _listed(call, "packages", _packages(call, _repository(call)).values())


@method(f"{_API}.get", permission="artifactregistry.packages.get", on=_resource)
def get_package(call: Call) -> Json:
    """Return a package."""
    return _existing(call)


@method(f"{_API}.patch", permission="artifactregistry.packages.update", on=_resource)
def patch_package(call: Call) -> Json:
    """Change a package's annotations."""
    return _annotated(call, _existing(call), "Package")


@method(f"{_API}.delete", permission="artifactregistry.packages.delete", on=_resource)
def delete_package(call: Call) -> Json:
    """Delete a package with all its versions and tags."""
    package = _package(call)
    _existing(call)
    if docker_images.tags_of(call.tx, package) and docker_images.has_immutable_tags(call.tx, package.repository):
        raise failed_precondition("The repository has enabled tag immutability")
    for each in list(docker_images.manifests(call.tx, package.repository, package.name)):
        docker_images.forget_manifest(call.tx, package, each["digest"])
    for kept in list(artifacts.versions_of(call.tx, package.repository, package.name)):
        artifacts.delete_version(call.tx, package.repository, package.name, kept["version"])
    return _emptied(call, package)


@method(f"{_API}.versions.list", permission="artifactregistry.versions.list", on=_resource)
def list_versions(call: Call) -> Json:
    """Return a page of a package's versions; tags and metadata only in the view FULL."""
    rows = _versions(call, _package(call))
    return _listed(call, "versions", [_in_view(call, row) for row in rows])


@method(f"{_API}.versions.get", permission="artifactregistry.versions.get", on=_resource)
def get_version(call: Call) -> Json:
    """Return one version."""
    return _in_view(call, _existing_version(call))


@method(f"{_API}.versions.patch", permission="artifactregistry.versions.update", on=_resource)
def patch_version(call: Call) -> Json:
    """Change a version's annotations."""
    return _annotated(call, _existing_version(call), "Version")


@method(f"{_API}.versions.delete", permission="artifactregistry.versions.delete", on=_resource)
def delete_version(call: Call) -> Json:
    """Delete a version; a tagged one only with ``force`` and mutable tags."""
    package = _package(call)
    _delete_version(call, package, _name(call).rpartition("/")[2], force=bool(call.params.get("force")))
    return _emptied(call, package)


@method(f"{_API}.versions.batchDelete", permission="artifactregistry.versions.delete", on=_resource)
def delete_versions(call: Call) -> Json:
    """Delete several versions, all or none."""
    names = call.body.get("names") or []
    if not names:
        raise invalid_argument("The names of the versions must be set.", ("names", "required"))
    package = _package(call)
    if not call.body.get("validateOnly"):
        for name in names:
            _delete_version(call, package, name.rpartition("/")[2], force=True)
    return _emptied(call, package)


@method(f"{_API}.tags.list", permission="artifactregistry.tags.list", on=_resource)
def list_tags(call: Call) -> Json:
    """Return a page of a package's tags; ``filter=version="…"`` narrows."""
    package = _package(call)
    wanted = _version_filter(call.params.get("filter", ""))
    rows = []
    for each in docker_images.manifests(call.tx, package.repository, package.name):
        if not wanted or each["digest"] == wanted:
            tags = docker_images.tags_of(call.tx, package, each["digest"])
            rows += [_tag(package, tag, each["digest"]) for tag in tags]
    return _listed(call, "tags", rows)


@method(f"{_API}.tags.get", permission="artifactregistry.tags.get", on=_resource)
def get_tag(call: Call) -> Json:
    """Return one tag."""
    package, tag = _package(call), _name(call).rpartition("/")[2]
    manifest = docker_images.resolve(call.tx, package, tag)
    if manifest is None or tag not in docker_images.tags_of(call.tx, package):
        raise not_found("Requested entity was not found.")
    return _tag(package, tag, manifest["digest"])


@method(f"{_API}.tags.create", permission="artifactregistry.tags.create", on=_resource)
def create_tag(call: Call) -> Json:
    """Create a tag of a version."""
    return _pointed(call, call.params.get("tagId") or call.body.get("name", "").rpartition("/")[2], existing=False)


@method(f"{_API}.tags.patch", permission="artifactregistry.tags.update", on=_resource)
def patch_tag(call: Call) -> Json:
    """Point a tag to another version, unless the repository's tags are immutable."""
    return _pointed(call, _name(call).rpartition("/")[2], existing=True)


@method(f"{_API}.tags.delete", permission="artifactregistry.tags.delete", on=_resource)
def remove_tag(call: Call) -> None:
    """Delete a tag, unless the repository's tags are immutable."""
    try:
        docker_images.delete_tag(call.tx, _package(call), _name(call).rpartition("/")[2])
    except RegistryError as error:
        raise _api_error(error) from None


def _pointed(call: Call, tag: str, *, existing: bool) -> Json:
    package, digest = _package(call), call.body.get("version", "").rpartition("/")[2]
    try:
        docker_images.create_tag(call.tx, package, tag, digest, existing=existing)
    except RegistryError as error:
        raise _api_error(error) from None
    return _tag(package, tag, digest)


def _existing(call: Call) -> Json:
    package = _package(call)
    found = _packages(call, package.repository).get(package.name)
    if found is None:
        raise not_found("Requested entity was not found.")
    return found


def _existing_version(call: Call) -> Json:
    package = _package(call)
    manifest = docker_images.resolve(call.tx, package, _name(call).rpartition("/")[2])
    wanted = manifest["digest"] if manifest else _name(call).rpartition("/")[2]
    found = next((row for row in _versions(call, package) if row["name"].endswith(f"/versions/{wanted}")), None)
    if found is None:
        raise not_found("Requested entity was not found.")
    return found


def _in_view(call: Call, row: Json) -> Json:
    hidden = ("relatedTags", "metadata") if call.params.get("view") == "BASIC" else ()
    return {key: value for key, value in row.items() if key not in hidden}


def _delete_version(call: Call, package: Image, version: str, *, force: bool) -> None:
    if artifacts.delete_version(call.tx, package.repository, package.name, version):
        return
    try:
        docker_images.delete_manifest(call.tx, package, version, force=force)
    except RegistryError as error:
        raise _api_error(error) from None


def _annotated(call: Call, found: Json, kind: str) -> Json:
    paths = read_update_mask(call.params.get("updateMask") or "annotations", kind, call.schemas)
    if any(path[0] != "annotations" for path in paths):
        raise invalid_argument("Only annotations can be updated.", ("update_mask", "annotations"))
    changed = apply_update(found, call.body, paths)
    call.tx.put(_ANNOTATIONS, found["name"], {"annotations": changed.get("annotations") or {}})
    return changed


def _version_filter(text: str) -> str:
    """Return the version that a filter names, empty for all. Raises ApiError for another filter."""
    if not text:
        return ""
    field, _, wanted = (part.strip().strip('"') for part in text.partition("="))
    if field != "version" or not wanted:
        raise invalid_argument(f"Invalid filter: {text}", ("filter", 'version="…"'))
    return wanted.rpartition("/")[2]


def _emptied(call: Call, package: Image) -> Json:
    name = f"{package.repository.partition('/repositories/')[0]}/operations/{uuid4()}"
    return operations.succeeded(call, name, {"@type": "type.googleapis.com/google.protobuf.Empty"})


def _api_error(error: RegistryError) -> ApiError:
    if error.status == _CONFLICT:
        return already_exists("Requested entity already exists")
    if error.status == _NOT_FOUND:
        return not_found("Requested entity was not found.")
    return failed_precondition(error.message)

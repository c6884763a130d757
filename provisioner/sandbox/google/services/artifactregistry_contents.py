"""Docker images, packages, versions and tags of the Artifact Registry API (v1), read from what was pushed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import ApiError, failed_precondition, not_found
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.artifactregistry_repositories import find_repository, repository_resource
from provisioner.sandbox.google.services.docker_images import (
    Image,
    RegistryError,
    delete_manifest,
    delete_tag,
    manifests,
    resolve,
    tags_of,
)
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "artifactregistry.projects.locations.repositories"
_DEPTH = 6  # projects/p/locations/l/repositories/r
_NOT_FOUND = 404


def _resource(call: Call) -> Resource:
    return repository_resource(call.tx, call.params.get("name") or call.params["parent"])


def _repository(call: Call) -> Document:
    name = call.params.get("name") or call.params["parent"]
    return find_repository(call.tx, "/".join(name.split("/")[:_DEPTH]))


def _package(call: Call) -> Image:
    parts = (call.params.get("name") or call.params["parent"]).split("/packages/", 1)[1]
    return Image(_repository(call)["name"], unquote(parts.partition("/versions")[0].partition("/tags")[0]))


def _listed(call: Call, kind: str, rows: Iterable[Json]) -> Json:
    items, token = page(call, ((row["name"], row) for row in sorted(rows, key=lambda row: str(row["name"]))))
    return ({kind: items} if items else {}) | ({"nextPageToken": token} if token else {})


def _docker_image(call: Call, repository: Document, manifest: Document) -> Json:
    image = Image(repository["name"], manifest["image"])
    uri = f"{repository['registryUri']}/{image.name}@{manifest['digest']}"
    shown = {
        "name": f"{image.repository}/dockerImages/{quote(image.name, safe='')}@{manifest['digest']}",
        "uri": uri,
        "imageSizeBytes": manifest["imageSizeBytes"],
        "mediaType": manifest["mediaType"],
        "uploadTime": manifest["uploadTime"],
        "updateTime": manifest["uploadTime"],
    }
    tags = tags_of(call.tx, image, manifest["digest"])
    return shown | ({"tags": tags} if tags else {})


def _version(call: Call, image: Image, manifest: Document) -> Json:
    place = f"{image.repository}/packages/{quote(image.name, safe='')}"
    tags = [
        {"name": f"{place}/tags/{tag}", "version": f"{place}/versions/{manifest['digest']}"}
        for tag in tags_of(call.tx, image, manifest["digest"])
    ]
    return {
        "name": f"{place}/versions/{manifest['digest']}",
        "createTime": manifest["uploadTime"],
        "updateTime": manifest["uploadTime"],
        "metadata": {"mediaType": manifest["mediaType"], "imageSizeBytes": manifest["imageSizeBytes"]},
    } | ({"relatedTags": tags} if tags else {})


@method(f"{_API}.dockerImages.list", permission="artifactregistry.dockerimages.list", on=_resource)
def list_images(call: Call) -> Json:
    """Return a page of the images of a repository, one per manifest."""
    repository = _repository(call)
    found = manifests(call.tx, repository["name"])
    return _listed(call, "dockerImages", [_docker_image(call, repository, manifest) for manifest in found])


@method(f"{_API}.dockerImages.get", permission="artifactregistry.dockerimages.get", on=_resource)
def get_image(call: Call) -> Json:
    """Return one image by digest or tag."""
    repository = _repository(call)
    last = unquote(call.params["name"].split("/dockerImages/", 1)[1])
    name, separator, reference = last.partition("@") if "@" in last else last.rpartition(":")
    manifest = resolve(call.tx, Image(repository["name"], name), reference) if separator else None
    if manifest is None:
        raise not_found("Requested entity was not found.")
    return _docker_image(call, repository, manifest)


@method(f"{_API}.packages.list", permission="artifactregistry.packages.list", on=_resource)
def list_packages(call: Call) -> Json:
    """Return a page of a repository's packages: its image names."""
    repository = _repository(call)["name"]
    rows: dict[str, Json] = {}
    for manifest in manifests(call.tx, repository):
        name = f"{repository}/packages/{quote(manifest['image'], safe='')}"
        row = rows.setdefault(name, {"name": name, "createTime": manifest["uploadTime"], "updateTime": ""})
        row["createTime"] = min(row["createTime"], manifest["uploadTime"])
        row["updateTime"] = max(row["updateTime"], manifest["uploadTime"])
    return _listed(call, "packages", rows.values())


@method(f"{_API}.packages.versions.list", permission="artifactregistry.versions.list", on=_resource)
def list_versions(call: Call) -> Json:
    """Return a page of an image's manifests."""
    image = _package(call)
    rows = [_version(call, image, manifest) for manifest in manifests(call.tx, image.repository, image.name)]
    return _listed(call, "versions", rows)


@method(f"{_API}.packages.versions.get", permission="artifactregistry.versions.get", on=_resource)
def get_version(call: Call) -> Json:
    """Return one manifest of an image."""
    image = _package(call)
    manifest = resolve(call.tx, image, call.params["name"].rpartition("/")[2])
    if manifest is None:
        raise not_found("Requested entity was not found.")
    return _version(call, image, manifest)


@method(f"{_API}.packages.versions.delete", permission="artifactregistry.versions.delete", on=_resource)
def delete_version(call: Call) -> Json:
    """Delete a manifest; a tagged one only with ``force`` and mutable tags."""
    image = _package(call)
    digest = call.params["name"].rpartition("/")[2]
    try:
        delete_manifest(call.tx, image, digest, force=bool(call.params.get("force")))
    except RegistryError as error:
        raise _api_error(error) from None
    parent = image.repository.partition("/repositories/")[0]
    empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
    return operations.succeeded(call, f"{parent}/operations/{uuid4()}", empty)


@method(f"{_API}.packages.tags.list", permission="artifactregistry.tags.list", on=_resource)
def list_tags(call: Call) -> Json:
    """Return a page of an image's tags."""
    image = _package(call)
    return _listed(call, "tags", [_tag(call, image, tag) for tag in tags_of(call.tx, image)])


@method(f"{_API}.packages.tags.get", permission="artifactregistry.tags.get", on=_resource)
def get_tag(call: Call) -> Json:
    """Return one tag of an image."""
    image, tag = _package(call), call.params["name"].rpartition("/")[2]
    if tag not in tags_of(call.tx, image):
        raise not_found("Requested entity was not found.")
    return _tag(call, image, tag)


@method(f"{_API}.packages.tags.delete", permission="artifactregistry.tags.delete", on=_resource)
def remove_tag(call: Call) -> None:
    """Delete a tag, unless the repository's tags are immutable."""
    try:
        delete_tag(call.tx, _package(call), call.params["name"].rpartition("/")[2])
    except RegistryError as error:
        raise _api_error(error) from None


def _tag(call: Call, image: Image, tag: str) -> Json:
    place = f"{image.repository}/packages/{quote(image.name, safe='')}"
    manifest = resolve(call.tx, image, tag) or {"digest": ""}
    return {"name": f"{place}/tags/{tag}", "version": f"{place}/versions/{manifest['digest']}"}


def _api_error(error: RegistryError) -> ApiError:
    if error.status == _NOT_FOUND:
        return not_found("Requested entity was not found.")
    return failed_precondition(error.message)

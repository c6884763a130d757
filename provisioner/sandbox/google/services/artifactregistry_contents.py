"""Docker images of the Artifact Registry API (v1), read from what was pushed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

from provisioner.sandbox.google.errors import not_found
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.artifactregistry_repositories import find_repository, repository_resource
from provisioner.sandbox.google.services.docker_images import Image, get_blob, manifests, resolve, tags_of
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "artifactregistry.projects.locations.repositories"
_DEPTH = 6  # projects/p/locations/l/repositories/r


def _resource(call: Call) -> Resource:
    return repository_resource(call.tx, call.params.get("name") or call.params["parent"])


def _repository(call: Call) -> Document:
    name = call.params.get("name") or call.params["parent"]
    return find_repository(call.tx, "/".join(name.split("/")[:_DEPTH]))


@method(f"{_API}.dockerImages.list", permission="artifactregistry.dockerimages.list", on=_resource)
def list_images(call: Call) -> Json:
    """Return a page of the images of a repository, one per manifest."""
    repository = _repository(call)
    rows = [_docker_image(call, repository, manifest) for manifest in manifests(call.tx, repository["name"])]
    items, token = page(call, ((row["name"], row) for row in sorted(rows, key=lambda row: str(row["name"]))))
    return ({"dockerImages": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.dockerImages.get", permission="artifactregistry.dockerimages.get", on=_resource)
def get_image(call: Call) -> Json:
    """Return one image by digest or tag."""
    repository = _repository(call)
    last = unquote("/".join(call.params["name"].split("/")[_DEPTH + 1 :]))
    name, separator, reference = last.partition("@") if "@" in last else last.rpartition(":")
    manifest = resolve(call.tx, Image(repository["name"], name), reference) if separator else None
    if manifest is None:
        raise not_found("Requested entity was not found.")
    return _docker_image(call, repository, manifest)


def build_time(call: Call, repository: str, digest: str) -> str:
    """Return when an image was built, as its configuration says; empty when it does not."""
    document = json.loads(get_blob(call.tx, repository, digest) or b"{}")
    content = get_blob(call.tx, repository, (document.get("config") or {}).get("digest", ""))
    try:
        created = json.loads(content or b"{}").get("created", "")
    except (ValueError, AttributeError):
        return ""
    return created if isinstance(created, str) else ""


def _docker_image(call: Call, repository: Document, manifest: Document) -> Json:
    image = Image(repository["name"], manifest["image"])
    built = build_time(call, image.repository, manifest["digest"])
    shown = {
        "name": f"{image.repository}/dockerImages/{quote(image.name, safe='')}@{manifest['digest']}",
        "uri": f"{repository['registryUri']}/{image.name}@{manifest['digest']}",
        "imageSizeBytes": manifest["imageSizeBytes"],
        "mediaType": manifest["mediaType"],
        "uploadTime": manifest["uploadTime"],
        "updateTime": manifest["uploadTime"],
    }
    kind = {"artifactType": manifest["artifactType"]} if manifest.get("artifactType") else {}
    tags = tags_of(call.tx, image, manifest["digest"])
    return shown | kind | ({"buildTime": built} if built else {}) | ({"tags": tags} if tags else {})

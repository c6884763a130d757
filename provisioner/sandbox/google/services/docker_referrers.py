"""What a container registry lists: tags, who refers to a manifest, images of a repository or a whole location.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#content-discovery; Google adds to the tags what
``gcrane ls`` reads: the manifests by digest and the images below.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from provisioner.sandbox.google.method import Answer, Call, route
from provisioner.sandbox.google.services.artifactregistry_repositories import repository_resource
from provisioner.sandbox.google.services.docker_access import (
    HOST,
    NAME,
    allowed_image,
    image_at,
    refusal,
    registry_refusal,
    sources,
)
from provisioner.sandbox.google.services.docker_images import (
    DIGEST,
    REPOSITORIES,
    Image,
    RegistryError,
    manifests,
    referrers,
    tags_of,
)
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.http import Response, json_response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_INDEX = "application/vnd.oci.image.index.v1+json"
_PLACE = r"/v2/(?P<project>[^/]+)/(?P<repository>[^/]+)"


@route(HOST, "GET", r"/v2/_catalog", name="docker.catalog", errors=refusal)
def catalog(call: Call) -> Answer:
    """Return the images of this location that the caller may list, of all projects."""
    location = call.request.host.removesuffix("-docker.pkg.dev")
    names = []
    for key, found in call.tx.scan(REPOSITORIES):
        _, project, _, place, _, repository = key.split("/")
        if place == location and found["format"] == "DOCKER" and _may_list(call, key):
            names += [f"{project}/{repository}/{image}" for image in _images(call, key)]
    return _page(call, "repositories", sorted(names))


@route(HOST, "GET", rf"{_PLACE}/tags/list", name="docker.images.list", public=True, errors=refusal)
def list_images(call: Call) -> Answer:
    """Return the images right in a repository, as children of its name."""
    place = image_at(call, call.params["project"], call.params["repository"], "", "downloadArtifacts")
    children = sorted({name.partition("/")[0] for name in _images(call, place.repository)})
    name = f"{call.params['project']}/{call.params['repository']}"
    return json_response({"child": children, "manifest": {}, "name": name, "tags": []})


@route(HOST, "GET", rf"{NAME}/tags/list", name="docker.tags.list", public=True, errors=refusal)
def list_tags(call: Call) -> Answer:
    """Return a page of an image's tags, with Google's map of its manifests and the images below it."""
    image = allowed_image(call, "downloadArtifacts")
    found = sources(call.tx, image)
    tags = sorted({tag for source in found for tag in tags_of(call.tx, source)})
    below = [name.removeprefix(f"{image.name}/") for source in found for name in _images(call, source.repository)
             if name.startswith(f"{image.name}/")]  # fmt: skip
    extra = {
        "child": sorted({name.partition("/")[0] for name in below}),
        "manifest": {
            manifest["digest"]: _manifest(call, source, manifest)
            for source in found
            for manifest in manifests(call.tx, source.repository, source.name)
        },
        "name": f"{call.params['project']}/{call.params['repository']}/{image.name}",
    }
    return _page(call, "tags", tags, extra)


@route(HOST, "GET", rf"{NAME}/referrers/(?P<digest>[^/]+)", name="docker.referrers", public=True, errors=refusal)
def list_referrers(call: Call) -> Answer:
    """Return an index of the manifests whose subject is a digest; of one type when ``artifactType`` says so."""
    image = allowed_image(call, "downloadArtifacts")
    digest = call.params["digest"].replace("%3A", ":")
    if not DIGEST.fullmatch(digest):
        return registry_refusal(RegistryError("DIGEST_INVALID", f"{digest} is no digest"))
    wanted = call.params.get("artifactType", "")
    found = [_descriptor(each) for each in referrers(call.tx, image, digest)]
    shown = [each for each in found if not wanted or each.get("artifactType") == wanted]
    applied = (("OCI-Filters-Applied", "artifactType"),) if wanted else ()
    answer = json_response({"schemaVersion": 2, "mediaType": _INDEX, "manifests": shown}, headers=applied)
    headers = tuple(header for header in answer.headers if header[0].lower() != "content-type")
    return Response(200, (*headers, ("Content-Type", _INDEX)), answer.body)


def _page(call: Call, field: str, names: list[str], extra: Json | None = None) -> Response:
    """Return names after ``last``, ``n`` of them, with a Link to the rest (RFC 5988)."""
    last, most = call.params.get("last", ""), call.params.get("n", "")
    if most and not most.isdecimal():
        return registry_refusal(RegistryError("PAGINATION_NUMBER_INVALID", f"n is {most!r}"))
    rest = [name for name in names if name > last]
    shown = rest[: int(most)] if most else rest
    link: tuple[tuple[str, str], ...] = ()
    if shown and len(shown) < len(rest):
        query = urlencode({"n": most, "last": shown[-1]}, quote_via=quote)
        link = (("Link", f'<{call.request.path}?{query}>; rel="next"'),)
    return json_response((extra or {}) | {field: shown}, headers=link)


def _may_list(call: Call, repository: str) -> bool:
    return call.holds("artifactregistry.packages.list", repository_resource(call.tx, repository))


def _images(call: Call, repository: str) -> list[str]:
    return sorted({manifest["image"] for manifest in manifests(call.tx, repository)})


def _manifest(call: Call, image: Image, manifest: Document) -> Json:
    uploaded = str(int(parse_timestamp(manifest["uploadTime"]).timestamp() * 1000))
    return {
        "imageSizeBytes": manifest["imageSizeBytes"],
        "layerId": "",
        "mediaType": manifest["mediaType"],
        "tag": tags_of(call.tx, image, manifest["digest"]),
        "timeCreatedMs": uploaded,
        "timeUploadedMs": uploaded,
    }


def _descriptor(manifest: Document) -> Json:
    kept = {key: manifest[key] for key in ("mediaType", "digest", "size")}
    return kept | {key: manifest[key] for key in ("artifactType", "annotations") if key in manifest}

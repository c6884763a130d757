"""The container registry ``<location>-docker.pkg.dev``: pulls, manifests and tags (OCI distribution).

Reading needs ``artifactregistry.repositories.downloadArtifacts``, writing ``uploadArtifacts``, deleting
``deleteArtifacts``. https://cloud.google.com/artifact-registry/docs/docker/authentication.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError, not_found
from provisioner.sandbox.google.method import Answer, Call, route
from provisioner.sandbox.google.services.docker_access import (
    HOST,
    NAME,
    allowed_image,
    refusal,
    registry_refusal,
    token_of,
)
from provisioner.sandbox.google.services.docker_images import (
    DIGEST,
    RegistryError,
    delete_manifest,
    delete_tag,
    get_blob,
    put_manifest,
    resolve,
    tags_of,
)
from provisioner.sandbox.http import Response, json_response

Json = dict[str, Any]
_API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


@route(HOST, "GET", r"/v2/", name="docker.ping", public=True, errors=refusal)
def ping(call: Call) -> Answer:
    """Tell a client that this is a registry, and where tokens come from."""
    if call.caller.anonymous:
        return _challenge(call)
    return json_response({}, headers=(_API_VERSION,))


@route(HOST, "GET", r"/v2/token", name="docker.token", public=True, errors=refusal)
def token(call: Call) -> Answer:
    """Give the caller's own access token back: it is what every later request carries."""
    if call.caller.anonymous:
        return _challenge(call)
    return {"token": token_of(call.request), "expires_in": 3600}


@route(HOST, ("GET", "HEAD"), rf"{NAME}/blobs/(?P<digest>[^/]+)", name="docker.blobs.get", public=True, errors=refusal)
def read_blob(call: Call) -> Answer:
    """Return a blob."""
    image = allowed_image(call, "downloadArtifacts")
    digest = call.params["digest"].replace("%3A", ":")
    content = get_blob(call.tx, image.repository, digest)
    if content is None:
        return registry_refusal(RegistryError("BLOB_UNKNOWN", f"blob {digest} was not found", 404))
    return _content(call, content, "application/octet-stream", digest)


@route(
    HOST,
    ("GET", "HEAD"),
    rf"{NAME}/manifests/(?P<reference>[^/]+)",
    name="docker.manifests.get",
    public=True,
    errors=refusal,
)
def read_manifest(call: Call) -> Answer:
    """Return a manifest by tag or digest."""
    image = allowed_image(call, "downloadArtifacts")
    manifest = resolve(call.tx, image, _reference(call))
    if manifest is None:
        return registry_refusal(RegistryError("MANIFEST_UNKNOWN", f"manifest {_reference(call)} was not found", 404))
    content = get_blob(call.tx, image.repository, manifest["digest"]) or b""
    return _content(call, content, manifest["mediaType"], manifest["digest"])


@route(HOST, "PUT", rf"{NAME}/manifests/(?P<reference>[^/]+)", name="docker.manifests.put", errors=refusal)
def write_manifest(call: Call) -> Answer:
    """Keep a manifest under a tag or its digest."""
    image = allowed_image(call, "uploadArtifacts")
    media_type = call.request.headers.get("content-type", "")
    try:
        digest = put_manifest(call.tx, image, _reference(call), call.request.body, media_type, now=call.now)
    except RegistryError as error:
        return registry_refusal(error)
    location = f"{call.request.path.rpartition('/')[0]}/{digest}"
    return Response(201, (_API_VERSION, ("Location", location), ("Docker-Content-Digest", digest)))


@route(HOST, "DELETE", rf"{NAME}/manifests/(?P<reference>[^/]+)", name="docker.manifests.delete", errors=refusal)
def remove_manifest(call: Call) -> Answer:
    """Delete a tag, or a manifest that no tag holds."""
    image = allowed_image(call, "deleteArtifacts")
    remove = delete_manifest if DIGEST.fullmatch(_reference(call)) else delete_tag
    try:
        remove(call.tx, image, _reference(call))
    except RegistryError as error:
        return registry_refusal(error)
    return Response(202, (_API_VERSION,))


@route(HOST, "GET", rf"{NAME}/tags/list", name="docker.tags.list", public=True, errors=refusal)
def list_tags(call: Call) -> Answer:
    """Return the tags of an image, and Google's map of its manifests."""
    image = allowed_image(call, "downloadArtifacts")
    name = f"{call.params['project']}/{call.params['repository']}/{image.name}"
    return json_response({"child": [], "manifest": {}, "name": name, "tags": tags_of(call.tx, image)})


@route(HOST, ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"), r"/.*", name="docker.unknown", errors=refusal)
def unknown(call: Call) -> Answer:
    """Refuse every other path."""
    raise not_found(f"{call.request.method} {call.request.path} is not part of the registry's protocol.")


def _reference(call: Call) -> str:
    return str(call.params["reference"]).replace("%3A", ":")


def _challenge(call: Call) -> Response:
    error = ApiError("UNAUTHENTICATED", "authentication required")
    host = call.request.host
    challenge = ("WWW-Authenticate", f'Bearer realm="https://{host}/v2/token",service="{host}"')
    answer = refusal(error)
    kept = tuple(header for header in answer.headers if header[0].lower() != "www-authenticate")
    return Response(401, (*kept, challenge), answer.body)


def _content(call: Call, content: bytes, media_type: str, digest: str) -> Response:
    headers = (
        _API_VERSION,
        ("Content-Type", media_type),
        ("Content-Length", str(len(content))),
        ("Docker-Content-Digest", digest),
    )
    return Response(200, headers, b"" if call.request.method == "HEAD" else content)

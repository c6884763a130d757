"""The container registry ``<location>-docker.pkg.dev``: pulls, manifests and tags (OCI distribution).

Reading needs ``artifactregistry.repositories.downloadArtifacts``, writing ``uploadArtifacts``, deleting
``deleteArtifacts``. https://cloud.google.com/artifact-registry/docs/docker/authentication.
"""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import ApiError, not_found, permission_denied
from provisioner.sandbox.google.method import Answer, Call, route
from provisioner.sandbox.google.registry.downloads import may_download
from provisioner.sandbox.google.services.docker_access import (
    HOST,
    NAME,
    allowed_image,
    refusal,
    registry_refusal,
    sources,
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
)
from provisioner.sandbox.http import Response, json_response

Json = dict[str, Any]
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
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
    """Return a blob, or the range of it that is asked for."""
    image = allowed_image(call, "downloadArtifacts")
    digest = call.params["digest"].replace("%3A", ":")
    found = (get_blob(call.tx, source.repository, digest) for source in sources(call.tx, image))
    content = next((each for each in found if each is not None), None)
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
    for source in sources(call.tx, image):
        manifest = resolve(call.tx, source, _reference(call))
        if manifest is None:
            continue
        if not may_download(call.tx, source.repository, source.name):
            raise permission_denied(f"The download of {source.name} is denied by a rule of the repository.")
        content = get_blob(call.tx, source.repository, manifest["digest"]) or b""
        return _content(call, content, manifest["mediaType"], manifest["digest"])
    return registry_refusal(RegistryError("MANIFEST_UNKNOWN", f"manifest {_reference(call)} was not found", 404))


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
    kept = resolve(call.tx, image, digest) or {}
    subject = (("OCI-Subject", kept["subject"]),) if kept.get("subject") else ()
    return Response(201, (_API_VERSION, ("Location", location), ("Docker-Content-Digest", digest), *subject))


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


@route(HOST, "DELETE", rf"{NAME}/blobs/(?P<digest>[^/]+)", name="docker.blobs.delete", errors=refusal)
def remove_blob(call: Call) -> Answer:
    """Refuse: blobs go with the manifests that need them, not by themselves."""
    allowed_image(call, "deleteArtifacts")
    return registry_refusal(RegistryError("UNSUPPORTED", "The operation is unsupported.", 405))


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
    wanted = _RANGE.fullmatch(call.request.headers.get("range", ""))
    if wanted and int(wanted[1]) >= len(content):
        return Response(416, (_API_VERSION, ("Content-Range", f"bytes */{len(content)}")))
    first, last = (int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)) if wanted else (0, 0)
    shown = content[first : last + 1] if wanted else content
    ranged = (("Content-Range", f"bytes {first}-{last}/{len(content)}"),) if wanted else ()
    headers = (
        _API_VERSION,
        ("Content-Type", media_type),
        ("Content-Length", str(len(shown))),
        ("Docker-Content-Digest", digest),
        *ranged,
    )
    return Response(206 if wanted else 200, headers, b"" if call.request.method == "HEAD" else shown)

"""Uploads of blobs to a container registry: in one request, or in chunks through a session."""

from __future__ import annotations

import re
from uuid import uuid4

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Answer, Call, route
from provisioner.sandbox.google.services.docker_access import (
    HOST,
    NAME,
    allowed_image,
    image_at,
    refusal,
    registry_refusal,
)
from provisioner.sandbox.google.services.docker_images import Image, RegistryError, get_blob, put_blob
from provisioner.sandbox.http import Response

_SESSION = rf"{NAME}/blobs/uploads/(?P<session>[0-9a-f-]+)"
_CREATED = 201
_NAME_PARTS = 3  # project, repository, image
_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/\d+|/\*)?")


@route(HOST, "POST", rf"{NAME}/blobs/uploads/", name="docker.uploads.start", errors=refusal)
def start_upload(call: Call) -> Answer:
    """Begin an upload; finish it at once when the digest is given, or the blob can be taken from another image."""
    image = allowed_image(call, "uploadArtifacts")
    known = call.params.get("mount", "")
    if known and _mounted(call, image, known):
        return _created(call, known)
    if call.params.get("digest"):
        return _finished(call, image, call.request.body)
    session = str(uuid4())
    call.tx.put_blob(_key(session), b"")
    return _progress(call, session, 0)


@route(HOST, "PATCH", _SESSION, name="docker.uploads.append", errors=refusal)
def append_upload(call: Call) -> Answer:
    """Add a chunk; one that does not follow the last is refused."""
    allowed_image(call, "uploadArtifacts")
    held = call.tx.get_blob(_key(call.params["session"]))
    if held is None:
        return _unknown_session()
    given = _RANGE.fullmatch(call.request.headers.get("content-range", ""))
    if given and int(given[1]) != len(held):
        return registry_refusal(RegistryError("BLOB_UPLOAD_INVALID", "the chunk is out of order", 416))
    content = held + call.request.body
    call.tx.put_blob(_key(call.params["session"]), content)
    return _progress(call, call.params["session"], len(content))


@route(HOST, "PUT", _SESSION, name="docker.uploads.finish", errors=refusal)
def finish_upload(call: Call) -> Answer:
    """End an upload with its digest; the body may be the last chunk."""
    image = allowed_image(call, "uploadArtifacts")
    held = call.tx.get_blob(_key(call.params["session"]))
    if held is None:
        return _unknown_session()
    answer = _finished(call, image, held + call.request.body)
    if answer.status == _CREATED:
        call.tx.delete_blob(_key(call.params["session"]))
    return answer


@route(HOST, "GET", _SESSION, name="docker.uploads.status", errors=refusal)
def upload_status(call: Call) -> Answer:
    """Tell how much of an upload has arrived."""
    allowed_image(call, "uploadArtifacts")
    held = call.tx.get_blob(_key(call.params["session"]))
    return _unknown_session() if held is None else _progress(call, call.params["session"], len(held), 204)


@route(HOST, "DELETE", _SESSION, name="docker.uploads.abandon", errors=refusal)
def abandon_upload(call: Call) -> Answer:
    """Forget an upload."""
    allowed_image(call, "uploadArtifacts")
    call.tx.delete_blob(_key(call.params["session"]))
    return Response(204)


def _mounted(call: Call, image: Image, digest: str) -> bool:
    """Take a blob over from another image; tell whether there was one that the caller may read.

    A repository holds a blob once for all its images: within one, mounting is finding it.
    """
    if get_blob(call.tx, image.repository, digest) is not None:
        return True
    place = call.params.get("from", "").split("/", 2)
    if len(place) != _NAME_PARTS:
        return False
    try:
        source = image_at(call, place[0], place[1], place[2], "downloadArtifacts")
    except ApiError:
        return False  # as if it were not there: the client uploads instead
    content = get_blob(call.tx, source.repository, digest)
    if content is not None:
        put_blob(call.tx, image.repository, digest, content)
    return content is not None


def _finished(call: Call, image: Image, content: bytes) -> Response:
    try:
        put_blob(call.tx, image.repository, call.params.get("digest", ""), content)
    except RegistryError as error:
        return registry_refusal(error)
    return _created(call, call.params["digest"])


def _created(call: Call, digest: str) -> Response:
    location = f"{_place(call)}/blobs/{digest}"
    return Response(_CREATED, (("Location", location), ("Docker-Content-Digest", digest)))


def _progress(call: Call, session: str, size: int, status: int = 202) -> Response:
    headers = (
        ("Location", f"{_place(call)}/blobs/uploads/{session}"),
        ("Docker-Upload-UUID", session),
        ("Range", f"0-{max(size - 1, 0)}"),
    )
    return Response(status, headers)


def _place(call: Call) -> str:
    return f"/v2/{call.params['project']}/{call.params['repository']}/{call.params['image']}"


def _key(session: str) -> str:
    return f"oci-upload/{session}"


def _unknown_session() -> Response:
    return registry_refusal(RegistryError("BLOB_UPLOAD_UNKNOWN", "the upload is unknown to the registry", 404))

"""Uploads: the metadata and the content of one request.

https://cloud.google.com/storage/docs/uploads-downloads: ``uploadType`` media (content only), multipart (RFC 2387:
JSON part, then content) or resumable (metadata now, content in later requests).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.http import Request

_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|'([^']+)'|([^;\s]+))", re.IGNORECASE)
_PARTS_EXPECTED = 2


@dataclass(frozen=True, slots=True)
class Upload:
    """What one request uploads: JSON metadata (bytes), content (None for the start of a resumable one), its type."""

    metadata: bytes
    content: bytes | None
    content_type: str


def read_upload(request: Request, upload_type: str) -> Upload:
    """Split an upload request. Raises ApiError INVALID_ARGUMENT when it is not what its type says."""
    if upload_type == "media":
        return Upload(b"", request.body, request.headers.get("content-type", ""))
    if upload_type == "resumable":
        return Upload(request.body, None, request.headers.get("x-upload-content-type", ""))
    if upload_type == "multipart":
        return _multipart(request)
    raise _bad(f"Invalid upload type: {upload_type or '(none)'}")


def _multipart(request: Request) -> Upload:
    found = _BOUNDARY.search(request.headers.get("content-type", ""))
    if not found:
        raise _bad("Malformed multipart body.")
    delimiter = b"--" + re.escape((found[1] or found[2] or found[3]).encode())
    # The delimiter belongs to the line break before it (RFC 2046 5.1.1); the first one may open the body. gcloud ends
    # its lines with a line feed alone.
    pieces = re.split(rb"\r?\n" + delimiter + rb"(?=--|[ \t]*\r?\n)", b"\n" + request.body)
    if not pieces[-1].startswith(b"--"):
        raise _bad("Malformed multipart body.")
    parts = [_part(piece) for piece in pieces[1:-1]]
    if len(parts) != _PARTS_EXPECTED:
        raise _bad(f"Multipart upload must have two parts, found {len(parts)}.")
    return Upload(metadata=parts[0][1], content=parts[1][1], content_type=parts[1][0])


def _part(piece: bytes) -> tuple[str, bytes]:
    """Return (content type, content) of one part."""
    split = re.split(rb"\r?\n\r?\n", piece.lstrip(b" \t"), maxsplit=1)
    if len(split) == 1:
        raise _bad("Malformed multipart body.")
    head, content = split
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            return value.strip(), content
    return "", content


def _bad(message: str) -> ApiError:
    return ApiError("INVALID_ARGUMENT", message)

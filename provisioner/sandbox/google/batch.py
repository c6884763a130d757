"""Many calls in one request: multipart/mixed in, multipart/mixed out.

https://cloud.google.com/storage/docs/batch: each part is a request of its own, with its own transaction, caller and
answer; a part without credentials has those of the whole.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.http import Application, Request, Response, json_response

_PATH = re.compile(r"/batch(?:/(?P<api>[a-z]+)/(?P<version>[a-z0-9]+))?/?")
_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|([^;\s]+))", re.IGNORECASE)
# https://cloud.google.com/storage/docs/batch: 100; other APIs take a thousand.
_MOST_CALLS: Mapping[str, int] = {"storage": 100}
_MOST_OTHERS = 1000
_INHERITED = ("authorization", "x-goog-user-project", "x-goog-api-client", "user-agent")
_REFUSED = ("/upload/", "/resumable/", "/download/", "/batch")


def is_batch(request: Request) -> bool:
    """Tell whether a request is a batch of requests."""
    return request.method == "POST" and _PATH.fullmatch(request.path) is not None


def answer(request: Request, application: Application) -> Response:
    """Answer every part in turn; the whole is refused only when it cannot be read or is too long."""
    try:
        parts = _parts(request)
    except ApiError as error:
        return json_response(error.envelope(with_status=False), error.code)
    boundary = f"batch_{secrets.token_urlsafe(24)}"
    out = bytearray()
    for head, content in parts:
        out += f"--{boundary}\r\nContent-Type: application/http\r\n".encode()
        if "content-id" in head:
            out += f"Content-ID: {_response_id(head['content-id'])}\r\n".encode()
        out += b"\r\n" + _one(request, content, application) + b"\r\n"
    out += f"--{boundary}--\r\n".encode()
    return Response(200, (("Content-Type", f"multipart/mixed; boundary={boundary}"),), bytes(out))


def _parts(request: Request) -> list[tuple[dict[str, str], bytes]]:
    """Return headers and content of each part. Raises ApiError INVALID_ARGUMENT."""
    found = _BOUNDARY.search(request.headers.get("content-type", ""))
    if not found:
        raise ApiError("INVALID_ARGUMENT", "Failed to parse batch request, error: no boundary in the content type.")
    delimiter = b"--" + (found[1] or found[2]).encode()
    pieces = (b"\n" + request.body.replace(b"\r\n" + delimiter, b"\n" + delimiter)).split(b"\n" + delimiter)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004 - a preamble, a part, an end
        raise ApiError("INVALID_ARGUMENT", "Failed to parse batch request, error: malformed multipart body.")
    api = (_PATH.fullmatch(request.path) or {"api": ""})["api"] or ""
    most = _MOST_CALLS.get(api, _MOST_OTHERS)
    parts = [_split(piece) for piece in pieces[1:-1]]
    if len(parts) > most:
        text = f"The batch request has {len(parts)} calls; the limit is {most} calls in a single batch request."
        raise ApiError("INVALID_ARGUMENT", text)
    return parts


def _one(whole: Request, content: bytes, application: Application) -> bytes:
    """Return the answer of one part as HTTP/1.1 text."""
    line, _, rest = content.lstrip().partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) < 2:  # noqa: PLR2004 - a verb and a path
        refusal = ApiError("INVALID_ARGUMENT", "Failed to parse batch request, error: malformed request line.")
        return _text(json_response(refusal.envelope(with_status=False), 400))
    headers, body = _split(rest)
    target = urlsplit(words[1])
    if target.path.startswith(_REFUSED):
        refusal = ApiError("INVALID_ARGUMENT", "Uploads, downloads and batches cannot be parts of a batch request.")
        return _text(json_response(refusal.envelope(with_status=False), 400))
    inherited = {name: whole.headers[name] for name in _INHERITED if name in whole.headers}
    part = Request(words[0], target.hostname or whole.host, target.path, target.query, inherited | headers, body)
    return _text(application(part))


def _split(text: bytes) -> tuple[dict[str, str], bytes]:
    """Return lower-case headers and the content behind the empty line."""
    text = text.lstrip(b"\r\n")
    lines = re.split(rb"\r?\n\r?\n", text, maxsplit=1)
    headers = {}
    for line in lines[0].decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    content = lines[1] if len(lines) > 1 else b""
    length = headers.get("content-length", "")
    return headers, content[: int(length)] if length.isdigit() else content.rstrip(b"\r\n")


def _text(response: Response) -> bytes:
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    reason = next((known.phrase for known in HTTPStatus if known == response.status), "Unknown")
    head = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in response.headers)]
    head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + body


def _response_id(identifier: str) -> str:
    return f"<response-{identifier.strip('<>')}>"

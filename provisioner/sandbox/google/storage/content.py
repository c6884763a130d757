"""The bytes of an object as an HTTP answer: headers that clients verify, and ranges."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.http import Request, Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_SHOWN = (
    ("cacheControl", "Cache-Control"),
    ("contentDisposition", "Content-Disposition"),
    ("contentEncoding", "Content-Encoding"),
    ("contentLanguage", "Content-Language"),
)


def download(request: Request, found: Mapping[str, Any], data: bytes) -> Response:
    """Return the bytes of a version, or the range asked for.

    ``X-Goog-Hash`` is checked by the clients of Google: https://cloud.google.com/storage/docs/xml-api/reference-headers.
    """
    headers = _headers(found, len(data))
    plain = _plain(data) if _is_unpacked(request, found) else None
    if plain is not None:
        return Response(200, _unpacked(headers), plain)
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if not asked or asked[0] == "bytes=-":
        return Response(200, headers, data)
    start, end = _bounds(asked[1], asked[2], len(data))
    if start >= len(data):
        return Response(416, (("Content-Range", f"bytes */{len(data)}"),))
    part = ("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
    return Response(206, (*headers, part), data[start:end])


def _is_unpacked(request: Request, found: Mapping[str, Any]) -> bool:
    """Tell whether bytes kept compressed go out plain: https://cloud.google.com/storage/docs/transcoding."""
    packed = found.get("contentEncoding") == "gzip" and "no-transform" not in found.get("cacheControl", "")
    return packed and "gzip" not in request.headers.get("accept-encoding", "")


def _plain(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None  # said to be compressed and is not: it goes out as it is


def _unpacked(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    left = tuple((name, value) for name, value in headers if name not in {"Content-Encoding", "Accept-Ranges"})
    return (*left, ("Warning", "214 UploadServer gunzipped"))


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _sums(found: Mapping[str, Any]) -> str:
    """Return ``crc32c=…,md5=…``; a composite object has no MD5."""
    return f"crc32c={found['crc32c']}" + (f",md5={found['md5Hash']}" if "md5Hash" in found else "")


def _headers(found: Mapping[str, Any], size: int) -> tuple[tuple[str, str], ...]:
    updated = format_datetime(parse_timestamp(found["updated"]), usegmt=True)
    headers = [
        ("Content-Type", found["contentType"]),
        ("ETag", f'"{found["etag"]}"'),
        ("Last-Modified", updated),
        ("Accept-Ranges", "bytes"),
        ("X-Goog-Generation", found["generation"]),
        ("X-Goog-Metageneration", found["metageneration"]),
        ("X-Goog-Hash", _sums(found)),
        ("X-Goog-Storage-Class", found["storageClass"]),
        ("X-Goog-Stored-Content-Encoding", found.get("contentEncoding", "identity")),
        ("X-Goog-Stored-Content-Length", str(size)),
    ]
    headers += [(header, found[field]) for field, header in _SHOWN if field in found]
    headers += [(f"X-Goog-Meta-{name}", value) for name, value in (found.get("metadata") or {}).items()]
    return tuple(headers)

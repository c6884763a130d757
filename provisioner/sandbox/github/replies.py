"""Turning answers into responses: pages and Link headers, ETags and 304, the headers GitHub always sends."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.identifiers import moment_of
from provisioner.sandbox.http import Request, Response

Headers = tuple[tuple[str, str], ...]
_PAGE = 30
_LONGEST_NUMBER = 9
VERSIONS = ("2022-11-28", "2026-03-10")
MEDIA = "github.v3; format=json"


def answer_of(call: Call, result: Answer | Listing) -> Answer:
    """Return an answer as it is, or the page of a listing that was asked for."""
    return _page(call, result) if isinstance(result, Listing) else result


def _page(call: Call, listing: Listing) -> Answer:
    size = min(_positive(call.query("per_page"), _PAGE), listing.most)
    number = _positive(call.query("page"), 1)
    last = max(1, -(-len(listing.items) // size))
    rows = [listing.render(item) for item in listing.items[(number - 1) * size : number * size]]
    links = _links(call, number, last)
    headers = (("Link", links),) if links else ()
    if not listing.key:
        return Answer(rows, headers=headers)
    return Answer({"total_count": len(listing.items), **listing.extra, listing.key: rows}, headers=headers)


def _positive(text: str, default: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
        return default
    return int(text) or default


def _links(call: Call, number: int, last: int) -> str:
    wanted = {
        "prev": number - 1 if number > 1 else None,
        "next": number + 1 if number < last else None,
        "last": last if number < last else None,
        "first": 1 if number > 1 else None,
    }
    return ", ".join(f'<{_page_url(call, page)}>; rel="{name}"' for name, page in wanted.items() if page)


def _page_url(call: Call, page: int) -> str:
    query = {**dict(call.request.query_pairs()), "page": str(page)}
    return f"{call.urls.root}{call.request.path}?{urlencode(query)}"


def response_of(request: Request, answer: Answer, headers: Headers) -> Response:
    """Encode an answer; a GET whose ETag the caller already has becomes a 304 without a body."""
    common = (*headers, *_standing_headers(), *answer.headers)
    if answer.raw is not None:
        return Response(answer.status, (("Content-Type", answer.raw[0]), *common), answer.raw[1])
    if answer.document is None:
        return Response(answer.status, common)
    body = _encoded(answer)
    kind = ("Content-Type", "application/json; charset=utf-8")
    if request.method not in {"GET", "HEAD"} or answer.status != HTTPStatus.OK:
        return Response(answer.status, (kind, *common), body)
    modified = _last_modified(answer)
    stamps = (("Last-Modified", modified),) if modified else ()
    vary = ("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
    caching = (("ETag", _etag(body)), *stamps, ("Cache-Control", "private, max-age=60, s-maxage=60"), vary)
    if not_modified(request, answer):
        return Response(HTTPStatus.NOT_MODIFIED, (*common, *caching))
    return Response(HTTPStatus.OK, (kind, *common, *caching), body)


def _encoded(answer: Answer) -> bytes:
    return json.dumps(answer.document, ensure_ascii=False, separators=(",", ":")).encode()


def _etag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()}"'


def _last_modified(answer: Answer) -> str:
    stamp = answer.document.get("updated_at") if isinstance(answer.document, dict) else None
    return format_datetime(moment_of(stamp), usegmt=True) if isinstance(stamp, str) and stamp.endswith("Z") else ""


def not_modified(request: Request, answer: Answer) -> bool:
    """Tell whether the caller has what it would get: by ETag, or by time where it sends no ETag."""
    if request.method not in {"GET", "HEAD"} or answer.status != HTTPStatus.OK or answer.document is None:
        return False
    known = request.headers.get("if-none-match", "")
    if known:
        etag = _etag(_encoded(answer)).removeprefix("W/")
        return etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}
    since, modified = request.headers.get("if-modified-since", ""), _last_modified(answer)
    try:
        return bool(since and modified) and parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except ValueError:
        return False


def _standing_headers() -> Headers:
    groups = (4, 6, 7, 7, 8)
    request_id = ":".join(secrets.token_hex(4).upper()[:size] for size in groups)
    return (
        ("Server", "github.com"),
        ("X-GitHub-Request-Id", request_id),
        ("X-GitHub-Media-Type", MEDIA),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "deny"),
        ("Referrer-Policy", "origin-when-cross-origin, strict-origin-when-cross-origin"),
    )


def rendered(render: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Render all items of a list that GitHub does not cut into pages."""
    return [render(item) for item in items]

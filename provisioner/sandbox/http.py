"""Requests and responses inside the sandbox: plain values, so that every part can be called without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read completely.

    ``path`` is raw (still percent-encoded) and has no query. ``headers`` has lower-case names;
    repeated headers are joined by ``, ``. ``body`` is the payload after transfer decoding (chunks joined).
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def query_pairs(self) -> list[tuple[str, str]]:
        """Return the decoded query in order, empty values included."""
        return parse_qsl(self.query, keep_blank_values=True)

    def json(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Parse the body as JSON; an empty body is None. Raises ValueError."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. ``body`` is bytes, or an iterator of chunks for a stream (git packs)."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterator[bytes] = b""


Application = Callable[[Request], Response]


def json_response(document: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:  # noqa: ANN401 - JSON has no narrower type
    """Encode a document the way Google's front end does: UTF-8, a charset, a newline at the end."""
    body = json.dumps(document, ensure_ascii=False).encode() + b"\n"
    return Response(status, (("Content-Type", "application/json; charset=UTF-8"), *headers), body)

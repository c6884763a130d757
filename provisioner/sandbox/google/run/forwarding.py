"""A request taken to a container's process, and what answers where no process runs."""

from __future__ import annotations

import html
import http.client
import secrets
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.run.admission import RefusedError
from provisioner.sandbox.google.run.names import last
from provisioner.sandbox.http import Request, Response

Json = dict[str, Any]
ANSWERED_BY = "X-Sandbox-Answered-By"
_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    )
)
_TITLES = {
    401: (
        "401 Unauthorized",
        "Unauthorized",
        "Your client does not have permission to the requested URL <code>{}</code>.",
    ),
    403: (
        "403 Forbidden",
        "Forbidden",
        "Your client does not have permission to get URL <code>{}</code> from this server.",
    ),
    404: ("404 Page not found", "Page not found", "The requested URL was not found on this server."),
    429: ("429 Too Many Requests", "Rate exceeded.", ""),
    500: ("500 Server Error", "Server Error", "The server encountered an error and could not complete your request."),
    503: ("503 Service Unavailable", "Server Error", "The service you requested is not available yet."),
    504: ("504 Gateway Timeout", "Server Error", "The request timed out."),
}
_PAGE = """
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>{title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: {heading}</h1>
<h2>{text}</h2>
<h2></h2>
</body></html>
"""


def forward(request: Request, headers: Mapping[str, str], port: int, seconds: float) -> Response:
    """Send a request to the process on a port and return its answer, 504 when that takes too long.

    Raises OSError when the process does not answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    target = request.path + (f"?{request.query}" if request.query else "")
    try:
        connection.request(request.method, target, request.body or None, _to_container(request, headers))
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        body = answer.read()
    except TimeoutError:
        return page(504, request.path)
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from None
    finally:
        connection.close()
    return Response(answer.status, (*kept, ("Server", "Google Frontend"), (ANSWERED_BY, "process")), body)


def placeholder(service: Json, revision: str, why: str) -> Response:
    """Return the answer of a revision that no process runs for, with the reason in a header."""
    name, short = html.escape(last(service["name"])), html.escape(revision)
    body = f"<!doctype html>\n<title>{name}</title>\n<h1>It's running!</h1>\n<p>Service {name}, revision {short}</p>\n"
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Server", "Google Frontend"))
    plain = why.encode("ascii", "replace").decode().replace("\n", " ")
    return Response(200, (*headers, (ANSWERED_BY, f"placeholder; {plain}")), body.encode())


def refused(error: RefusedError, path: str) -> Response:
    """Return the page for a request that Cloud Run itself turns away."""
    found = page(error.status, path)
    if error.status != 401:  # noqa: PLR2004 - the one that carries a challenge
        return found
    challenge = f'Bearer error="invalid_token" error_description="{error.description}"'
    return Response(found.status, (*found.headers, ("WWW-Authenticate", challenge)), found.body)


def page(status: int, path: str) -> Response:
    """Return one of Cloud Run's own error pages."""
    title, heading, text = _TITLES[status]
    shown = _PAGE.format(title=title, heading=heading, text=text.format(html.escape(path)))
    headers = (("Content-Type", "text/html; charset=UTF-8"), ("Server", "Google Frontend"))
    return Response(status, headers, shown.encode())


def _to_container(request: Request, headers: Mapping[str, str]) -> dict[str, str]:
    passed = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
    trace = f"{secrets.token_hex(16)}/{secrets.randbits(63)};o=1"
    return passed | {
        "host": request.host,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
        "forwarded": 'for="127.0.0.1";proto=https',
        "x-cloud-trace-context": headers.get("x-cloud-trace-context", trace),
        "content-length": str(len(request.body)),
    }

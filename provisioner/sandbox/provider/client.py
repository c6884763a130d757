"""HTTP as the real provider does it: bearer token, query marks of Google's clients, retries, operations.

What is retried, how often and with which pauses was measured on the real provider 7.45; ``Pace`` shortens the pauses,
because nothing in a sandbox needs the time to recover.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.provider.errors import GoogleError, ProviderError

Transport = Callable[[Request], Response]
Json = Any  # JSON has no narrower type

BACK_OFF: Final = (0.5, 1.0, 1.5, 2.5, 4.0, 6.5, 10.5, 17.0, 27.5, 44.5)
IAM_BACK_OFF: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
_RETRIED: Final = frozenset({429, 500, 502, 503})


@dataclass(frozen=True)
class Pace:
    """Waiting, shortened by ``factor``; a stopped server ends every wait at once."""

    factor: float = 0.02
    stopped: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> None:
        """Wait for the given real-world seconds times the factor. Raises ProviderError when the server stops."""
        if self.stopped.wait(seconds * self.factor):
            raise ProviderError("the provider was stopped while it waited to try again")


@dataclass(frozen=True)
class Client:
    """One configured caller. ``project_header`` is sent as X-Goog-User-Project, ``reason`` as X-Goog-Request-Reason."""

    transport: Transport
    token: str
    pace: Pace = field(default_factory=Pace)
    project_header: str | None = None
    reason: str | None = None
    poll_interval: float = 10.0
    request_timeout: float = 120.0

    def call(  # noqa: PLR0913 - the parts of one HTTP request
        self,
        method: str,
        url: str,
        *,
        body: Json = None,
        query: Mapping[str, str] | None = None,
        legacy: bool = False,
        raw: tuple[str, bytes] | None = None,
    ) -> Json:
        """Send one request and return the JSON of the answer, trying again where the real provider does.

        ``url`` is host and path. ``legacy`` adds what Google's generated Go client adds to the query.
        ``raw`` is a content type and payload in place of a JSON body. Raises GoogleError.
        """
        request = self._request(method, url, _query(query, legacy=legacy), _payload(body, raw, legacy=legacy))
        waited = 0.0
        for pause in (*BACK_OFF, None):
            outcome = self._send(request)
            if isinstance(outcome, Response):
                return _document(outcome)
            if pause is None or waited + pause > self.request_timeout or not retried(outcome):
                raise outcome
            self.pace.wait(pause)
            waited += pause
        raise AssertionError("the last round always returns or raises")

    def finish(self, operation: Json, base: str, activity: str) -> Json:
        """Poll a long-running operation until it is done and return its response.

        ``base`` is host and version, ``activity`` completes the sentence "Error waiting to ...".
        Raises ProviderError with the operation's own error.
        """
        while not operation.get("done") and operation.get("name"):
            operation = self.call("GET", f"{base}/{operation['name']}")
            if not operation.get("done"):
                self.pace.wait(self.poll_interval)
        if error := operation.get("error"):
            text = f"Error code {error.get('code')}, message: {error.get('message')}"
            raise ProviderError(f"Error waiting to {activity}: Error waiting for {activity}: {text}")
        return operation.get("response", {})

    def _send(self, request: Request) -> Response | ProviderError:
        try:
            response = self.transport(request)
        except (ConnectionResetError, TimeoutError) as error:
            return ProviderError(f"{request.method} https://{request.host}{request.path}: {error}")
        if response.status < 400:  # noqa: PLR2004 - the first error status of HTTP
            return response
        return GoogleError(response.status, _bytes(response))

    def _request(self, method: str, url: str, query: str, payload: tuple[str | None, bytes]) -> Request:
        host, _, path = url.partition("/")
        headers = {
            "authorization": f"Bearer {self.token}",
            "host": host,
            "user-agent": "Terraform (+https://www.terraform.io) provision-env-sandbox-provider",
        }
        content_type, body = payload
        if content_type:
            headers["content-type"] = content_type
        if body or method in {"POST", "PUT", "PATCH"}:
            headers["content-length"] = str(len(body))
        if self.project_header:
            headers["x-goog-user-project"] = self.project_header
        if self.reason:
            headers["x-goog-request-reason"] = self.reason
        return Request(method, host, f"/{path}", query, headers, body)


def retried(error: ProviderError) -> bool:
    """Tell whether the real provider sends the same request again: a lost connection, overload, some conflicts."""
    if not isinstance(error, GoogleError) or error.status in _RETRIED:
        return True
    if error.status == 409:  # noqa: PLR2004 - Conflict
        return "operationInProgress" in error.reasons
    return error.status == 403 and "per minute" in error.message and "uota" in error.message  # noqa: PLR2004


def _query(query: Mapping[str, str] | None, *, legacy: bool) -> str:
    marks = {"alt": "json", **({"prettyPrint": "false"} if legacy else {})}
    return urlencode({**marks, **(query or {})})


def _payload(body: Json, raw: tuple[str, bytes] | None, *, legacy: bool) -> tuple[str | None, bytes]:
    if raw is not None:
        return raw
    if body is not None:
        return "application/json", json.dumps(body, separators=(",", ":")).encode() + b"\n"
    return (None if legacy else "application/json"), b""


def _bytes(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def _document(response: Response) -> Json:
    content = _bytes(response)
    if not content.strip():
        return {}
    try:
        return json.loads(content)
    except ValueError as error:
        raise ProviderError(f"an answer is not JSON: {error}") from error

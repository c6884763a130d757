"""Credentials and HTTP: whoever runs us, never a key file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import google.auth
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.impersonated_credentials import Credentials as Impersonated
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials as TokenCredentials
from requests.exceptions import RequestException

from provisioner.errors import InvalidInput, ProvisionError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API said: the HTTP status and its JSON document."""

    status: int
    document: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Tell success."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def message(self) -> str:
        """Return the error's own words, empty for a success."""
        error = self.document.get("error")
        return str(error.get("message", "")) if isinstance(error, Mapping) else str(error or "")

    @property
    def reason(self) -> str:
        """Return the machine-readable reason of an error (google.rpc.ErrorInfo), empty when it has none."""
        error = self.document.get("error")
        details = error.get("details", []) if isinstance(error, Mapping) else []
        return next((str(each["reason"]) for each in details if isinstance(each, Mapping) and "reason" in each), "")


class Session:
    """Authenticated JSON calls. Proxy and certificates are those of the process environment."""

    def __init__(self, credentials: Credentials) -> None:
        """``credentials`` are refreshed as needed; a refused one raises ProvisionError at the call."""
        self.credentials = credentials
        self._http = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]

    def call(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Call an API and return what it said, errors included. Raises ProvisionError when nobody answers."""
        try:
            response = self._http.request(method, url, json=body, timeout=_SECONDS)  # type: ignore[no-untyped-call]
        except (RequestException, GoogleAuthError) as error:
            raise ProvisionError(
                f"{type(error).__name__}: Google Cloud does not answer",
                fix="check network, proxy and credentials",
                where=url,
            ) from error
        try:
            document = response.json() if response.content else {}
        except ValueError:
            document = {"error": {"message": response.text[:200]}}
        return Answer(response.status_code, document if isinstance(document, dict) else {"items": document})

    def get(self, url: str) -> Answer:
        """Read."""
        return self.call("GET", url)


def open_session(token: str | None, key_file: str | None = None, impersonate: str | None = None) -> Session:
    """Return a session for ``token``, else for Application Default Credentials, impersonating an account if asked to.

    ``key_file`` is the file that the environment names for Application Default Credentials: a service-account key
    there is refused, because keys are what this product does away with. Raises InvalidInput.
    """
    if key_file:
        _refuse_keys(Path(key_file))
    try:
        source = TokenCredentials(token) if token else google.auth.default(scopes=[SCOPE])[0]  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise InvalidInput(
            "there are no Google Cloud credentials",
            fix="run `gcloud auth application-default login`, or try it with --sandbox",
            where="GOOGLE_APPLICATION_CREDENTIALS",
        ) from error
    if impersonate:
        source = Impersonated(source, impersonate, [SCOPE])  # type: ignore[no-untyped-call]
    return Session(source)


def _refuse_keys(path: Path) -> None:
    try:
        kind = json.loads(path.read_bytes()).get("type")
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidInput(
            "the credentials file cannot be read", fix="name a file that exists", where=str(path)
        ) from error
    if kind == "service_account":
        raise InvalidInput(
            "this is a service-account key, and keys are refused: a copy of it works anywhere, for years",
            fix="use `gcloud auth application-default login`, workload identity federation or impersonation",
            where=str(path),
        )

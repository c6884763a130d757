"""Who we are at Google: whoever runs us, never a service-account key."""

from __future__ import annotations

import json
from pathlib import Path

import google.auth
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.impersonated_credentials import Credentials as Impersonated
from google.oauth2.credentials import Credentials as TokenCredentials
from google.oauth2.service_account import Credentials as KeyCredentials

from provisioner.errors import InvalidInput

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_KEY = "service_account"


def find_credentials(token: str | None, file: str | None = None, impersonate: str | None = None) -> Credentials:
    """Return the credentials to use; nothing is asked yet.

    ``token`` is an access token and goes first; ``file`` is a credentials file of gcloud, of workload identity
    federation or of impersonation; with neither, Application Default Credentials are looked for. ``impersonate`` is
    the address of a service account to become. Raises InvalidInput when there is nothing, when the file cannot be
    read, and for every service-account key.
    """
    source = _source(token, file)
    if isinstance(source, KeyCredentials):
        raise _refused("Application Default Credentials")
    if impersonate:
        return Impersonated(source, impersonate, [SCOPE])  # type: ignore[no-untyped-call] # google-auth is half typed
    return source


def _source(token: str | None, file: str | None) -> Credentials:
    if token:
        return TokenCredentials(token)  # type: ignore[no-untyped-call] # likewise
    if file:
        _refuse_key(Path(file))
    try:
        if file:
            found, _ = google.auth.load_credentials_from_file(file, [SCOPE])  # type: ignore[no-untyped-call] # likewise
        else:
            found, _ = google.auth.default([SCOPE])
    except GoogleAuthError as error:
        raise InvalidInput(
            "there are no usable Google Cloud credentials",
            fix="run `gcloud auth application-default login`, or try it with --sandbox",
            where=file or "GOOGLE_APPLICATION_CREDENTIALS",
        ) from error
    return found  # type: ignore[no-any-return] # likewise


def _refuse_key(path: Path) -> None:
    try:
        kind = json.loads(path.read_bytes()).get("type")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidInput(
            "the credentials file cannot be read",
            fix="name a file that `gcloud auth application-default login` wrote, or unset the variable",
            where=str(path),
        ) from error
    if kind == _KEY:
        raise _refused(str(path))


def _refused(where: str) -> InvalidInput:
    return InvalidInput(
        "this is a service-account key, and keys are refused: a copy of it works anywhere, for years",
        fix="use `gcloud auth application-default login`, workload identity federation or impersonation",
        where=where,
    )

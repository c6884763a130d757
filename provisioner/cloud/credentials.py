"""Who we are at Google: whoever runs us, never a service-account key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import google.auth
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.external_account_authorized_user import Credentials as WorkforceCredentials
from google.auth.identity_pool import Credentials as FederatedCredentials
from google.auth.impersonated_credentials import Credentials as Impersonated
from google.oauth2.credentials import Credentials as UserCredentials
from google.oauth2.service_account import Credentials as KeyCredentials

from provisioner.errors import InvalidInput

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_KEY = "service_account"

_Info = Mapping[str, Any]


def find_credentials(token: str | None, file: str | None = None, impersonate: str | None = None) -> Credentials:
    """Return the credentials to use; nothing is asked yet.

    ``token`` is an access token and goes first; ``file`` is a credentials file of gcloud, of workload identity
    federation or of impersonation; with neither, Application Default Credentials are looked for. ``impersonate`` is
    the address of a service account to become. Raises InvalidInput when there is nothing, when the file cannot be
    read or is of another kind, and for every service-account key.
    """
    source = _source(token, file)
    # Impersonation does not show whom it starts from; `gcloud` writes such a file from a key as well.
    if isinstance(source, KeyCredentials) or isinstance(getattr(source, "_source_credentials", None), KeyCredentials):
        raise _refused("Application Default Credentials")
    if impersonate:
        return Impersonated(source, impersonate, [SCOPE])  # type: ignore[no-untyped-call] # likewise
    return source


def _source(token: str | None, file: str | None) -> Credentials:
    if token:
        return UserCredentials(token)  # type: ignore[no-untyped-call] # likewise
    try:
        if file:
            return _loaded(Path(file))
        return google.auth.default([SCOPE])[0]
    except (GoogleAuthError, ValueError) as error:
        raise InvalidInput(
            "there are no usable Google Cloud credentials",
            fix="run `gcloud auth application-default login`, or try it with --sandbox",
            where=file or "GOOGLE_APPLICATION_CREDENTIALS",
        ) from error


def _loaded(path: Path) -> Credentials:
    """Load a file by its kind, as Google advises; kinds that would run a program of the file's choice are not known."""
    info = _read(path)
    if _holds_key(info):
        raise _refused(str(path))
    loader = _LOADERS.get(str(info.get("type")))
    if loader is None:
        raise InvalidInput(
            f"credentials of the kind {info.get('type')!r} are not supported",
            fix=f"use one of {', '.join(_LOADERS)}",
            where=str(path),
        )
    return loader(info)


def _read(path: Path) -> _Info:
    try:
        info = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path) from error
    if not isinstance(info, dict):
        raise _unreadable(path)
    return info


def _holds_key(info: _Info) -> bool:
    """Tell whether it is a key, or impersonates with one."""
    source = info.get("source_credentials")
    return info.get("type") == _KEY or (isinstance(source, dict) and _holds_key(source))


def _user(info: _Info) -> Credentials:
    return UserCredentials.from_authorized_user_info(info, [SCOPE])  # type: ignore[no-any-return, no-untyped-call] # likewise


def _federated(info: _Info) -> Credentials:
    return FederatedCredentials.from_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call] # likewise


def _workforce(info: _Info) -> Credentials:
    return WorkforceCredentials.from_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call] # likewise


def _impersonating(info: _Info) -> Credentials:
    return Impersonated.from_impersonated_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call] # likewise


_LOADERS: Mapping[str, Callable[[_Info], Credentials]] = {
    "authorized_user": _user,
    "external_account": _federated,
    "external_account_authorized_user": _workforce,
    "impersonated_service_account": _impersonating,
}


def _unreadable(path: Path) -> InvalidInput:
    return InvalidInput(
        "the credentials file cannot be read",
        fix="name a file that `gcloud auth application-default login` wrote, or unset the variable",
        where=str(path),
    )


def _refused(where: str) -> InvalidInput:
    return InvalidInput(
        "this is a service-account key, and keys are refused: a copy of it works anywhere, for years",
        fix="use `gcloud auth application-default login`, workload identity federation or impersonation",
        where=where,
    )

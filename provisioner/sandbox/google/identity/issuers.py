"""Where the public keys of token issuers come from.

The sandbox cannot reach the internet: it asks the issuers it plays itself, through their own HTTP interface, the way
the real service does: discovery document, then ``jwks_uri`` (OpenID Connect Discovery 1.0, section 4).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from provisioner.sandbox.http import Application, Request
from provisioner.sandbox.world import World

Json = dict[str, Any]
IssuerKeys = Callable[[str], Json | None]  # issuer URL -> JWKS, None when the issuer cannot be reached
_DISCOVERY = "/.well-known/openid-configuration"
_OK = 200


def keys_through(application: Application) -> IssuerKeys:
    """Return a finder that fetches from an application, by OpenID Connect discovery."""

    def find(issuer: str) -> Json | None:
        described = _fetch(application, issuer.rstrip("/") + _DISCOVERY)
        if not described or described.get("issuer") != issuer or "jwks_uri" not in described:
            return None
        return _fetch(application, str(described["jwks_uri"]))

    return find


def issuer_keys_of(world: World) -> IssuerKeys:
    """Return a finder for the issuers this sandbox plays: GitHub Actions."""
    from_github = cache(lambda: _github_keys(world))  # built by the first exchange, kept for the later ones

    def find(issuer: str) -> Json | None:
        if urlsplit(issuer).hostname != "token.actions.githubusercontent.com":
            return None
        return from_github()(issuer)

    return find


def _github_keys(world: World) -> IssuerKeys:
    from provisioner.sandbox.github import github_application  # noqa: PLC0415 - only an exchange needs it

    return keys_through(github_application(world))


def _fetch(application: Application, url: str) -> Json | None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    answer = application(Request("GET", parts.hostname, parts.path, parts.query, {"accept": "application/json"}))
    if answer.status != _OK or not isinstance(answer.body, bytes):
        return None
    try:
        document = json.loads(answer.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None

"""A foreign ID token: read, and believed only after signature, issuer, audience and times were checked.

The texts, and the minute of clock skew both ways, are what the real service was seen to answer.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from provisioner.sandbox.google.identity.issuers import IssuerKeys

Json = dict[str, Any]
_ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
_SKEW_SECONDS = 60
_PARTS = 3


class ExchangeError(Exception):
    """A refusal of the token endpoint, in the form of RFC 6749 section 5.2: a code and a description."""

    def __init__(self, error: str, description: str) -> None:
        """Keep both parts."""
        super().__init__(description)
        self.error = error
        self.description = description


def verified_claims(
    token: str, oidc: Mapping[str, Any], default_audiences: Sequence[str], issuer_keys: IssuerKeys, now: datetime
) -> Json:
    """Return the claims of a token. Raises ExchangeError.

    ``oidc`` is that part of the provider: its issuer, its audiences (the defaults count only when it names none) and
    perhaps uploaded keys, instead of which the issuer is asked.
    """
    header, claims = _read(token)
    issuer, uploaded = oidc["issuerUri"], oidc.get("jwksJson")
    if claims.get("iss") != issuer:
        shown = claims.get("iss", "null")
        raise _invalid_grant(f"The issuer in ID Token {shown} does not match the expected one in config: {issuer}.")
    _check_signature(token, header, json.loads(uploaded) if uploaded else issuer_keys(issuer))
    _check_audience(claims, oidc.get("allowedAudiences") or default_audiences)
    _check_times(claims, now.timestamp())
    return claims


def _read(token: str) -> tuple[Json, Json]:
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise _invalid_grant("Unable to parse the ID Token.")
    return _decoded(parts[0]), _decoded(parts[1])


def _decoded(part: str) -> Json:
    try:
        document = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _invalid_grant("Unable to parse the ID Token.") from None
    if not isinstance(document, dict):
        raise _invalid_grant("Unable to parse the ID Token.")
    return document


def _check_signature(token: str, header: Json, jwks: Mapping[str, Any] | None) -> None:
    # The algorithm is decided here, not by the token: neither "none" nor a MAC keyed with the public key gets further.
    if header.get("alg") not in _ALGORITHMS:
        raise _bad_signature()
    key = _chosen_key(header, jwks)
    if key is None:
        raise _invalid_grant("Error connecting to the given credential's issuer.")
    try:
        jwt.decode(token, key, algorithms=[header["alg"]])
    except (JoseError, ValueError, TypeError):
        raise _bad_signature() from None


def _chosen_key(header: Json, jwks: Mapping[str, Any] | None) -> RSAKey | ECKey | None:
    keys = [key for key in (jwks or {}).get("keys", []) if key.get("kty") == _ALGORITHMS[header["alg"]]]
    if "kid" in header:
        keys = [key for key in keys if key.get("kid") == header["kid"]]
    if len(keys) != 1:
        return None
    try:
        key = import_key(dict(keys[0]))
    except (JoseError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None


def _check_audience(claims: Json, audiences: Sequence[str]) -> None:
    given = claims.get("aud") or []
    listed = given if isinstance(given, list) else [given]
    if not any(audience in audiences for audience in listed):
        shown = ", ".join(str(audience) for audience in listed)
        raise _invalid_grant(f"The audience in ID Token [{shown}] does not match the expected audience.")


def _check_times(claims: Json, now: float) -> None:
    issued, ends, starts = (_instant(claims.get(name)) for name in ("iat", "exp", "nbf"))
    begun = issued is not None and max(issued, starts or issued) <= now + _SKEW_SECONDS
    if not begun or ends is None or ends <= now - _SKEW_SECONDS:
        shown = "null" if issued is None else f"{issued:.0f}"
        raise _invalid_grant(f"ID Token issued at {shown} is stale to sign-in.")


def _instant(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _bad_signature() -> ExchangeError:
    return _invalid_grant("Unable to verify the ID Token signature.")


def _invalid_grant(description: str) -> ExchangeError:
    return ExchangeError("invalid_grant", description)

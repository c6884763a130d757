"""JWTs that a service account signed with one of its keys: proof for the token endpoint, or a token by itself.

RFC 7523 and https://developers.google.com/identity/protocols/oauth2/service-account#httprest; used directly:
https://google.aip.dev/auth/4111.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from provisioner.sandbox.google.identity.account_keys import usable_public_key
from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_PARTS = 3
_LONGEST_SECONDS = 3600
_SKEW_SECONDS = 60


class InvalidGrant(Exception):
    """A JWT that is not believed; the text is what the token endpoint says of it."""


def verified(tx: Transaction, token: str, now: datetime) -> tuple[Document, Json]:
    """Return (account, claims) of a JWT signed by a service account. Raises InvalidGrant."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise InvalidGrant(
            "Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token"
        )
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    account = find_account(tx, str(claims.get("iss", "")))
    if account is None:
        raise InvalidGrant("Invalid grant: account not found")
    # The algorithm is decided here, not by the token.
    pem = usable_public_key(tx, account, str(header.get("kid", "")), now) if header.get("alg") == "RS256" else ""
    if not pem or not _signed(token, pem):
        raise InvalidGrant("Invalid JWT Signature.")
    if account.get("disabled"):
        raise InvalidGrant("Robot is disabled.")
    _check_times(claims, now.timestamp())
    return account, claims


def _decoded(part: str) -> Json:
    try:
        document = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidGrant("Invalid JWT: Failed to parse.")
    return document


def _signed(token: str, pem: str) -> bool:
    try:
        jwt.decode(token, RSAKey.import_key(pem), algorithms=["RS256"])
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _check_times(claims: Json, now: float) -> None:
    issued, ends = _instant(claims.get("iat")), _instant(claims.get("exp"))
    good = issued <= now + _SKEW_SECONDS and now - _SKEW_SECONDS < ends <= issued + _LONGEST_SECONDS
    if not good:
        raise InvalidGrant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat "
            "and exp values in the JWT claim."
        )


def _instant(value: object) -> float:
    """Return a NumericDate; what is none is no time at all, which no comparison likes."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan

"""Who may call a service: ID tokens, their audience, and run.routes.invoke.

https://cloud.google.com/run/docs/authenticating/service-to-service and …/run/docs/configuring/custom-audiences.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.identity.callers import account_caller
from provisioner.sandbox.google.identity.keys import GOOGLE, signing_key
from provisioner.sandbox.google.identity.members import EVERYONE
from provisioner.sandbox.google.method import Caller
from provisioner.sandbox.google.run.names import resource_of
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_INVOKE = "run.routes.invoke"
_ANYBODY = Caller("allUsers", frozenset(("allUsers",)))
# What gcloud's own identity tokens of people are made out to; no account may use it.
_GCLOUD = "32555940559.apps.googleusercontent.com"
_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"


class RefusedError(Exception):
    """A request that does not reach the service: the HTTP status and, for 401, what is wrong with the token."""

    def __init__(self, status: int, description: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.description = description


def admit(tx: Transaction, service: Document, headers: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Return the headers that the container is given, once the caller may invoke the service.

    Raises RefusedError 401 for a token that is not valid, 403 for a caller without the permission.
    """
    passed = {name: value for name, value in headers.items() if name != "x-serverless-authorization"}
    if service.get("invokerIamDisabled"):
        return passed
    resource = resource_of(tx, service["name"])
    if granted(tx, _ANYBODY, [_INVOKE], resource, now):
        return passed
    sent = headers.get("x-serverless-authorization") or headers.get("authorization", "")
    scheme, _, token = sent.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusedError(403)
    caller = _caller(tx, token.strip(), service, now)
    if not granted(tx, caller, [_INVOKE], resource, now):
        raise RefusedError(403)
    if "x-serverless-authorization" not in headers:
        passed["authorization"] = f"{scheme} {token.rpartition('.')[0]}.{_REMOVED}"
    return passed


def _caller(tx: Transaction, token: str, service: Document, now: datetime) -> Caller:
    claims = _claims(tx, token, now)
    email = str(claims.get("email", ""))
    account = find_account(tx, email or str(claims.get("sub", "")))
    accepted = {*service["urls"], *service.get("customAudiences", [])}
    if account is None and email:
        accepted.add(_GCLOUD)
    if claims.get("aud") not in accepted:
        raise _invalid()
    if account is not None:
        if account.get("disabled"):
            raise _invalid()
        return account_caller(tx, account)
    if not email or email.endswith(".gserviceaccount.com"):
        raise _invalid()
    members = frozenset((f"user:{email}", f"domain:{email.partition('@')[2]}", *EVERYONE))
    return Caller(f"user:{email}", members, email=email)


def _claims(tx: Transaction, token: str, now: datetime) -> Json:
    try:
        keys = KeySet([RSAKey.import_key(key) for key in signing_key(tx, GOOGLE).jwks()["keys"]])
        claims: Json = jwt.decode(token, keys, algorithms=["RS256"]).claims
        ends, begins = float(claims["exp"]), float(claims["iat"])
    except (JoseError, ValueError, KeyError, TypeError):
        raise _invalid() from None
    instant = now.timestamp()
    if claims.get("iss") != f"https://{GOOGLE}" or not begins - 60 <= instant < ends:
        raise _invalid()
    return claims


def _invalid() -> RefusedError:
    return RefusedError(401, "The access token could not be verified")

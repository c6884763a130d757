"""From a request's credentials to its caller."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity.groups import groups_of
from provisioner.sandbox.google.identity.members import EVERYONE, POOLS, SERVICE_ACCOUNTS
from provisioner.sandbox.google.identity.signed_by_account import InvalidGrant, verified
from provisioner.sandbox.google.identity.tokens import find_token
from provisioner.sandbox.google.method import Caller
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Transaction

ANONYMOUS = Caller("allUsers", frozenset(("allUsers",)))
_HOST = "iam.googleapis.com"
# The user names under which docker and git send an access token as a password.
_BASIC_USERS = frozenset(("oauth2accesstoken", "_dcgcloud_token"))


def caller_of(tx: Transaction, request: Request, now: datetime) -> Caller:
    """Return the caller of a request: bearer token, ``access_token`` parameter, or Basic as docker sends it.

    Raises ApiError UNAUTHENTICATED for credentials that are not valid; none at all is the anonymous caller.
    """
    token = _token(request)
    if not token:
        return ANONYMOUS
    entry = find_token(tx, token, now)
    if entry is None and token.startswith("eyJ"):
        return _self_signed(tx, token, request.host, now)
    if entry is None:
        raise _invalid("ACCESS_TOKEN_EXPIRED" if token.startswith("ya29.") else "ACCESS_TOKEN_TYPE_UNSUPPORTED")
    caller = _CALLERS[entry["kind"]](tx, entry)
    return replace(caller, boundary=tuple(entry["boundary"])) if entry.get("boundary") else caller


def federated_members(pool: str, subject: str, groups: list[str], attributes: Mapping[str, str]) -> frozenset[str]:
    """Return every spelling by which a binding may name a federated principal; ``pool`` is the pool's full name."""
    sets = [f"principalSet://{_HOST}/{pool}/attribute.{name}/{value}" for name, value in attributes.items()]
    sets += [f"principalSet://{_HOST}/{pool}/group/{group}" for group in groups]
    return frozenset(
        ("allUsers", f"principal://{_HOST}/{pool}/subject/{subject}", f"principalSet://{_HOST}/{pool}/*", *sets)
    )


def account_caller(tx: Transaction, account: Mapping[str, Any], scopes: Iterable[str] = ()) -> Caller:
    """Return a service account as a caller."""
    member = f"serviceAccount:{account['email']}"
    members = frozenset((member, *groups_of(tx, account["email"]), *EVERYONE))
    return Caller(member, members, email=account["email"], unique_id=account["uniqueId"], scopes=tuple(scopes))


def _token(request: Request) -> str:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        return _password(rest)
    return next((value for name, value in request.query_pairs() if name in {"access_token", "oauth_token"}), "")


def _password(encoded: str) -> str:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _invalid("ACCESS_TOKEN_TYPE_UNSUPPORTED") from None
    if user not in _BASIC_USERS:
        raise _invalid("ACCESS_TOKEN_TYPE_UNSUPPORTED")
    return password


def _person(tx: Transaction, entry: Mapping[str, Any]) -> Caller:
    email = entry["email"]
    own = (f"user:{email}", f"domain:{email.partition('@')[2]}")
    members = frozenset((*own, *groups_of(tx, email), *EVERYONE))
    return Caller(
        f"user:{email}",
        members,
        email=email,
        unique_id=entry["uniqueId"],
        scopes=tuple(entry["scopes"]),
        operator=entry["kind"] == "operator",
    )


def _service_account(tx: Transaction, entry: Mapping[str, Any]) -> Caller:
    account = tx.get(SERVICE_ACCOUNTS, entry["email"])
    # The unique id tells an account from a later one of the same name.
    if account is None or account["uniqueId"] != entry["uniqueId"] or account.get("disabled"):
        raise _invalid("ACCOUNT_STATE_INVALID")
    return account_caller(tx, account, entry["scopes"])


def _self_signed(tx: Transaction, token: str, host: str, now: datetime) -> Caller:
    """Return the service account that signed its own token for this API, by audience or by scope (AIP-4111)."""
    try:
        account, claims = verified(tx, token, now)
    except InvalidGrant:
        raise _invalid("ACCESS_TOKEN_TYPE_UNSUPPORTED") from None
    scopes = str(claims.get("scope") or "").split()
    meant = urlsplit(str(claims.get("aud", ""))).hostname == host
    if claims.get("sub") != account["email"] or not (scopes or meant):
        raise _invalid("ACCESS_TOKEN_TYPE_UNSUPPORTED")
    return account_caller(tx, account, scopes)


def _federated(tx: Transaction, entry: Mapping[str, Any]) -> Caller:
    # A disabled or deleted provider stops new exchanges only; a disabled or deleted pool also stops its tokens.
    pool = tx.get(POOLS, entry["pool"])
    if pool is None or pool.get("disabled") or pool["state"] != "ACTIVE":
        raise _invalid("ACCOUNT_STATE_INVALID")
    return Caller(
        f"principal://{_HOST}/{entry['pool']}/subject/{entry['subject']}",
        federated_members(entry["pool"], entry["subject"], entry["groups"], entry["attributes"]),
        unique_id=entry["subject"],
        scopes=tuple(entry["scopes"]),
        attributes=entry["attributes"],
    )


def _invalid(reason: str) -> ApiError:
    return ApiError(
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}],
        location="Authorization",
        location_type="header",
    )


_CALLERS = {"operator": _person, "user": _person, "serviceAccount": _service_account, "federated": _federated}

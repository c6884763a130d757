"""Short-lived credentials of service accounts (IAM Credentials API, v1).

A caller acts as an account directly, or through a chain of delegates: each link needs
``iam.serviceAccounts.implicitDelegation`` on the next, the last one the permission itself on the account.
https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.constraints import admits
from provisioner.sandbox.google.errors import ApiError, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.identity.accounts import account_resource, find_account, parse_name
from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.identity.callers import account_caller
from provisioner.sandbox.google.identity.keys import GOOGLE, signing_key
from provisioner.sandbox.google.identity.scopes import known_scope
from provisioner.sandbox.google.identity.tokens import CLOUD_PLATFORM, issue_account_token
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "iamcredentials.projects.serviceAccounts"
_DELEGATE = "iam.serviceAccounts.implicitDelegation"
_MAX_LIFETIME = timedelta(hours=1)
_MAX_EXTENDED = timedelta(hours=12)
_MAX_JWT_LIFETIME = timedelta(hours=12)


def _account(call: Call) -> Resource:
    if not call.params["name"].startswith("projects/-/"):
        raise invalid_argument("The project of the service account must be given as the wildcard '-'.")
    return account_resource(call.tx, call.params["name"])


@method(f"{_API}.generateAccessToken", permission=(), on=_account)
def generate_access_token(call: Call) -> Json:
    """Return an OAuth access token of the account, an hour long at most."""
    account = _impersonated(call, "iam.serviceAccounts.getAccessToken")
    lifetime = _lifetime(call, account, call.body.get("lifetime", "3600s"))
    token, ends = issue_account_token(call.tx, account, _scopes(call.body.get("scope") or []), call.now, lifetime)
    return {"accessToken": token, "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


@method(f"{_API}.generateIdToken", permission=(), on=_account)
def generate_id_token(call: Call) -> Json:
    """Return an OpenID Connect token of the account, signed by Google."""
    account = _impersonated(call, "iam.serviceAccounts.getOpenIdToken")
    if not call.body.get("audience"):
        raise invalid_argument("The audience must be set.", ("audience", "The audience must be set."))
    now = int(call.now.timestamp())
    claims = {
        "iss": f"https://{GOOGLE}",
        "aud": call.body["audience"],
        "azp": account["uniqueId"],
        "sub": account["uniqueId"],
        "iat": now,
        "exp": now + int(_MAX_LIFETIME.total_seconds()),
    }
    email = {"email": account["email"], "email_verified": True} if call.body.get("includeEmail") else {}
    return {"token": signing_key(call.tx, GOOGLE).sign_jwt(claims | email)}


@method(f"{_API}.signJwt", permission=(), on=_account)
def sign_jwt(call: Call) -> Json:
    """Sign a JWT claims set with the account's own key."""
    key_id, signed = signed_jwt(call, _impersonated(call, "iam.serviceAccounts.signJwt"))
    return {"keyId": key_id, "signedJwt": signed}


@method(f"{_API}.signBlob", permission=(), on=_account)
def sign_blob(call: Call) -> Json:
    """Sign bytes with the account's own key."""
    account = _impersonated(call, "iam.serviceAccounts.signBlob")
    key_id, signature = signed_blob(call, account, call.body.get("payload", ""))
    return {"keyId": key_id, "signedBlob": signature}


def signed_jwt(call: Call, account: Document) -> tuple[str, str]:
    """Return (key id, JWT) of the claims in the body's ``payload``. Raises ApiError."""
    key = signing_key(call.tx, account["uniqueId"])
    return key.kid, key.sign_jwt(_claims(call))


def signed_blob(call: Call, account: Document, payload: str) -> tuple[str, str]:
    """Return (key id, signature in base64) of bytes in either form of base64."""
    key = signing_key(call.tx, account["uniqueId"])
    plain = payload.replace("-", "+").replace("_", "/")
    signature = key.sign_bytes(base64.b64decode(plain + "=" * (-len(plain) % 4)))
    return key.kid, base64.b64encode(signature).decode()


def _impersonated(call: Call, permission: str) -> Document:
    """Return the account once the whole chain of delegates allows it. Raises ApiError."""
    chain = [_delegate_name(name) for name in call.body.get("delegates") or []]
    target = call.params["name"]
    first, *rest = [*chain, target]
    call.require(_DELEGATE if chain else permission, account_resource(call.tx, first))
    link = _known(call, first)
    for index, name in enumerate(rest, start=1):
        _check_usable(link)
        wanted = permission if index == len(rest) else _DELEGATE
        resource = account_resource(call.tx, name)
        if not granted(call.tx, account_caller(call.tx, link), [wanted], resource, call.now):
            raise _denied(wanted)
        link = _known(call, name)
    _check_usable(link)
    return link


def _known(call: Call, name: str) -> Document:
    found = find_account(call.tx, parse_name(name)[1])
    if found is None:
        raise not_found(f"Not found; Gaia id not found for email {parse_name(name)[1]}")
    return found


def _delegate_name(name: str) -> str:
    return name if name.startswith("projects/") else f"projects/-/serviceAccounts/{name}"


def _check_usable(account: Document) -> None:
    if account.get("disabled"):
        raise failed_precondition(f"Service account {account['email']} is disabled.")


def _denied(permission: str) -> ApiError:
    return ApiError("PERMISSION_DENIED", f"Permission '{permission}' denied on resource (or it may not exist).")


def _lifetime(call: Call, account: Document, text: str) -> timedelta:
    lifetime = timedelta(seconds=float(text.removesuffix("s")))
    if lifetime <= timedelta():
        raise invalid_argument("Lifetime of access token must be larger then zero.")
    if lifetime > _MAX_EXTENDED or (lifetime > _MAX_LIFETIME and not _extended(call, account)):
        raise invalid_argument(
            "The access tokens can not have lifetimes of more than 1 hour. Use the Org Policy Constraint "
            "constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours."
        )
    return lifetime


def _extended(call: Call, account: Document) -> bool:
    """Tell whether an organisation policy lets tokens of this account live up to twelve hours."""
    names = account_resource(call.tx, account["name"]).policies[1:]
    return admits(call.tx, names, "iam.allowServiceAccountCredentialLifetimeExtension", account["email"])


def _scopes(asked: list[str]) -> list[str]:
    if not asked:
        raise invalid_argument("Scope required.", ("scope", "Scope required."))
    scopes = [scope or CLOUD_PLATFORM for scope in asked]
    wrong = [scope for scope in scopes if not known_scope(scope)]
    if wrong:
        raise invalid_argument(f"Invalid scope: {wrong[0]}", ("scope", f"Invalid scope: {wrong[0]}"))
    return scopes


def _claims(call: Call) -> Json:
    try:
        claims = json.loads(call.body.get("payload", ""))
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise invalid_argument("The payload must be a JSON object.", ("payload", "The payload must be a JSON object."))
    latest = call.now.timestamp() + _MAX_JWT_LIFETIME.total_seconds()
    if "exp" in claims and not (isinstance(claims["exp"], int) and claims["exp"] <= latest):
        raise invalid_argument("The exp claim must be an integer at most 12 hours from now.")
    return claims

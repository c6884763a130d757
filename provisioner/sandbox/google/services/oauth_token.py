"""The token endpoint of Google's OAuth 2.0: access and ID tokens for whoever holds a service account's key.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest. Errors are those of RFC 6749.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from provisioner.sandbox.google.identity.keys import GOOGLE, signing_key
from provisioner.sandbox.google.identity.scopes import known_scope
from provisioner.sandbox.google.identity.signed_by_account import InvalidGrant, verified
from provisioner.sandbox.google.identity.tokens import issue_account_token
from provisioner.sandbox.google.method import Call, route
from provisioner.sandbox.http import Response, json_response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = frozenset(
    (
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/oauth2/v4/token",
        "https://accounts.google.com/o/oauth2/token",
    )
)
_HOUR = timedelta(hours=1)


@route(
    r"oauth2\.googleapis\.com|www\.googleapis\.com|accounts\.google\.com",
    "POST",
    r"/token|/oauth2/v[34]/token|/o/oauth2/token",
    name="oauth2.token",
    blind=True,
)
def token(call: Call) -> Json | Response:
    """Exchange a JWT signed by a service account for an access token, or an ID token of ``target_audience``."""
    form = _form(call)
    if form.get("grant_type") != _GRANT:
        shown = form.get("grant_type", "")
        return _refused("unsupported_grant_type", f"Invalid grant_type: {shown}")
    try:
        account, claims = verified(call.tx, form.get("assertion", ""), call.now)
    except InvalidGrant as error:
        return _refused("invalid_grant", str(error))
    if claims.get("aud") not in _AUDIENCES:
        right = "https://oauth2.googleapis.com/token"
        return _refused("invalid_grant", f"Invalid JWT: Failed audience check. The right audience is {right}")
    if claims.get("sub", account["email"]) != account["email"]:
        return _refused(
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of "
            "the scopes requested.",
        )
    if claims.get("target_audience"):
        return {"id_token": _id_token(call, account, str(claims["target_audience"]))}
    return _access_token(call, account, str(claims.get("scope", "")).split())


def _access_token(call: Call, account: Document, scopes: list[str]) -> Json | Response:
    if not scopes or not all(known_scope(scope) for scope in scopes):
        return _refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    made, _ = issue_account_token(call.tx, account, scopes, call.now, _HOUR)
    return {"access_token": made, "expires_in": int(_HOUR.total_seconds()) - 1, "token_type": "Bearer"}


def _id_token(call: Call, account: Document, audience: str) -> str:
    now = int(call.now.timestamp())
    claims = {
        "iss": f"https://{GOOGLE}",
        "aud": audience,
        "azp": account["email"],
        "sub": account["uniqueId"],
        "email": account["email"],
        "email_verified": True,
        "iat": now,
        "exp": now + int(_HOUR.total_seconds()),
    }
    return signing_key(call.tx, GOOGLE).sign_jwt(claims)


def _form(call: Call) -> dict[str, str]:
    text = call.request.body.decode("utf-8", "replace")
    if "json" in call.request.headers.get("content-type", ""):
        try:
            sent = json.loads(text)
        except ValueError:
            sent = {}
        return {str(key): str(value) for key, value in sent.items()} if isinstance(sent, dict) else {}
    return dict(parse_qsl(text))


def _refused(error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, 400)

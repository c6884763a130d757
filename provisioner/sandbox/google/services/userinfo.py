"""Who am I: the user info and token info endpoints of Google's identity platform.

https://developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from provisioner.sandbox.google.errors import unauthenticated
from provisioner.sandbox.google.identity.tokens import find_token
from provisioner.sandbox.google.method import Call, method, route
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.http import Response, json_response

Json = dict[str, Any]
_PATH_V1 = r"/v1/userinfo"
_NEVER_ENDS = 3599


@method("oauth2.userinfo.get", "oauth2.userinfo.v2.me.get")
def user_info_v2(call: Call) -> Json:
    """Return the caller's address, in the fields of v2."""
    return {"id": call.caller.unique_id, "email": _email(call), "verified_email": True}


@route(r"openidconnect\.googleapis\.com", ("GET", "POST"), _PATH_V1, name="openidconnect.userinfo")
def user_info(call: Call) -> Json:
    """Return the caller's address, in the fields of OpenID Connect."""
    return {"sub": call.caller.unique_id, "email": _email(call), "email_verified": True}


@route(r"www\.googleapis\.com", ("GET", "POST"), r"/oauth2/v[13]/userinfo", name="oauth2.userinfo.v3")
def user_info_v3(call: Call) -> Json:
    """Return the same under its other address."""
    return user_info(call)


@route(
    r"oauth2\.googleapis\.com|www\.googleapis\.com",
    ("GET", "POST"),
    r"/tokeninfo|/oauth2/v[13]/tokeninfo",
    name="oauth2.tokeninfo.v3",
    blind=True,
)
def token_info(call: Call) -> Json | Response:
    """Return what an access token stands for; the token itself is the authority."""
    form = parse_qs(call.request.body.decode("utf-8", "replace"))
    token = call.params.get("access_token") or (form.get("access_token") or [""])[0]
    return _token_info(call, token)


@method("oauth2.tokeninfo", blind=True)
def token_info_v2(call: Call) -> Json | Response:
    """Return the same through the discovery document's method."""
    return _token_info(call, call.params.get("access_token", ""))


def _token_info(call: Call, token: str) -> Json | Response:
    entry = find_token(call.tx, token, call.now)
    if entry is None:
        return json_response({"error": "invalid_token", "error_description": "Invalid Value"}, 400)
    left = _NEVER_ENDS
    if entry["expires"]:
        left = int((parse_timestamp(entry["expires"]) - call.now).total_seconds())
    shown = {
        "scope": " ".join(entry["scopes"]),
        "exp": str(int(call.now.timestamp()) + left),
        "expires_in": str(left),
        "access_type": "online",
    }
    known = {"azp": entry.get("uniqueId"), "aud": entry.get("uniqueId"), "sub": entry.get("uniqueId")}
    person = {"email": entry["email"], "email_verified": "true"} if entry.get("email") else {}
    return {key: value for key, value in known.items() if value} | shown | person


def _email(call: Call) -> str:
    if not call.caller.email:
        raise unauthenticated("Request had invalid authentication credentials.")
    return call.caller.email

"""Security Token Service (v1): token exchange, JSON or form encoded. Errors are those of RFC 6749, not Google's."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.identity import GoogleIdentity
from provisioner.sandbox.google.identity.assertion import ExchangeError
from provisioner.sandbox.google.identity.federation import ExchangeRequest, exchange
from provisioner.sandbox.google.method import Answer, Call, method
from provisioner.sandbox.http import json_response

Json = dict[str, Any]
_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_TYPE = "urn:ietf:params:oauth:token-type:"
_SUBJECT_TYPES = frozenset((f"{_TYPE}jwt", f"{_TYPE}id_token"))


@method("sts.token", public=True)
def token(call: Call) -> Answer:
    """Exchange an ID token of a workload identity provider for a federated access token."""
    assert isinstance(call.identity, GoogleIdentity)  # noqa: S101 - the exchange needs the issuers' keys
    try:
        given = exchange(call.tx, _checked(call.body), call.identity.issuer_keys, call.now)
    except ExchangeError as error:
        return json_response({"error": error.error, "error_description": error.description}, 400)
    return {
        "access_token": given.token,
        "issued_token_type": f"{_TYPE}access_token",
        "token_type": "Bearer",
        "expires_in": given.seconds,
    }


def _checked(body: Json) -> ExchangeRequest:
    """Return what is asked for. Raises ExchangeError for a request that is no exchange of an ID token."""
    if body.get("grantType") != _GRANT:
        raise ExchangeError("unsupported_grant_type", f"The grant type must be {_GRANT}.")
    if body.get("requestedTokenType") != f"{_TYPE}access_token":
        raise ExchangeError("invalid_request", f"The requested token type must be {_TYPE}access_token.")
    if body.get("subjectTokenType") not in _SUBJECT_TYPES:
        shown = " or ".join(sorted(_SUBJECT_TYPES))
        raise ExchangeError("invalid_request", f"The sandbox exchanges subject tokens of type {shown} only.")
    if body.get("options"):
        raise ExchangeError("invalid_request", "The sandbox does not implement options of a token exchange.")
    scopes = tuple(body.get("scope", "").split())
    if not scopes:
        raise ExchangeError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return ExchangeRequest(body.get("audience", ""), body.get("subjectToken", ""), scopes)

"""Security Token Service (v1): token exchange, JSON or form encoded. Errors are those of RFC 6749, not Google's."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from provisioner.sandbox.google.identity import GoogleIdentity
from provisioner.sandbox.google.identity.assertion import ExchangeError
from provisioner.sandbox.google.identity.boundaries import boundary_rules
from provisioner.sandbox.google.identity.federation import ExchangeRequest, exchange
from provisioner.sandbox.google.identity.tokens import CLOUD_PLATFORM, find_token, issue_downscoped_token
from provisioner.sandbox.google.method import Answer, Call, method, route
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.http import json_response

Json = dict[str, Any]
_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_TYPE = "urn:ietf:params:oauth:token-type:"
_SUBJECT_TYPES = frozenset((f"{_TYPE}jwt", f"{_TYPE}id_token"))


@method("sts.token", blind=True)
def token(call: Call) -> Answer:
    """Exchange an ID token of a workload identity provider for a federated access token, or downscope a token."""
    assert isinstance(call.identity, GoogleIdentity)  # noqa: S101 - the exchange needs the issuers' keys
    try:
        if call.body.get("subjectTokenType") == f"{_TYPE}access_token":
            return _downscoped(call)
        given = exchange(call.tx, _checked(call.body), call.identity.issuer_keys, call.now)
    except ExchangeError as error:
        return json_response({"error": error.error, "error_description": error.description}, 400)
    return _given(given.token, given.seconds)


@route(r"sts\.googleapis\.com", "POST", r"/v1/introspect", name="sts.introspect", blind=True)
def introspect(call: Call) -> Answer:
    """Tell whether a token is good and whose it is (RFC 7662): what gcloud calls an account after."""
    form = dict(parse_qsl(call.request.body.decode("utf-8", "replace")))
    entry = find_token(call.tx, form.get("token", ""), call.now)
    if entry is None:
        return {"active": False}
    ends = {"exp": int(parse_timestamp(entry["expires"]).timestamp())} if entry["expires"] else {}
    if entry["kind"] == "federated":
        who = f"principal://iam.googleapis.com/{entry['pool']}/subject/{entry['subject']}"
    else:
        who = entry["email"]
    return {"active": True, "username": who, "sub": who, "scope": " ".join(entry["scopes"]), **ends}


def _downscoped(call: Call) -> Answer:
    """Exchange an access token for one within an access boundary. Raises ExchangeError."""
    _check_form(call.body)
    rules = boundary_rules(call.body.get("options", ""))
    entry = find_token(call.tx, call.body.get("subjectToken", ""), call.now)
    if entry is None or entry.get("boundary"):
        raise ExchangeError("invalid_grant", "The subject token is invalid or has an access boundary already.")
    if CLOUD_PLATFORM not in entry["scopes"]:
        raise ExchangeError("invalid_scope", "The subject token needs the scope cloud-platform.")
    made, seconds = issue_downscoped_token(call.tx, entry, rules, call.now)
    return _given(made, seconds)


def _given(made: str, seconds: int) -> Json:
    return {
        "access_token": made,
        "issued_token_type": f"{_TYPE}access_token",
        "token_type": "Bearer",
        "expires_in": seconds,
    }


def _check_form(body: Json) -> None:
    if body.get("grantType") != _GRANT:
        raise ExchangeError("unsupported_grant_type", f"The grant type must be {_GRANT}.")
    if body.get("requestedTokenType") != f"{_TYPE}access_token":
        raise ExchangeError("invalid_request", f"The requested token type must be {_TYPE}access_token.")


def _checked(body: Json) -> ExchangeRequest:
    """Return what is asked for. Raises ExchangeError for a request that is no exchange of an ID token."""
    _check_form(body)
    if body.get("subjectTokenType") not in _SUBJECT_TYPES:
        shown = " or ".join(sorted(_SUBJECT_TYPES))
        raise ExchangeError("invalid_request", f"The sandbox exchanges subject tokens of type {shown} only.")
    if body.get("options"):
        raise ExchangeError("invalid_request", "The sandbox does not implement options of a token exchange.")
    scopes = tuple(body.get("scope", "").split())
    if not scopes:
        raise ExchangeError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return ExchangeRequest(body.get("audience", ""), body.get("subjectToken", ""), scopes)

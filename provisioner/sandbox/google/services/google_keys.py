"""Public keys: of Google as an issuer of ID tokens, and of service accounts."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from provisioner.sandbox.google.errors import not_found
from provisioner.sandbox.google.identity.account_keys import keys_of
from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.identity.keys import GOOGLE, jwk_of, signing_key
from provisioner.sandbox.google.method import Call, route
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_APIS = r"www\.googleapis\.com"


@route(r"accounts\.google\.com", "GET", r"/\.well-known/openid-configuration", name="openid.configuration", public=True)
def configuration(call: Call) -> Json:
    """Return the discovery document of Google's ID tokens (OpenID Connect Discovery 1.0)."""
    del call
    return {
        "issuer": f"https://{GOOGLE}",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    }


@route(_APIS, "GET", r"/oauth2/v3/certs", name="openid.certs", public=True)
def certs(call: Call) -> Json:
    """Return the keys that verify Google's ID tokens, as JWKS."""
    return signing_key(call.tx, GOOGLE).jwks()


@route(_APIS, "GET", r"/oauth2/v1/certs", name="openid.certificates", public=True)
def certificates(call: Call) -> Json:
    """Return the keys that verify Google's ID tokens, as certificates by key id."""
    key = signing_key(call.tx, GOOGLE)
    return {key.kid: key.certificate(GOOGLE, call.now)}


@route(_APIS, "GET", r"/service_accounts/v1/jwk/(?P<email>[^/]+)", name="serviceAccounts.jwk", public=True)
def account_jwk(call: Call) -> Json:
    """Return an account's public keys, as JWKS."""
    return {"keys": [jwk_of(kept["pem"], kept["id"]) for kept in _account_keys(call)]}


@route(
    _APIS,
    "GET",
    r"/(?:service_accounts|robot)/v1/metadata/x509/(?P<email>[^/]+)",
    name="serviceAccounts.x509",
    public=True,
)
def account_certificate(call: Call) -> Json:
    """Return an account's public keys, as certificates by key id."""
    return {kept["id"]: kept["pem"] for kept in _account_keys(call)}


def _account_keys(call: Call) -> list[Document]:
    account = find_account(call.tx, unquote(call.params["email"]))
    if account is None:
        raise not_found("Requested entity was not found.")
    return [kept for kept in keys_of(call.tx, account, call.now) if not kept.get("disabled")]

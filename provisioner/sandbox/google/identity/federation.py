"""The exchange of a foreign ID token for a federated access token.

https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token and RFC 8693. Mapping, condition and limits:
https://cloud.google.com/iam/docs/workload-identity-federation#mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.identity import cel
from provisioner.sandbox.google.identity.assertion import ExchangeError, verified_claims
from provisioner.sandbox.google.identity.issuers import IssuerKeys
from provisioner.sandbox.google.identity.members import POOLS
from provisioner.sandbox.google.identity.tokens import issue_federated_token
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
PROVIDERS = "google/iam.workloadIdentityPoolProviders"  # by name with the project's number; fields as iam v1
_AUDIENCE = re.compile(
    r"//iam\.googleapis\.com/"
    r"(?P<pool>projects/(?P<number>\d+)/locations/global/workloadIdentityPools/[^/]+)/providers/[^/]+"
)
_MAX_SUBJECT = 127
_MAX_ALL = 8192
_MAX_SECONDS = 3600
_SKEW_SECONDS = 60
_FORMATS = "https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token"


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """What a client sends: the provider's full name, the ID token, the scopes wanted."""

    audience: str
    subject_token: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the token endpoint gives for a good token; ``seconds`` is how long it lasts."""

    token: str
    seconds: int


def exchange(tx: Transaction, request: ExchangeRequest, issuer_keys: IssuerKeys, now: datetime) -> Exchange:
    """Exchange an ID token at the provider that the audience names. Raises ExchangeError."""
    provider = _provider(tx, request.audience)
    if "oidc" not in provider:
        kind = next(kind for kind in ("aws", "saml", "x509") if kind in provider)
        raise ExchangeError("invalid_request", f"The sandbox exchanges tokens of OIDC providers only, not of {kind}.")
    default_audiences = (f"https:{request.audience}", request.audience)
    claims = verified_claims(request.subject_token, provider["oidc"], default_audiences, issuer_keys, now)
    pool = provider["name"].partition("/providers/")[0]
    principal = admitted_principal(provider, claims) | {"pool": pool, "scopes": list(request.scopes)}
    seconds = _lifetime(claims, now)
    return Exchange(issue_federated_token(tx, principal, now, timedelta(seconds=seconds)), seconds)


def admitted_principal(provider: Mapping[str, Any], claims: Json) -> Json:
    """Return ``subject``, ``groups`` and ``attributes`` of verified claims, as the provider maps them.

    Raises ExchangeError when the condition is not true, an attribute cannot be mapped, or a limit is passed.
    """
    mapped = {name: _mapped(expression, claims) for name, expression in provider["attributeMapping"].items()}
    _check_condition(provider.get("attributeCondition", ""), claims, mapped)
    for name, value in mapped.items():
        _check_type(name, value)
    _check_sizes(mapped)
    return {
        "subject": mapped["google.subject"],
        "groups": mapped.get("google.groups", []),
        "attributes": _attributes(mapped),
    }


def _provider(tx: Transaction, audience: str) -> Document:
    found = _AUDIENCE.fullmatch(audience)
    if not found:
        raise ExchangeError(
            "invalid_request",
            'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See '
            f"{_FORMATS} for the list of possible formats.",
        )
    owner = find_project(tx, found["number"])
    provider = tx.get(PROVIDERS, audience.removeprefix("//iam.googleapis.com/"))
    usable = owner is not None and owner["lifecycleState"] == "ACTIVE"
    if not usable or provider is None or not (_live(provider) and _live(tx.get(POOLS, found["pool"]))):
        raise ExchangeError(
            "invalid_target",
            'The target service indicated by the "audience" parameters is invalid. This might either be because the '
            "pool or provider is disabled or deleted or because it doesn't exist.",
        )
    return provider


def _live(kept: Document | None) -> bool:
    return kept is not None and kept["state"] == "ACTIVE" and not kept.get("disabled")


def _mapped(expression: str, claims: Json) -> object:
    try:
        return cel.evaluate(expression, {"assertion": claims})
    except cel.CelError:
        return None  # refused as a value of the wrong type, unless the condition refuses first


def _check_condition(condition: str, claims: Json, mapped: Mapping[str, object]) -> None:
    if not condition:
        return
    known = {name: value for name, value in mapped.items() if value is not None}
    google = {name.removeprefix("google."): value for name, value in known.items() if name.startswith("google.")}
    try:
        admitted = cel.evaluate(condition, {"assertion": claims, "google": google, "attribute": _attributes(known)})
    except cel.CelError:
        admitted = False
    if admitted is not True:
        raise ExchangeError("unauthorized_client", "The given credential is rejected by the attribute condition.")


def _check_type(name: str, value: object) -> None:
    if name == "google.groups":
        wanted, good = "LIST of STRING", isinstance(value, list) and all(isinstance(item, str) for item in value)
    else:
        wanted, good = "STRING", isinstance(value, str) and (bool(value) or name != "google.subject")
    if not good:
        raise ExchangeError("unauthorized_client", f"The mapped attribute '{name}' must be of type {wanted}.")


def _check_sizes(mapped: Mapping[str, Any]) -> None:
    if len(mapped["google.subject"].encode()) > _MAX_SUBJECT:
        raise ExchangeError("invalid_request", _too_large("google.subject", _MAX_SUBJECT))
    if sum(len(str(value).encode()) for value in mapped.values()) > _MAX_ALL:
        raise ExchangeError("invalid_request", _too_large("attributes", _MAX_ALL))


def _too_large(what: str, limit: int) -> str:
    return (
        f"The size of mapped attribute {what} exceeds the {limit} bytes limit. Either modify your attribute mapping or "
        f"the incoming assertion to produce a mapped attribute that is less than {limit} bytes."
    )


def _attributes(mapped: Mapping[str, Any]) -> Json:
    return {name.removeprefix("attribute."): value for name, value in mapped.items() if name.startswith("attribute.")}


def _lifetime(claims: Json, now: datetime) -> int:
    """Return seconds: until the ID token ends, an hour at most; within the clock skew what is left of it."""
    left = int(claims["exp"] - now.timestamp())
    return min(left, _MAX_SECONDS) if left > 0 else max(left + _SKEW_SECONDS, 1)

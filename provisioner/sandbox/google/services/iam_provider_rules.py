"""What a workload identity pool provider may say.

Limits: https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.identity.cel import CelError, check_expression
from provisioner.sandbox.google.identity.keys import jwks_text_problem

_ATTRIBUTE = re.compile(r"google\.subject|google\.groups|attribute\.[a-z0-9_]{1,100}")
_CLAIM = re.compile(r"\b(assertion|attribute|google)\s*[.\[]")
_MAX_ATTRIBUTES = 50
_MAX_EXPRESSION = 2048
_MAX_CONDITION = 4096
_MAX_AUDIENCES = 10
_MAX_AUDIENCE = 256
# Everybody's workloads share these issuers: a provider without a condition would admit all of them.
_SHARED_ISSUERS = frozenset(
    ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "agent.buildkite.com")
)
_NO_CONDITION = (
    "The attribute condition must reference one of the provider's claims. For more information, see "
    "https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions"
)


def check_provider(provider: Mapping[str, Any]) -> None:
    """Raise ApiError INVALID_ARGUMENT unless the provider is a valid OIDC provider."""
    oidc = provider.get("oidc")
    if not oidc:
        raise _refused("oidc", "A provider needs exactly one of oidc, aws, saml and x509.")
    _check_oidc(oidc)
    _check_mapping(provider.get("attributeMapping") or {})
    _check_condition(provider.get("attributeCondition") or "", oidc["issuerUri"])


def _check_oidc(oidc: Mapping[str, Any]) -> None:
    issuer = urlsplit(oidc.get("issuerUri", ""))
    if not issuer.hostname:
        raise _refused("oidc.issuer_uri", "Invalid OIDC issuer URI.")
    if issuer.scheme != "https":
        raise _refused("oidc.issuer_uri", "Invalid OIDC issuer URI. The scheme must be https.")
    audiences = oidc.get("allowedAudiences") or []
    if len(audiences) > _MAX_AUDIENCES or any(not 0 < len(audience) <= _MAX_AUDIENCE for audience in audiences):
        raise _refused("oidc.allowed_audiences", "There may be 10 allowed audiences of 1 to 256 characters.")
    problem = jwks_text_problem(oidc["jwksJson"]) if oidc.get("jwksJson") else ""
    if problem:
        raise _refused("oidc.jwks_json", problem)


def _check_mapping(mapping: Mapping[str, str]) -> None:
    if "google.subject" not in mapping:
        raise _refused("attribute_mapping", "The attribute mapping must include google.subject.")
    custom = [name for name in mapping if name.startswith("attribute.")]
    if len(custom) > _MAX_ATTRIBUTES:
        raise _refused("attribute_mapping", f"There may be at most {_MAX_ATTRIBUTES} custom attributes.")
    for name, expression in mapping.items():
        if not _ATTRIBUTE.fullmatch(name):
            raise _refused("attribute_mapping", f"Invalid mapped attribute key: {name}")
        if len(expression) > _MAX_EXPRESSION:
            raise _refused(
                "attribute_mapping", f"The expression of {name} is longer than {_MAX_EXPRESSION} characters."
            )
        _check_cel("attribute_mapping", expression)


def _check_condition(condition: str, issuer: str) -> None:
    if len(condition) > _MAX_CONDITION:
        raise _refused("attribute_condition", f"The condition is longer than {_MAX_CONDITION} characters.")
    if condition:
        _check_cel("attribute_condition", condition)
    if urlsplit(issuer).hostname in _SHARED_ISSUERS and not _CLAIM.search(condition):
        raise invalid_argument(_NO_CONDITION)


def _check_cel(field: str, expression: str) -> None:
    try:
        check_expression(expression)
    except CelError as error:
        raise _refused(field, f"Error compiling the expression {expression!r}: {error}") from None


def _refused(field: str, text: str) -> ApiError:
    return invalid_argument(text, (field, text))

"""What a workload identity pool provider may say.

Limits: https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography.x509 import load_pem_x509_certificate

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.identity.cel import CelError, check_expression
from provisioner.sandbox.google.identity.keys import jwks_text_problem

_ATTRIBUTE = re.compile(r"google\.subject|google\.groups|attribute\.[a-z0-9_]{1,100}")
KINDS = ("oidc", "aws", "saml", "x509")
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
    """Raise ApiError INVALID_ARGUMENT unless the provider is valid and of exactly one kind."""
    kinds = [kind for kind in KINDS if kind in provider]
    if len(kinds) != 1:
        raise _refused("provider_config", "A provider needs exactly one of oidc, aws, saml and x509.")
    _CHECKS[kinds[0]](provider[kinds[0]])
    _check_mapping(provider.get("attributeMapping") or {})
    _check_condition(provider.get("attributeCondition") or "", provider.get("oidc", {}).get("issuerUri", ""))


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


def _check_aws(aws: Mapping[str, Any]) -> None:
    if not re.fullmatch(r"\d{12}", aws.get("accountId", "")):
        raise _refused("aws.account_id", "The AWS account ID must be 12 digits.")


def _check_saml(saml: Mapping[str, Any]) -> None:
    text = saml.get("idpMetadataXml", "")
    # Only looked at, never parsed: entities of a foreign document are nothing to expand.
    entity = re.search(r"<(?:\w+:)?EntityDescriptor\b[^>]*\bentityID=", text)
    certificate = re.search(r"<(?:\w+:)?X509Certificate\b[^>]*>\s*[A-Za-z0-9+/=\s]+<", text)
    if not entity or not certificate or "<!DOCTYPE" in text:
        raise _refused("saml.idp_metadata_xml", "Invalid SAML identity provider metadata XML.")


def _check_x509(x509: Mapping[str, Any]) -> None:
    store = x509.get("trustStore", {})
    anchors = store.get("trustAnchors") or []
    if not anchors:
        raise _refused("x509.trust_store.trust_anchors", "A trust store needs at least one trust anchor.")
    for anchor in [*anchors, *(store.get("intermediateCas") or [])]:
        try:
            load_pem_x509_certificate(anchor.get("pemCertificate", "").encode())
        except ValueError:
            raise _refused("x509.trust_store", "Invalid PEM certificate in the trust store.") from None


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "oidc": _check_oidc,
    "aws": _check_aws,
    "saml": _check_saml,
    "x509": _check_x509,
}


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

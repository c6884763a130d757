"""Every way a token may be wrong at the exchange, each beside the legitimate token that is accepted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.sandbox.identity.cloud import START
from tests.sandbox.identity.federated import IAM, POOL, PROVIDER, Federation

NOW = int(START.timestamp())
CONDITION_FALSE = ("unauthorized_client", "The given credential is rejected by the attribute condition.")
BAD_SIGNATURE = ("invalid_grant", "Unable to verify the ID Token signature.")
NO_TARGET = 'The target service indicated by the "audience" parameters is invalid.'


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unsigned_part(federation: Federation, alg: str) -> str:
    header = _encoded(json.dumps({"alg": alg, "kid": "key-1"}).encode())
    return f"{header}.{_encoded(json.dumps(federation.claims()).encode())}"


def _unsigned(federation: Federation) -> str:
    return f"{_unsigned_part(federation, 'none')}."


def _mac_with_public_key(federation: Federation) -> str:
    signed = _unsigned_part(federation, "HS256")
    mac = hmac.new(federation.issuer.key.as_pem(private=False), signed.encode(), hashlib.sha256)
    return f"{signed}.{_encoded(mac.digest())}"


def _foreign_key_same_kid(federation: Federation) -> str:
    return federation.issuer.sign(federation.claims(), key=RSAKey.generate_key(2048))


def _unknown_kid(federation: Federation) -> str:
    return federation.issuer.sign(federation.claims(), kid="key-2")


def _other_curve(federation: Federation) -> str:
    return federation.issuer.sign(federation.claims(), key=ECKey.generate_key("P-256"), alg="ES256")


def _changed_after_signing(federation: Federation) -> str:
    header, _, signature = federation.token(environment="test").split(".")
    _, claims, _ = federation.token().split(".")
    return f"{header}.{claims}.{signature}"


@pytest.mark.parametrize(
    ("forge", "error", "text"),
    [
        (_unsigned, *BAD_SIGNATURE),
        (_mac_with_public_key, *BAD_SIGNATURE),
        (_foreign_key_same_kid, *BAD_SIGNATURE),
        (_changed_after_signing, *BAD_SIGNATURE),
        (_unknown_kid, "invalid_grant", "Error connecting to the given credential's issuer."),
        (_other_curve, "invalid_grant", "Error connecting to the given credential's issuer."),
        (lambda _: "not.a-token", "invalid_grant", "Unable to parse the ID Token."),
        (lambda _: "a.b.c", "invalid_grant", "Unable to parse the ID Token."),
    ],
)
def test_a_forged_token_is_refused(
    federation: Federation, forge: Callable[[Federation], str], error: str, text: str
) -> None:
    answer = federation.exchange(forge(federation))
    assert (answer.status, answer.body) == (400, {"error": error, "error_description": text})
    federation.accepted()


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        (
            {"iss": "https://evil.example"},
            "invalid_grant",
            "The issuer in ID Token https://evil.example does not match",
        ),
        ({"iss": None}, "invalid_grant", "The issuer in ID Token null does not match the expected one"),
        ({"aud": "https://evil.example"}, "invalid_grant", "The audience in ID Token [https://evil.example] does not"),
        ({"aud": None}, "invalid_grant", "The audience in ID Token [] does not match the expected audience."),
        ({"aud": 7}, "invalid_grant", "The audience in ID Token [7] does not match the expected audience."),
        ({"aud": [["a"]]}, "invalid_grant", "The audience in ID Token [['a']] does not match the expected audience."),
        ({"iat": NOW - 900, "exp": NOW - 61}, "invalid_grant", f"ID Token issued at {NOW - 900} is stale to sign-in."),
        ({"iat": NOW + 62, "exp": NOW + 300}, "invalid_grant", f"ID Token issued at {NOW + 62} is stale to sign-in."),
        ({"nbf": NOW + 62}, "invalid_grant", f"ID Token issued at {NOW} is stale to sign-in."),
        ({"iat": None}, "invalid_grant", "ID Token issued at null is stale to sign-in."),
        ({"exp": None}, "invalid_grant", f"ID Token issued at {NOW} is stale to sign-in."),
        ({"repository_owner_id": "78"}, *CONDITION_FALSE),
        ({"repository_id": "112"}, *CONDITION_FALSE),
        ({"repository_id": 111}, *CONDITION_FALSE),
        ({"event_name": "pull_request_target"}, *CONDITION_FALSE),
        ({"event_name": "workflow_run"}, *CONDITION_FALSE),
        ({"event_name": "issue_comment"}, *CONDITION_FALSE),
        ({"runner_environment": "self-hosted"}, *CONDITION_FALSE),
        ({"runner_environment": None}, *CONDITION_FALSE),
        ({"repository_owner_id": None}, *CONDITION_FALSE),
        ({"ref": None}, "unauthorized_client", "The mapped attribute 'attribute.repo_env_ref_event' must be of type"),
        ({"environment": "x" * 120}, "invalid_request", "The size of mapped attribute google.subject exceeds the 127"),
        ({"ref": "refs/heads/" + "x" * 8200}, "invalid_request", "The size of mapped attribute attributes exceeds the"),
    ],
)
def test_wrong_claims_are_refused(federation: Federation, changes: dict[str, object], error: str, text: str) -> None:
    answer = federation.exchange(federation.token(**changes))
    assert answer.status == 400
    assert answer.body["error"] == error
    assert answer.body["error_description"].startswith(text)
    federation.accepted()


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": NOW + 59},
        {"iat": NOW - 7200, "exp": NOW - 59},
        {"aud": ["https://other.example", f"//iam.googleapis.com/{PROVIDER}"]},
        {"environment": "x" * 119},
        {"iss": "https://token.actions.githubusercontent.com", "nbf": None},
    ],
)
def test_claims_at_the_edge_are_accepted(federation: Federation, changes: dict[str, object]) -> None:
    answer = federation.exchange(federation.token(**changes))
    assert answer.status == 200, answer.body


def test_the_federated_token_ends_with_the_id_token_and_after_an_hour_at_most(federation: Federation) -> None:
    assert federation.exchange(federation.token()).body["expires_in"] == 300
    assert federation.exchange(federation.token(exp=NOW + 86400)).body["expires_in"] == 3600
    held = federation.federated()
    federation.cloud.world.clock.advance(299)
    assert federation.impersonate(held).status == 200
    federation.cloud.world.clock.advance(2)
    assert federation.impersonate(held).status == 401


def test_allowed_audiences_replace_the_default_one(federation: Federation) -> None:
    mine = {"oidc": {"issuerUri": "https://token.actions.githubusercontent.com", "allowedAudiences": ["mine"]}}
    assert federation.exchange(federation.token(aud="mine")).status == 400
    assert federation.patch_provider("oidc.allowed_audiences", mine).status == 200
    assert federation.exchange(federation.token(aud="mine")).status == 200
    assert federation.exchange(federation.token()).body["error"] == "invalid_grant"


def test_uploaded_keys_are_used_instead_of_the_issuers(federation: Federation) -> None:
    federation.issuer.reachable = False
    refused = federation.exchange(federation.token())
    assert refused.body["error_description"] == "Error connecting to the given credential's issuer."
    body = {"oidc": {"jwksJson": federation.jwks_json()}}
    assert federation.patch_provider("oidc.jwks_json", body).status == 200
    assert federation.exchange(federation.token()).status == 200
    assert federation.exchange(_foreign_key_same_kid(federation)).body["error_description"] == BAD_SIGNATURE[1]


def test_a_disabled_provider_exchanges_nothing_but_its_tokens_live_on(federation: Federation) -> None:
    held = federation.federated()
    assert federation.patch_provider("disabled", {"disabled": True}).status == 200
    answer = federation.exchange(federation.token())
    assert (answer.status, answer.body["error"]) == (400, "invalid_target")
    assert answer.body["error_description"].startswith(NO_TARGET)
    assert federation.impersonate(held).status == 200
    assert federation.patch_provider("disabled", {"disabled": False}).status == 200
    federation.accepted()


@pytest.mark.parametrize("thing", [POOL, PROVIDER])
def test_a_deleted_pool_or_provider_exchanges_nothing_until_it_is_undeleted(federation: Federation, thing: str) -> None:
    federation.accepted()
    federation.cloud.ok("DELETE", f"{IAM}/{thing}")
    assert federation.exchange(federation.token()).body["error"] == "invalid_target"
    federation.cloud.ok("POST", f"{IAM}/{thing}:undelete", {})
    federation.accepted()


@pytest.mark.parametrize("change", ["disable", "delete"])
def test_a_disabled_or_deleted_pool_also_stops_the_tokens_it_gave(federation: Federation, change: str) -> None:
    held = federation.federated()
    assert federation.impersonate(held).status == 200
    if change == "disable":
        federation.cloud.ok("PATCH", f"{IAM}/{POOL}?updateMask=disabled", {"disabled": True})
    else:
        federation.cloud.ok("DELETE", f"{IAM}/{POOL}")
    assert federation.impersonate(held).status == 401


@pytest.mark.parametrize(
    ("provider", "error"),
    [
        (PROVIDER.replace("github", "other"), "invalid_target"),
        (PROVIDER.replace("payments-dev-gh", "other-pool"), "invalid_target"),
        (PROVIDER.replace("420000000042", "acme-payments-dev"), "invalid_request"),
        ("projects/1/x", "invalid_request"),
    ],
)
def test_an_audience_that_names_no_provider_is_refused(federation: Federation, provider: str, error: str) -> None:
    assert federation.exchange(federation.token(), provider).body["error"] == error
    federation.accepted()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("grant_type", "client_credentials", "unsupported_grant_type"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id_token", "invalid_request"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("", "", ""),
    ],
)
def test_the_form_that_client_libraries_send_is_read(
    federation: Federation, field: str, value: str, error: str
) -> None:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": f"//iam.googleapis.com/{PROVIDER}",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "subject_token": federation.token(),
    }
    answer = federation.cloud.call(
        "POST",
        "sts.googleapis.com/v1/token",
        token=None,
        headers={"content-type": "application/x-www-form-urlencoded"},
        content=urlencode(form | ({field: value} if field else {})).encode(),
    )
    assert answer.body.get("error", "") == error
    assert answer.status == (400 if error else 200)

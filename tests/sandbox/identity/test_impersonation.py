"""The second stage: which federated principal may become which account, and what it then holds."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sandbox.identity.cloud import NUMBER, PROJECT, Answer, Cloud
from tests.sandbox.identity.federated import CLOUD_PLATFORM, DEPLOY, IAM, MEMBER, POOL, Federation

DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
PREFIX = f"principalSet://iam.googleapis.com/{POOL}"


def _refused(answer: Answer) -> bool:
    return (answer.status, answer.message) == (403, DENIED)


@pytest.mark.parametrize(
    "changes",
    [
        {"ref": "refs/heads/feature"},
        {"ref": "refs/tags/main"},
        {"environment": "prod"},
        {"environment": "Dev"},
        {"environment": "dev%3Arefs"},
        {"environment": None},
        {"environment": "push"},
        {"event_name": "schedule"},
        {"event_name": "pull_request"},
        {"environment": None, "event_name": "pull_request", "ref": "refs/pull/1/merge"},
    ],
)
def test_another_attribute_value_is_refused_at_impersonation(
    federation: Federation, changes: dict[str, object]
) -> None:
    assert _refused(federation.impersonate(federation.federated(**changes)))
    federation.accepted()


@pytest.mark.parametrize(
    ("member", "reaches"),
    [
        (MEMBER, True),
        (f"{PREFIX}/attribute.repository_id/111", True),
        (f"{PREFIX}/attribute.repository_id/1111", False),
        (f"{PREFIX}/attribute.repository_id/11", False),
        (f"{PREFIX}/*", True),
        (f"{PREFIX}/group/admins", False),
        (f"principal://iam.googleapis.com/{POOL}/subject/111:env:dev", True),
        (f"principal://iam.googleapis.com/{POOL}/subject/111:env:prod", False),
        ("allAuthenticatedUsers", False),
        (f"serviceAccount:{DEPLOY}", False),
    ],
)
def test_each_form_of_member_reaches_exactly_whom_it_names(
    federation: Federation,
    member: str,
    reaches: bool,  # noqa: FBT001 - a table
) -> None:
    federation.bind(member)
    answer = federation.impersonate(federation.federated())
    assert (answer.status == 200) is reaches
    assert reaches or _refused(answer)


def test_a_token_of_another_pool_with_the_same_claims_is_refused(federation: Federation) -> None:
    federation.cloud.add_project("acme-search-dev", "420000000043")
    other = POOL.replace(NUMBER, "420000000043")
    federation.cloud.ok("POST", f"{IAM}/{other.rpartition('/')[0]}?workloadIdentityPoolId=payments-dev-gh", {})
    provider = federation.cloud.ok("GET", f"{IAM}/{POOL}/providers/github")
    body = {key: provider[key] for key in ("attributeMapping", "attributeCondition", "oidc")}
    federation.cloud.ok("POST", f"{IAM}/{other}/providers?workloadIdentityPoolProviderId=github", body)
    claims = {"aud": f"https://iam.googleapis.com/{other}/providers/github"}
    answer = federation.exchange(federation.token(**claims), f"{other}/providers/github")
    assert answer.status == 200
    assert _refused(federation.impersonate(answer.body["access_token"]))
    federation.accepted()


def test_a_removed_binding_counts_at_once(federation: Federation) -> None:
    held = federation.federated()
    assert federation.impersonate(held).status == 200
    federation.bind()
    assert _refused(federation.impersonate(held))
    federation.bind(MEMBER)
    assert federation.impersonate(held).status == 200


def test_with_propagation_a_changed_binding_counts_later(federation: Federation) -> None:
    held = federation.federated()
    federation.cloud.world.settings.change({"propagation_seconds": 60})
    federation.bind()
    assert federation.impersonate(held).status == 200
    federation.cloud.world.clock.advance(61)
    assert _refused(federation.impersonate(held))


def test_a_disabled_account_gives_no_tokens_and_its_old_ones_are_refused(federation: Federation) -> None:
    held = federation.federated()
    token = federation.impersonate(held).body["accessToken"]
    account = f"{IAM}/projects/-/serviceAccounts/{DEPLOY}"
    role = {"role": "roles/iam.serviceAccountViewer", "members": [f"serviceAccount:{DEPLOY}"]}
    user = {"role": "roles/iam.workloadIdentityUser", "members": [MEMBER]}
    federation.cloud.ok("POST", f"{account}:setIamPolicy", {"policy": {"bindings": [role, user]}})
    assert federation.cloud.call("GET", account, token=token).status == 200
    federation.cloud.ok("POST", f"{account}:disable", {})
    assert federation.cloud.call("GET", account, token=token).status == 401
    assert federation.impersonate(held).status == 400
    federation.cloud.ok("POST", f"{account}:enable", {})
    assert federation.cloud.call("GET", account, token=token).status == 200
    federation.accepted()


def test_a_new_account_of_an_old_name_inherits_neither_tokens_nor_bindings(federation: Federation) -> None:
    held = federation.federated()
    token = federation.impersonate(held).body["accessToken"]
    account = f"{IAM}/projects/{PROJECT}/serviceAccounts/{DEPLOY}"
    federation.cloud.ok("DELETE", account)
    federation.cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "payments-dev-deploy"})
    assert federation.cloud.call("GET", account, token=token).status == 401
    assert _refused(federation.impersonate(held))
    federation.bind(MEMBER)
    federation.accepted()


def test_an_access_token_ends_with_its_lifetime(federation: Federation) -> None:
    token = federation.impersonate(federation.federated()).body["accessToken"]
    account = f"{IAM}/projects/-/serviceAccounts/{DEPLOY}"
    assert federation.cloud.call("GET", account, token=token).status == 403
    federation.cloud.world.clock.advance(901)
    refused = federation.cloud.call("GET", account, token=token)
    assert (refused.status, refused.body["error"]["details"][0]["reason"]) == (401, "ACCESS_TOKEN_EXPIRED")


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"lifetime": "0s"}, 400, "Lifetime of access token must be larger then zero."),
        ({"lifetime": "3601s"}, 400, "The access tokens can not have lifetimes of more than 1 hour."),
        ({"lifetime": "3600s"}, 200, ""),
        ({"scope": []}, 400, "Scope required."),
        ({"scope": ["everything"]}, 400, "Invalid scope: everything"),
        ({"scope": [""]}, 200, ""),
    ],
)
def test_lifetime_and_scope_are_checked(federation: Federation, body: dict[str, Any], status: int, text: str) -> None:
    answer = federation.impersonate(federation.federated(), **body)
    assert answer.status == status
    assert answer.message.startswith(text)


def test_a_narrow_scope_narrows_what_the_token_may(federation: Federation) -> None:
    narrow = federation.impersonate(
        federation.federated(), scope=["https://www.googleapis.com/auth/devstorage.read_only"]
    )
    account = f"{IAM}/projects/-/serviceAccounts/{DEPLOY}"
    refused = federation.cloud.call("GET", account, token=narrow.body["accessToken"])
    assert refused.message == "Request had insufficient authentication scopes."


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        ({"relay": "roles/iam.serviceAccountTokenCreator", "target": "roles/iam.serviceAccountTokenCreator"}, 200),
        ({"relay": "roles/iam.workloadIdentityUser", "target": "roles/iam.serviceAccountTokenCreator"}, 403),
        ({"relay": "roles/iam.serviceAccountTokenCreator", "target": "roles/iam.serviceAccountUser"}, 403),
        ({"target": "roles/iam.serviceAccountTokenCreator"}, 403),
        ({"relay": "roles/iam.serviceAccountTokenCreator"}, 403),
    ],
)
def test_a_chain_of_delegates_holds_at_every_link(cloud: Cloud, grants: dict[str, str], status: int) -> None:
    emails = {}
    for name in ("relay", "target"):
        made = cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": f"chain-{name}"})
        emails[name] = made["email"]
    members = {"relay": "user:dev@example.com", "target": f"serviceAccount:{emails['relay']}"}
    for name, role in grants.items():
        policy = {"bindings": [{"role": role, "members": [members[name]]}]}
        url = f"{IAM}/projects/-/serviceAccounts/{emails[name]}:setIamPolicy"
        cloud.ok("POST", url, {"policy": policy})
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{emails['target']}:generateAccessToken"
    body: dict[str, Any] = {"scope": [CLOUD_PLATFORM], "delegates": [f"projects/-/serviceAccounts/{emails['relay']}"]}
    token = cloud.user_token("dev@example.com")
    assert cloud.call("POST", url, body, token=token).status == status
    assert cloud.call("POST", url, body | {"delegates": []}, token=token).status == 403


def test_an_unknown_account_is_named_to_the_operator_only(federation: Federation) -> None:
    ghost = f"ghost@{PROJECT}.iam.gserviceaccount.com"
    assert federation.impersonate("", ghost).message == f"Not found; Gaia id not found for email {ghost}"
    assert _refused(federation.impersonate(federation.federated(), ghost))
    federation.accepted()


def test_id_tokens_verify_with_googles_keys(federation: Federation) -> None:
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{DEPLOY}:generateIdToken"
    body = {"audience": "https://svc.run.app", "includeEmail": True}
    token = federation.cloud.call("POST", url, body, token=federation.federated()).body["token"]
    found = federation.cloud.ok("GET", "accounts.google.com/.well-known/openid-configuration", token=None)
    keys = KeySet.import_key_set(federation.cloud.ok("GET", found["jwks_uri"], token=None))  # type: ignore[arg-type]
    claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
    assert (claims["aud"], claims["email"], claims["iss"]) == ("https://svc.run.app", DEPLOY, found["issuer"])


def test_signatures_need_token_creator_and_verify_with_the_accounts_keys(federation: Federation) -> None:
    base = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{DEPLOY}"
    blob = {"payload": base64.b64encode(b"hello").decode()}
    assert federation.cloud.call("POST", f"{base}:signBlob", blob, token=federation.federated()).status == 403
    signed = federation.cloud.ok("POST", f"{base}:signBlob", blob)
    certificates = federation.cloud.ok("GET", f"www.googleapis.com/service_accounts/v1/metadata/x509/{DEPLOY}")
    public = load_pem_x509_certificate(certificates[signed["keyId"]].encode()).public_key()
    public.verify(base64.b64decode(signed["signedBlob"]), b"hello", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg,arg-type]
    signed_jwt = federation.cloud.ok("POST", f"{base}:signJwt", {"payload": json.dumps({"sub": "x"})})["signedJwt"]
    jwks = federation.cloud.ok("GET", f"www.googleapis.com/service_accounts/v1/jwk/{DEPLOY}", token=None)
    keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]
    assert jwt.decode(signed_jwt, keys, algorithms=["RS256"]).claims == {"sub": "x"}
    assert federation.cloud.call("POST", f"{base}:signJwt", {"payload": "[]"}).status == 400

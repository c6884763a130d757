"""Keys of service accounts: made once, believed while they are on, and good for tokens of three kinds."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.sandbox.identity.cloud import PROJECT, START, Answer, Cloud

Json = dict[str, Any]
IAM = "iam.googleapis.com/v1"
EMAIL = f"builder@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"{IAM}/projects/{PROJECT}/serviceAccounts/{EMAIL}"
TOKEN_URL = "https://oauth2.googleapis.com/token"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
NOW = int(START.timestamp())


@pytest.fixture
def key(cloud: Cloud) -> Json:
    """The file of a key of an account that may list accounts of its project."""
    cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    binding = {"role": "roles/iam.serviceAccountViewer", "members": [f"serviceAccount:{EMAIL}"]}
    url = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}:setIamPolicy"
    cloud.ok("POST", url, {"policy": {"bindings": [binding]}})
    made = cloud.ok("POST", f"{ACCOUNT}/keys", {})
    document: Json = json.loads(base64.b64decode(made["privateKeyData"]))
    return document | {"keyName": made["name"]}


def signed(key: Json, alg: str = "RS256", **changes: Any) -> str:
    claims = {"iss": EMAIL, "scope": CLOUD_PLATFORM, "aud": TOKEN_URL, "iat": NOW, "exp": NOW + 3600} | changes
    header = {"alg": alg, "kid": key["private_key_id"]}
    sent = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(header, sent, RSAKey.import_key(key["private_key"]), algorithms=[alg])


def granted(cloud: Cloud, assertion: str, url: str = TOKEN_URL) -> Answer:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return cloud.call("POST", url, token=None, headers=headers, content=urlencode(form).encode())


def test_a_key_is_shown_once_and_gets_a_token(cloud: Cloud, key: Json) -> None:
    assert (key["type"], key["client_email"], key["token_uri"]) == ("service_account", EMAIL, TOKEN_URL)
    token = granted(cloud, signed(key)).body
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3599)
    listed = cloud.ok("GET", f"{IAM}/projects/{PROJECT}/serviceAccounts", token=token["access_token"])
    assert [account["email"] for account in listed["accounts"]] == [EMAIL]
    shown = cloud.ok("GET", f"{IAM}/{key['keyName']}?publicKeyType=TYPE_X509_PEM_FILE")
    assert "privateKeyData" not in shown
    assert (shown["keyType"], shown["keyOrigin"]) == ("USER_MANAGED", "GOOGLE_PROVIDED")
    certificate = load_pem_x509_certificate(base64.b64decode(shown["publicKeyData"]))
    private = load_pem_private_key(key["private_key"].encode(), None)
    assert certificate.public_key() == private.public_key()


def test_google_s_own_key_is_listed_and_cannot_be_deleted(cloud: Cloud, key: Json) -> None:
    kinds = [(entry["keyType"], entry["name"]) for entry in cloud.ok("GET", f"{ACCOUNT}/keys")["keys"]]
    assert sorted(kind for kind, _ in kinds) == ["SYSTEM_MANAGED", "USER_MANAGED"]
    held = cloud.ok("GET", f"{ACCOUNT}/keys?keyTypes=USER_MANAGED")["keys"]
    assert [entry["name"] for entry in held] == [key["keyName"]]
    own = next(name for kind, name in kinds if kind == "SYSTEM_MANAGED")
    assert cloud.call("DELETE", f"{IAM}/{own}").status == 400


def test_a_key_that_is_off_or_gone_signs_nothing(cloud: Cloud, key: Json) -> None:
    cloud.ok("POST", f"{IAM}/{key['keyName']}:disable", {})
    assert granted(cloud, signed(key)).body["error_description"] == "Invalid JWT Signature."
    cloud.ok("POST", f"{IAM}/{key['keyName']}:enable", {})
    assert granted(cloud, signed(key)).status == 200
    cloud.ok("DELETE", f"{IAM}/{key['keyName']}")
    assert granted(cloud, signed(key)).status == 400
    assert cloud.call("GET", f"{IAM}/{key['keyName']}").status == 404


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"iss": f"nobody@{PROJECT}.iam.gserviceaccount.com"}, "invalid_grant", "account not found"),
        ({"exp": NOW + 7200}, "invalid_grant", "short-lived token"),
        ({"iat": NOW - 7200, "exp": NOW - 3600}, "invalid_grant", "short-lived token"),
        ({"iat": NOW + 600, "exp": NOW + 900}, "invalid_grant", "short-lived token"),
        ({"exp": None}, "invalid_grant", "short-lived token"),
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant", "audience check"),
        ({"scope": "everything"}, "invalid_scope", "Invalid OAuth scope"),
        ({"scope": None}, "invalid_scope", "Invalid OAuth scope"),
        ({"sub": "ada@example.com"}, "unauthorized_client", "unauthorized to retrieve access tokens"),
    ],
)
def test_a_wrong_assertion_is_refused(cloud: Cloud, key: Json, changes: Json, error: str, text: str) -> None:
    answer = granted(cloud, signed(key, **changes))
    assert (answer.status, answer.body["error"]) == (400, error)
    assert text in answer.body["error_description"]


def test_a_stranger_s_signature_is_refused(cloud: Cloud, key: Json) -> None:
    stranger = RSAKey.generate_key(2048).as_pem(private=True).decode()
    assert granted(cloud, signed(key | {"private_key": stranger})).body["error"] == "invalid_grant"
    assert granted(cloud, signed(key, alg="RS512")).body["error"] == "invalid_grant"
    assert granted(cloud, "a.b").body["error"] == "invalid_grant"


def test_a_disabled_account_gets_nothing(cloud: Cloud, key: Json) -> None:
    cloud.ok("POST", f"{ACCOUNT}:disable", {})
    assert granted(cloud, signed(key)).body["error_description"] == "Robot is disabled."


def test_an_id_token_instead(cloud: Cloud, key: Json) -> None:
    answer = granted(cloud, signed(key, target_audience="https://api.example", scope=None))
    keys = KeySet.import_key_set(cloud.ok("GET", "https://www.googleapis.com/oauth2/v3/certs"))  # type: ignore[arg-type]
    claims = jwt.decode(answer.body["id_token"], keys).claims
    assert (claims["aud"], claims["email"], claims["exp"] - claims["iat"]) == ("https://api.example", EMAIL, 3600)


def test_other_grants_are_refused(cloud: Cloud) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = cloud.call("POST", TOKEN_URL, token=None, headers=headers, content=b"grant_type=password")
    assert (answer.status, answer.body["error"]) == (400, "unsupported_grant_type")


def test_an_account_may_sign_its_own_token(cloud: Cloud, key: Json) -> None:
    url = f"{IAM}/projects/{PROJECT}/serviceAccounts"
    own: Json = {"sub": EMAIL, "scope": None, "aud": "https://iam.googleapis.com/"}
    assert cloud.call("GET", url, token=signed(key, **own)).status == 200
    assert cloud.call("GET", url, token=signed(key, sub=EMAIL, aud=None)).status == 200
    assert cloud.call("GET", url, token=signed(key, **own | {"aud": "https://run.googleapis.com/"})).status == 401
    assert cloud.call("GET", url, token=signed(key, **own | {"sub": "ada@example.com"})).status == 401
    stranger = RSAKey.generate_key(2048).as_pem(private=True).decode()
    assert cloud.call("GET", url, token=signed(key | {"private_key": stranger}, **own)).status == 401


def test_uploaded_and_other_forms_of_keys(cloud: Cloud, key: Json) -> None:
    made = cloud.ok("POST", f"{ACCOUNT}/keys", {"privateKeyType": "TYPE_PKCS12_FILE"})
    private, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(made["privateKeyData"]), b"notasecret")
    assert private is not None
    assert certificate is not None
    x509 = cloud.ok("GET", f"https://www.googleapis.com/robot/v1/metadata/x509/{EMAIL}")
    assert key["private_key_id"] in x509
    pem = x509[key["private_key_id"]]
    cloud.ok("DELETE", f"{IAM}/{key['keyName']}")
    sent = {"publicKeyData": base64.b64encode(pem.encode()).decode()}
    uploaded = cloud.ok("POST", f"{ACCOUNT}/keys:upload", sent)
    assert uploaded["keyOrigin"] == "USER_PROVIDED"
    assert granted(cloud, signed(key)).status == 200
    wrong = {"publicKeyData": base64.b64encode(b"no key").decode()}
    assert cloud.call("POST", f"{ACCOUNT}/keys:upload", wrong).status == 400


def test_ten_keys_are_enough(cloud: Cloud, key: Json) -> None:
    assert key
    for _ in range(9):
        cloud.ok("POST", f"{ACCOUNT}/keys", {"keyAlgorithm": "KEY_ALG_RSA_1024"})
    refused = cloud.call("POST", f"{ACCOUNT}/keys", {})
    assert (refused.status, refused.message) == (400, "Precondition check failed.")


def test_keys_need_their_own_permission(cloud: Cloud, key: Json) -> None:
    assert key
    token = cloud.user_token("ada@example.com")
    refused = cloud.call("POST", f"{ACCOUNT}/keys", {}, token=token)
    assert (refused.status, "iam.serviceAccountKeys.create" in refused.message) == (403, True)


def test_keys_come_back_with_their_account_for_thirty_days(cloud: Cloud, key: Json) -> None:
    unique_id = cloud.ok("GET", ACCOUNT)["uniqueId"]
    cloud.ok("DELETE", ACCOUNT)
    assert granted(cloud, signed(key)).body["error_description"] == "Invalid grant: account not found"
    cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts/{unique_id}:undelete", {})
    assert granted(cloud, signed(key)).status == 200
    cloud.ok("DELETE", ACCOUNT)
    cloud.world.clock.advance(timedelta(days=30).total_seconds())
    assert cloud.call("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts/{unique_id}:undelete", {}).status == 404


def test_the_older_ways_to_sign(cloud: Cloud, key: Json) -> None:
    assert key
    signed_jwt = cloud.ok("POST", f"{ACCOUNT}:signJwt", {"payload": json.dumps({"sub": EMAIL, "exp": NOW + 60})})
    keys = KeySet.import_key_set(cloud.ok("GET", f"https://www.googleapis.com/service_accounts/v1/jwk/{EMAIL}"))  # type: ignore[arg-type]
    assert jwt.decode(signed_jwt["signedJwt"], keys).claims["sub"] == EMAIL
    blob = cloud.ok("POST", f"{ACCOUNT}:signBlob", {"bytesToSign": base64.b64encode(b"x").decode()})
    assert (blob["keyId"], len(base64.b64decode(blob["signature"]))) == (signed_jwt["keyId"], 256)

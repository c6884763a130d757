"""Google's own library for federated credentials, unmodified but for its transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from google.auth import identity_pool
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2 import id_token

from tests.sandbox.identity.federated import CLOUD_PLATFORM, DEPLOY, IAM, PROVIDER, Federation


class _Answer:
    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = headers
        self.data = data


class _Transport:
    """The library's transport, ending in the sandbox instead of a socket."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **rest: Any,
    ) -> _Answer:
        del timeout, rest
        content = body.encode() if isinstance(body, str) else body
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        answer = self.federation.cloud.call(method, url, token=None, headers=sent, content=content)
        return _Answer(answer.status, answer.headers, answer.content)


class _Supplier(identity_pool.SubjectTokenSupplier):
    def __init__(self, token: str) -> None:
        self.token = token

    def get_subject_token(self, context: object, request: object) -> str:
        del context, request
        return self.token


def _credentials(token: str) -> identity_pool.Credentials:
    return identity_pool.Credentials(  # type: ignore[no-untyped-call]
        audience=f"//iam.googleapis.com/{PROVIDER}",
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url="https://sts.googleapis.com/v1/token",
        subject_token_supplier=_Supplier(token),
        service_account_impersonation_url=(
            f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{DEPLOY}:generateAccessToken"
        ),
        scopes=[CLOUD_PLATFORM],
    )


def test_the_library_gets_a_token_that_works(federation: Federation) -> None:
    credentials = _credentials(federation.token())
    credentials.refresh(_Transport(federation))  # type: ignore[no-untyped-call]
    answer = federation.cloud.call("GET", f"{IAM}/projects/-/serviceAccounts/{DEPLOY}", token=credentials.token)
    assert answer.status == 403
    assert "iam.serviceAccounts.get" in answer.message


def test_the_library_reports_either_refusal(federation: Federation) -> None:
    with pytest.raises(GoogleAuthError, match="rejected by the attribute condition"):
        _credentials(federation.token(repository_id="112")).refresh(_Transport(federation))  # type: ignore[no-untyped-call]
    with pytest.raises(RefreshError, match="Unable to acquire impersonated credentials"):
        _credentials(federation.token(environment="prod")).refresh(_Transport(federation))  # type: ignore[no-untyped-call]


def test_the_library_verifies_id_tokens(federation: Federation) -> None:
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{DEPLOY}:generateIdToken"
    body = {"audience": "https://api.run.app"}
    token = federation.cloud.call("POST", url, body, token=federation.federated()).body["token"]
    skew = 10**9
    claims = id_token.verify_oauth2_token(  # type: ignore[no-untyped-call]
        token, _Transport(federation), "https://api.run.app", clock_skew_in_seconds=skew
    )
    assert claims["iss"] == "https://accounts.google.com"
    with pytest.raises((ValueError, GoogleAuthError)):
        id_token.verify_oauth2_token(token, _Transport(federation), "https://other", clock_skew_in_seconds=skew)  # type: ignore[no-untyped-call]

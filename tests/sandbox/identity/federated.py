"""A pool, a provider as the modules write it, an account that one job may become, and an issuer to sign tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from provisioner.sandbox.google.identity.issuers import keys_through
from provisioner.sandbox.http import Request, Response, json_response
from tests.sandbox.identity.cloud import NUMBER, PROJECT, START, Answer, Cloud

Json = dict[str, Any]
ISSUER = "https://token.actions.githubusercontent.com"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/payments-dev-gh"
PROVIDER = f"{POOL}/providers/github"
DEPLOY = f"payments-dev-deploy@{PROJECT}.iam.gserviceaccount.com"
IAM = "iam.googleapis.com/v1"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
JOB_PREFIX = "assertion.repository_id + ':' + (has(assertion.environment) ? assertion.environment : '') + ':' + "
MAPPING = {
    "google.subject": "assertion.repository_id + (has(assertion.environment) ? ':env:' + assertion.environment : "
    "':event:' + assertion.event_name)",
    "attribute.repository_id": "assertion.repository_id",
    "attribute.repo_event": f"{JOB_PREFIX}assertion.event_name",
    "attribute.repo_env_ref_event": f"{JOB_PREFIX}assertion.ref + ':' + assertion.event_name",
}
CONDITION = (
    "assertion.repository_owner_id == '77' && assertion.repository_id in ['111'] && assertion.event_name in "
    "['push','workflow_dispatch','schedule','pull_request'] && has(assertion.runner_environment) && "
    "assertion.runner_environment == 'github-hosted'"
)
JOB = "111:dev:refs/heads/main:push"
MEMBER = f"principalSet://iam.googleapis.com/{POOL}/attribute.repo_env_ref_event/{JOB}"


class Issuer:
    """GitHub's token issuer: discovery document, keys, tokens."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "key-1"}, auto_kid=False)
        self.reachable = True

    def __call__(self, request: Request) -> Response:
        if request.host != "token.actions.githubusercontent.com" or not self.reachable:
            return Response(404)
        if request.path == "/.well-known/openid-configuration":
            return json_response({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/.well-known/jwks"})
        return json_response(self.jwks())

    def jwks(self) -> Json:
        return {"keys": [self.key.as_dict(private=False) | {"use": "sig", "alg": "RS256"}]}

    def sign(
        self, claims: Json, *, key: RSAKey | ECKey | None = None, alg: str = "RS256", kid: str | None = "key-1"
    ) -> str:
        header = {"alg": alg, "typ": "JWT"} | ({"kid": kid} if kid else {})
        return jwt.encode(header, claims, key or self.key, algorithms=[alg])


class Federation:
    """A job of repository 111 of owner 77 on main in environment dev may become DEPLOY; nobody else may."""

    def __init__(self, folder: Path) -> None:
        self.issuer = Issuer()
        self.cloud = Cloud(folder, keys_through(self.issuer))
        place = f"{IAM}/projects/{PROJECT}"
        self.cloud.ok(
            "POST", f"{place}/locations/global/workloadIdentityPools?workloadIdentityPoolId=payments-dev-gh", {}
        )
        self.cloud.ok(
            "POST",
            f"{IAM}/{POOL}/providers?workloadIdentityPoolProviderId=github",
            {"attributeMapping": MAPPING, "attributeCondition": CONDITION, "oidc": {"issuerUri": ISSUER}},
        )
        self.cloud.ok("POST", f"{place}/serviceAccounts", {"accountId": "payments-dev-deploy"})
        self.bind(MEMBER)

    def bind(self, *members: str) -> None:
        bindings = [{"role": "roles/iam.workloadIdentityUser", "members": list(members)}] if members else []
        url = f"{IAM}/projects/-/serviceAccounts/{DEPLOY}:setIamPolicy"
        self.cloud.ok("POST", url, {"policy": {"bindings": bindings}})

    def claims(self, **changes: Any) -> Json:
        now = int(START.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": f"https://iam.googleapis.com/{PROVIDER}",
            "sub": "repo:acme@77/payments@111:environment:dev",
            "iat": now,
            "nbf": now - 300,
            "exp": now + 300,
            "repository_id": "111",
            "repository_owner_id": "77",
            "environment": "dev",
            "ref": "refs/heads/main",
            "event_name": "push",
            "runner_environment": "github-hosted",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        return self.issuer.sign(self.claims(**changes))

    def exchange(self, subject_token: str, provider: str = PROVIDER) -> Answer:
        return self.cloud.call(
            "POST",
            "sts.googleapis.com/v1/token",
            {
                "audience": f"//iam.googleapis.com/{provider}",
                "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
                "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
                "scope": CLOUD_PLATFORM,
                "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
                "subjectToken": subject_token,
            },
            token=None,
        )

    def federated(self, **changes: Any) -> str:
        answer = self.exchange(self.token(**changes))
        assert answer.status == 200, answer.body
        return str(answer.body["access_token"])

    def impersonate(self, federated: str, account: str = DEPLOY, **body: Any) -> Answer:
        url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        return self.cloud.call("POST", url, {"scope": [CLOUD_PLATFORM], "lifetime": "900s"} | body, token=federated)

    def patch_provider(self, mask: str, body: Json) -> Answer:
        return self.cloud.call("PATCH", f"{IAM}/{PROVIDER}?updateMask={mask}", body)

    def accepted(self) -> None:
        """Show that the legitimate job still gets through both stages."""
        answer = self.impersonate(self.federated())
        assert answer.status == 200, answer.body

    def jwks_json(self) -> str:
        return json.dumps(self.issuer.jwks())

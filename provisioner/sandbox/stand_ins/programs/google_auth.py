"""google-github-actions/auth v3 with workload identity: the calls of the real one, in its order.

https://github.com/google-github-actions/auth (behaviour read at v3.0.0)
"""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

from provisioner.sandbox.stand_ins.programs.workflow import call, export, fail, flag, inputs, mask, output, say

_PROVIDER = re.compile(r"projects/\d+/locations/global/workloadIdentityPools/[^/]+/providers/[^/]+")
_STS = "https://sts.googleapis.com/v1"
_IAM_CREDENTIALS = "https://iamcredentials.googleapis.com/v1"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PROJECT_VARIABLES = (
    *("CLOUDSDK_CORE_PROJECT", "CLOUDSDK_PROJECT", "GCLOUD_PROJECT", "GCP_PROJECT", "GOOGLE_CLOUD_PROJECT"),
)


def main() -> None:
    """Become the identity that is asked for."""
    given = inputs()
    _check(given)
    provider = given["workload_identity_provider"]
    url, request_token = _request()
    audience = given["audience"] or f"https://iam.googleapis.com/{provider}"
    token_url = f"{url}&audience={quote(audience, safe='')}"
    try:
        identity = str(call(token_url, token=request_token)["value"])
    except RuntimeError as problem:
        fail(f"google-github-actions/auth failed with: failed to get the id token of this job: {problem}")
    mask(identity)
    project = given["project_id"] or _project_of(given["service_account"])
    if flag(given["create_credentials_file"]):
        _write_credentials(given, provider, token_url, request_token)
    if project:
        output("project_id", project)
        if flag(given["export_environment_variables"]):
            for name in _PROJECT_VARIABLES:
                export(name, project)
    federated = _exchanged(provider, identity)
    output("auth_token", federated)
    _tokens(given, federated)


def _check(given: dict[str, str]) -> None:
    if given["credentials_json"]:
        fail("The sandbox's auth plays workload identity only: a key (credentials_json) is what it is there to replace")
    if given["access_token_subject"]:
        fail("The sandbox's auth does not play the input access_token_subject (domain-wide delegation)")
    if not _PROVIDER.fullmatch(given["workload_identity_provider"]):
        fail(
            "google-github-actions/auth failed with: the GitHub Action workflow must specify exactly one of "
            '"workload_identity_provider" or "credentials_json"! Give the full name with the project number.'
        )
    if given["token_format"] not in {"", "access_token", "id_token"}:
        fail(f"google-github-actions/auth failed with: unsupported token format {given['token_format']!r}")


def _request() -> tuple[str, str]:
    url, token = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"), os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not token:
        fail(
            "google-github-actions/auth failed with: GitHub Actions did not inject $ACTIONS_ID_TOKEN_REQUEST_TOKEN or "
            "$ACTIONS_ID_TOKEN_REQUEST_URL into this job. This most likely means the GitHub Actions workflow "
            "permissions are incorrect, or this job is being run from a fork. For more information, please see "
            "https://docs.github.com/en/actions/security-guides/automatic-token-authentication"
            "#permissions-for-the-github_token"
        )
    return url, token


def _project_of(account: str) -> str:
    return account.partition("@")[2].partition(".")[0]


def _write_credentials(given: dict[str, str], provider: str, token_url: str, request_token: str) -> None:
    document: dict[str, Any] = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{_STS}/token",
        "universe_domain": given["universe"],
        "credential_source": {
            "url": token_url,
            "headers": {"Authorization": f"Bearer {request_token}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }
    if given["service_account"]:
        place = f"{_IAM_CREDENTIALS}/projects/-/serviceAccounts/{given['service_account']}:generateAccessToken"
        document["service_account_impersonation_url"] = place
    path = Path(os.environ["GITHUB_WORKSPACE"]) / f"gha-creds-{secrets.token_hex(8)}.json"
    path.touch(mode=0o640)
    path.write_text(json.dumps(document), encoding="utf-8")
    say(f'Created credentials file at "{path}"')
    output("credentials_file_path", str(path))
    if flag(given["export_environment_variables"]):
        names = ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_GHA_CREDS_PATH")
        for name in names:
            export(name, str(path))


def _exchanged(provider: str, identity: str) -> str:
    body = {
        "audience": f"//iam.googleapis.com/{provider}",
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "scope": _SCOPE,
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": identity,
    }
    try:
        token = str(call(f"{_STS}/token", body)["access_token"])
    except RuntimeError as problem:
        fail(
            "google-github-actions/auth failed with: failed to generate Google Cloud federated token for "
            f"//iam.googleapis.com/{provider}: {problem}"
        )
    mask(token)
    return token


def _tokens(given: dict[str, str], federated: str) -> None:
    wanted, account = given["token_format"], given["service_account"]
    if not wanted:
        return
    if not account:
        fail("google-github-actions/auth failed with: must specify a service_account for this token format")
    delegates = [name.strip() for name in given["delegates"].split(",") if name.strip()]
    body: dict[str, Any] = {"delegates": delegates} if delegates else {}
    place = f"{_IAM_CREDENTIALS}/projects/-/serviceAccounts/{account}"
    if wanted == "id_token":
        if not given["id_token_audience"]:
            fail("google-github-actions/auth failed with: must specify id_token_audience for an id_token")
        body |= {"audience": given["id_token_audience"], "includeEmail": flag(given["id_token_include_email"])}
        method, field = "generateIdToken", "token"
    else:
        scopes = [scope for scope in re.split(r"[\s,]+", given["access_token_scopes"]) if scope]
        body |= {"scope": scopes, "lifetime": _lifetime(given["access_token_lifetime"])}
        method, field = "generateAccessToken", "accessToken"
    try:
        token = str(call(f"{place}:{method}", body, federated)[field])
    except RuntimeError as problem:
        kind = "id token" if wanted == "id_token" else "access token"
        fail(f"google-github-actions/auth failed with: failed to generate Google Cloud {kind} for {account}: {problem}")
    mask(token)
    output(wanted, token)


def _lifetime(text: str) -> str:
    return text if text.endswith("s") else f"{int(text)}s"


if __name__ == "__main__":
    main()

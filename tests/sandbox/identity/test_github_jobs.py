"""The sandbox's own GitHub mints, the sandbox's own Google exchanges: no key is handed from one to the other."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from provisioner.sandbox.github import github_application, lay_foundations, mint_job_token, operator_token
from provisioner.sandbox.http import Request
from tests.sandbox.identity.cloud import PROJECT, Answer, Cloud
from tests.sandbox.identity.federated import CLOUD_PLATFORM, DEPLOY, IAM, ISSUER, MAPPING, POOL, PROVIDER

AUDIENCE = f"https://iam.googleapis.com/{PROVIDER}"


def _repository(cloud: Cloud) -> dict[str, str]:
    """Create acme/payments on the sandbox's GitHub; return its id and its owner's."""
    with cloud.world.store.transaction() as tx:
        lay_foundations(cloud.world, tx, {"githubOwner": "acme", "githubPlan": "enterprise"})
        token = operator_token(cloud.world, tx)
    body = json.dumps({"name": "payments", "private": True, "auto_init": True}).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "user-agent": "tests"}
    answer = github_application(cloud.world)(Request("POST", "api.github.com", "/orgs/acme/repos", "", headers, body))
    assert isinstance(answer.body, bytes)
    assert answer.status == 201, answer.body
    made = json.loads(answer.body)
    return {"repository": str(made["id"]), "owner": str(made["owner"]["id"])}


def _trust(cloud: Cloud, ids: dict[str, str]) -> None:
    place = f"{IAM}/projects/{PROJECT}"
    condition = (
        f"assertion.repository_owner_id == '{ids['owner']}' && assertion.repository_id in ['{ids['repository']}'] && "
        "assertion.event_name in ['push']"
    )
    provider = {"attributeMapping": MAPPING, "attributeCondition": condition, "oidc": {"issuerUri": ISSUER}}
    cloud.ok("POST", f"{place}/locations/global/workloadIdentityPools?workloadIdentityPoolId=payments-dev-gh", {})
    cloud.ok("POST", f"{IAM}/{POOL}/providers?workloadIdentityPoolProviderId=github", provider)
    cloud.ok("POST", f"{place}/serviceAccounts", {"accountId": "payments-dev-deploy"})
    job = f"{ids['repository']}::refs/heads/main:push"
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.repo_env_ref_event/{job}"
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [member]}
    cloud.ok("POST", f"{place}/serviceAccounts/{DEPLOY}:setIamPolicy", {"policy": {"bindings": [binding]}})


def _id_token(cloud: Cloud, **changes: str) -> str:
    workflow = "acme/payments/.github/workflows/deploy.yml@refs/heads/main"
    context = {
        "repository": "acme/payments",
        "event_name": "push",
        "ref": "refs/heads/main",
        "actor": "platform-operator",
        "workflow": "deploy",
        "workflow_ref": workflow,
        "job_workflow_ref": workflow,
    }
    with cloud.world.store.transaction() as tx:
        given = mint_job_token(cloud.world, tx, context | changes)
    url = urlsplit(given.request_url)
    headers = {"authorization": f"bearer {given.request_token}", "user-agent": "tests"}
    query = f"{url.query}&audience={AUDIENCE}"
    answer = github_application(cloud.world)(Request("GET", url.hostname or "", url.path, query, headers))
    assert isinstance(answer.body, bytes)
    assert answer.status == 200, answer.body
    return str(json.loads(answer.body)["value"])


def _exchange(cloud: Cloud, token: str) -> Answer:
    body = {
        "audience": f"//iam.googleapis.com/{PROVIDER}",
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "scope": CLOUD_PLATFORM,
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": token,
    }
    return cloud.call("POST", "sts.googleapis.com/v1/token", body, token=None)


def test_a_job_of_the_sandboxs_github_becomes_its_account_and_others_do_not(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    _trust(cloud, _repository(cloud))
    become = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{DEPLOY}:generateAccessToken"
    body = {"scope": [CLOUD_PLATFORM]}
    good = _exchange(cloud, _id_token(cloud))
    assert good.status == 200, good.body
    assert cloud.call("POST", become, body, token=good.body["access_token"]).status == 200
    branch = _exchange(cloud, _id_token(cloud, ref="refs/heads/feature"))
    assert cloud.call("POST", become, body, token=branch.body["access_token"]).status == 403
    other_event = _exchange(cloud, _id_token(cloud, event_name="schedule"))
    assert other_event.body["error"] == "unauthorized_client"

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from provisioner.errors import InvalidInput
from provisioner.sandbox.github import mint_job_token
from provisioner.sandbox.github.accounts import find_account
from tests.sandbox.github.hub import HOSTS, Hub

CUSTOM = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
MODEL = {"repository": "acme/model"}


def _claims(hub: Hub, **context: str) -> dict[str, Any]:
    token = hub.id_token({**MODEL, **context})
    issuer = hub.url(HOSTS[2])
    known = hub.http.get(f"{issuer}/.well-known/openid-configuration").json()
    assert known["issuer"] == "https://token.actions.githubusercontent.com"
    keys = KeySet.import_key_set(hub.http.get(issuer + known["jwks_uri"].removeprefix(known["issuer"])).json())
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "JWT"
    assert set(decoded.claims) <= set(known["claims_supported"])
    return dict(decoded.claims)


def _refusal(hub: Hub, **context: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        hub.write(lambda tx: mint_job_token(hub.world, tx, {**MODEL, **context}))
    return refused.value.reason


def test_a_push_has_all_claims_as_strings(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    repository = hub.call("GET", path).json()
    owner = repository["owner"]["id"]
    claims = _claims(hub)
    times = {name: claims.pop(name) for name in ("iat", "nbf", "exp")}
    assert (times["exp"] - times["iat"], times["iat"] - times["nbf"]) == (300, 600)
    assert all(isinstance(value, str) for value in claims.values())
    workflow = "acme/model/.github/workflows/release.yaml@refs/heads/main"
    head = hub.call("GET", f"{path}/git/ref/heads/main").json()["object"]["sha"]
    assert claims | {"jti": "", "run_id": "", "run_number": "", "actor_id": ""} == {
        "jti": "",
        "run_id": "",
        "run_number": "",
        "actor_id": "",
        "run_attempt": "1",
        "sub": f"repo:acme@{owner}/model@{repository['id']}:ref:refs/heads/main",
        "aud": "https://github.com/acme",
        "iss": "https://token.actions.githubusercontent.com",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "ref_protected": "false",
        "sha": head,
        "workflow_sha": head,
        "job_workflow_sha": head,
        "repository": "acme/model",
        "repository_id": str(repository["id"]),
        "repository_visibility": "private",
        "repository_owner": "acme",
        "repository_owner_id": str(owner),
        "actor": "platform-operator",
        "event_name": "push",
        "head_ref": "",
        "base_ref": "",
        "workflow": ".github/workflows/release.yaml",
        "workflow_ref": workflow,
        "job_workflow_ref": workflow,
        "runner_environment": "github-hosted",
    }


def test_a_pull_request_and_an_environment_show_in_the_subject(hub: Hub) -> None:
    hub.repository()
    pulled = _claims(hub, event_name="pull_request", head_ref="topic")
    assert pulled["sub"].endswith(":pull_request")
    assert (pulled["ref"], pulled["head_ref"], pulled["base_ref"]) == ("refs/pull/1/merge", "topic", "main")
    hub.call("PUT", "/repos/acme/model/environments/dev%3Aeu", {})
    deployed = _claims(hub, environment="dev:eu")
    assert deployed["environment"] == "dev:eu"
    assert deployed["sub"].endswith(":environment:dev%3Aeu")
    assert "environment" not in pulled


def test_the_audience_is_the_one_asked_for(hub: Hub) -> None:
    hub.repository()
    token = hub.id_token(MODEL, "https://iam.example/x")
    assert jwt.decode(token, _key(hub), algorithms=["RS256"]).claims["aud"] == "https://iam.example/x"


def _key(hub: Hub) -> KeySet:
    return KeySet.import_key_set(hub.http.get(f"{hub.url(HOSTS[2])}/.well-known/jwks").json())


def test_the_key_set_has_no_private_part(hub: Hub) -> None:
    keys = hub.http.get(f"{hub.url(HOSTS[2])}/.well-known/jwks").json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "n", "e", "kid", "alg", "use"}]


def test_an_environment_admits_only_its_branches(hub: Hub) -> None:
    path = hub.repository()
    assert _refusal(hub, environment="prod") == "Environment 'prod' not found in acme/model."
    hub.call("PUT", f"{path}/environments/prod", CUSTOM)
    said = 'Branch "main" is not allowed to deploy to prod due to environment protection rules.'
    assert _refusal(hub, environment="prod") == said
    hub.call("POST", f"{path}/environments/prod/deployment-branch-policies", {"name": "main"})
    assert _claims(hub, environment="prod")["environment"] == "prod"
    assert _refusal(hub, environment="prod", ref="refs/heads/topic").startswith('Branch "topic" is not allowed')
    assert _refusal(hub, environment="prod", ref="refs/tags/main").startswith('Tag "main" is not allowed to deploy')
    pulled = _refusal(hub, environment="prod", event_name="pull_request")
    assert pulled.startswith('Branch "refs/pull/1/merge" is not allowed')


def test_a_protected_environment_waits_for_its_reviewer(hub: Hub) -> None:
    path = hub.repository()
    ann = hub.write(lambda tx: find_account(tx, "ann"))["id"]
    body = {"reviewers": [{"type": "User", "id": ann}], "prevent_self_review": True}
    hub.call("PUT", f"{path}/environments/prod", body)
    assert _refusal(hub, environment="prod") == "The deployment to prod is waiting for review."
    assert _claims(hub, environment="prod", reviewed="true")["environment"] == "prod"
    assert "bea is not a required reviewer" in _refusal(hub, environment="prod", reviewed="true", reviewed_by="bea")
    assert "self-review" in _refusal(hub, environment="prod", reviewed="true", reviewed_by="ann", actor="ann")
    assert _claims(hub, environment="prod", reviewed="true", reviewed_by="ann", actor="bea")["actor"] == "bea"


@pytest.mark.parametrize("event", ["schedule", "workflow_run", "issue_comment", "pull_request_target"])
def test_events_that_run_on_the_default_branch_run_nowhere_else(hub: Hub, event: str) -> None:
    hub.repository()
    assert _claims(hub, event_name=event)["ref"] == "refs/heads/main"
    assert "runs on the default branch" in _refusal(hub, event_name=event, ref="refs/heads/topic")


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"event_name": "pull_request", "head_repository": "mallory/model"}, "gets no id token"),
        ({"event_name": "party"}, "is not an event that triggers workflows"),
        ({"ref": "main"}, "runs on a branch or tag"),
        ({"event_name": "pull_request", "ref": "refs/heads/main"}, "refs/pull/<number>/merge"),
        ({"repository": "acme/gone"}, "Repository 'acme/gone' not found."),
        ({"workflow_ref": "other/x/.github/workflows/a.yml@refs/heads/main"}, "is not one of acme/model"),
        ({"runner_environment": "moon"}, "no kind of runner"),
        ({"actor": "nobody"}, "is not a user"),
        ({"colour": "blue"}, "unknown job context: colour"),
    ],
)
def test_contexts_that_cannot_be(hub: Hub, context: dict[str, str], said: str) -> None:
    hub.repository()
    assert said in _refusal(hub, **context)


def test_an_archived_or_disabled_repository_runs_nothing(hub: Hub) -> None:
    path = hub.repository()
    hub.call("PUT", f"{path}/actions/permissions", {"enabled": False})
    assert _refusal(hub) == "GitHub Actions is disabled on this repository."
    hub.call("PUT", f"{path}/actions/permissions", {"enabled": True})
    hub.call("PATCH", path, {"archived": True})
    assert "archived" in _refusal(hub)


def test_a_request_token_is_good_for_its_own_job_and_time(hub: Hub) -> None:
    hub.repository()
    first, second = (hub.write(lambda tx: mint_job_token(hub.world, tx, MODEL)) for _ in range(2))

    def fetch(url: str, token: str) -> httpx.Response:
        path = url.removeprefix(f"https://{HOSTS[2]}")
        return hub.http.get(hub.url(HOSTS[2]) + path, headers={"Authorization": f"Bearer {token}"})

    assert fetch(first.request_url, first.request_token).status_code == 200
    assert fetch(first.request_url, second.request_token).status_code == 401
    hub.world.clock.advance(6 * 3600 + 1)
    assert fetch(first.request_url, first.request_token).status_code == 401


def test_a_customized_subject(hub: Hub) -> None:
    path = hub.repository()
    place = f"{path}/actions/oidc/customization/sub"
    shown = hub.call("GET", place).json()
    assert shown["use_default"] is True
    assert _claims(hub)["sub"] == f"{shown['sub_claim_prefix']}:ref:refs/heads/main"
    keys = ["repository_owner", "job_workflow_ref", "context"]
    user = hub.tokens["user"]
    assert hub.call("PUT", place, {"use_default": False, "include_claim_keys": keys}).status_code == 201
    workflow = "acme/model/.github/workflows/release.yaml@refs/heads/main"
    expected = f"repository_owner:acme:job_workflow_ref:{workflow}:ref:refs/heads/main"
    assert _claims(hub)["sub"] == expected
    hub.call("PUT", "/orgs/acme/actions/oidc/customization/sub", {"include_claim_keys": ["repo"]}, token=user)
    assert _claims(hub)["sub"] == expected
    hub.call("PUT", place, {"use_default": False}, token=user)
    assert _claims(hub)["sub"] == shown["sub_claim_prefix"]
    hub.call(
        "PUT", place, {"use_default": False, "include_claim_keys": ["repo"], "use_immutable_subject": False}, token=user
    )
    assert _claims(hub)["sub"] == "repo:acme/model"


@pytest.mark.parametrize(
    ("day", "old"), [(datetime(2026, 7, 14, tzinfo=UTC), True), (datetime(2026, 7, 15, tzinfo=UTC), False)]
)
def test_older_repositories_keep_the_older_subject(tmp_path: Path, day: datetime, old: bool) -> None:  # noqa: FBT001 - the expected value
    hub = Hub(tmp_path, lambda _request, _response: None, lambda: day)
    try:
        hub.repository()
        assert (_claims_at(hub)["sub"] == "repo:acme/model:ref:refs/heads/main") is old
    finally:
        hub.close()


def _claims_at(hub: Hub) -> dict[str, Any]:
    return dict(jwt.decode(hub.id_token(MODEL), _key(hub), algorithms=["RS256"]).claims)

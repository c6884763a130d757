"""*.run.app: addresses, who may call, how traffic is shared out."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from provisioner.sandbox.google.identity.keys import GOOGLE, signing_key
from tests.sandbox.identity.cloud import PROJECT, START
from tests.sandbox.run.region import HELLO, IAM, NAME, RUNTIME, URL, V2, Region

CALLER = f"caller@{PROJECT}.iam.gserviceaccount.com"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


@pytest.fixture
def api(region: Region) -> Region:
    """A service that a service account may invoke, and nobody else."""
    region.create()
    region.cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "caller"})
    binding = {"role": "roles/run.invoker", "members": [f"serviceAccount:{CALLER}", "user:ann@example.com"]}
    region.cloud.ok("POST", f"{V2}/{NAME}:setIamPolicy", {"policy": {"bindings": [binding]}})
    return region


def _token(region: Region, audience: str, account: str = CALLER) -> str:
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateIdToken"
    return str(region.cloud.ok("POST", url, {"audience": audience, "includeEmail": True})["token"])


def _signed(region: Region, **claims: Any) -> str:
    now = int(START.timestamp())
    usual = {
        "iss": f"https://{GOOGLE}",
        "aud": URL,
        "iat": now,
        "exp": now + 60,
        "email": "ann@example.com",
        "sub": "1",
    }
    with region.cloud.world.store.transaction() as tx:
        return signing_key(tx, GOOGLE).sign_jwt(usual | claims)


def _status(region: Region, token: str, url: str = URL) -> int:
    return region.ask(url=url, authorization=f"Bearer {token}").status


def test_an_identity_token_for_either_address_is_let_in(api: Region) -> None:
    old = api.service()["urls"][1]
    assert old.endswith("-ew.a.run.app")
    for audience in (URL, old):
        for address in (URL, old):
            assert _status(api, _token(api, audience), address) == 200
    other = api.cloud.call(
        "GET", f"{URL}/", token=None, headers={"x-serverless-authorization": f"bearer {_token(api, URL)}"}
    )
    assert other.status == 200
    assert other.headers["x-sandbox-answered-by"].startswith("placeholder; ")


def test_who_is_not_let_in(api: Region) -> None:
    nobody = api.ask("/a<b>")
    assert nobody.status == 403
    assert b"<h1>Error: Forbidden</h1>" in nobody.content
    assert b"get URL <code>/a&lt;b&gt;</code> from this server." in nobody.content
    assert _status(api, _token(api, URL, RUNTIME)) == 403
    assert _status(api, _token(api, "https://other.example")) == 401
    assert _status(api, api.cloud.operator) == 401
    assert _status(api, _token(api, URL)[:-6] + "AAAAAA") == 401
    refused = api.ask(authorization="Bearer nonsense")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"aud": "32555940559.apps.googleusercontent.com"}, 200),
        ({"iss": "https://token.actions.githubusercontent.com"}, 401),
        ({"exp": int((START - timedelta(seconds=1)).timestamp())}, 401),
        ({"iat": int((START + timedelta(hours=1)).timestamp())}, 401),
        ({"email": f"gone@{PROJECT}.iam.gserviceaccount.com"}, 401),
        ({"email": "bob@example.com"}, 403),
    ],
)
def test_a_token_s_claims_count(api: Region, claims: dict[str, Any], status: int) -> None:
    assert _status(api, _signed(api, **claims)) == status


def test_an_account_may_not_use_gcloud_s_own_audience(api: Region) -> None:
    assert _status(api, _token(api, "32555940559.apps.googleusercontent.com")) == 401


def test_custom_audiences_are_accepted(api: Region) -> None:
    body = api.body(HELLO) | {"customAudiences": ["https://api.example.com"]}
    api.cloud.ok("PATCH", f"{V2}/{NAME}", body)
    assert _status(api, _token(api, "https://api.example.com")) == 200


def test_a_service_may_be_open_or_its_check_off(region: Region) -> None:
    region.create()
    assert region.ask().status == 403
    region.cloud.ok("PATCH", f"{V2}/{NAME}", region.body(HELLO) | {"invokerIamDisabled": True})
    assert region.ask().status == 200
    region.cloud.ok("PATCH", f"{V2}/{NAME}", region.body(HELLO))
    region.open_to_all()
    answer = region.ask()
    assert answer.status == 200
    assert b"It's running!" in answer.content


@pytest.mark.parametrize(
    "change",
    [
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"},
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"},
        {"defaultUriDisabled": True},
    ],
)
def test_what_is_not_reachable_is_not_found(region: Region, change: dict[str, Any]) -> None:
    region.create()
    region.open_to_all()
    assert region.ask().status == 200
    region.cloud.ok("PATCH", f"{V2}/{NAME}", region.body(HELLO) | change)
    missing = region.ask()
    assert missing.status == 404
    assert b"The requested URL was not found on this server." in missing.content
    assert region.ask(url=URL.replace("api-", "none-")).status == 404


def test_traffic_is_shared_out_and_tags_lead_to_their_revision(region: Region) -> None:
    region.create(revision="api-one")
    region.open_to_all()
    one: dict[str, Any] = {"type": BY_REVISION, "revision": "api-one", "percent": 70}
    two: dict[str, Any] = {"type": BY_REVISION, "revision": "api-two", "percent": 30, "tag": "next"}
    split = region.body(HELLO, revision="api-two", timeout="60s") | {"traffic": [one]}
    region.cloud.ok("PATCH", f"{V2}/{NAME}", split | {"traffic": [one | {"percent": 100}]})
    region.cloud.ok("PATCH", f"{V2}/{NAME}", split | {"traffic": [one, two]})
    seen = Counter("one" if b"api-one" in region.ask().content else "two" for _ in range(200))
    assert 90 < seen["one"] < 180
    assert seen["two"] > 20
    for address in region.service()["urls"]:
        tagged = region.ask(url=address.replace("https://", "https://next---"))
        assert b"api-two" in tagged.content
    assert region.ask(url=URL.replace("https://", "https://other---")).status == 404


def test_a_service_without_a_ready_revision_is_not_found(region: Region) -> None:
    region.create(f"europe-west1-docker.pkg.dev/{PROJECT}/images/none:v1")
    region.open_to_all()
    assert region.ask().status == 404

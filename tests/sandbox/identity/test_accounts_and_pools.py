"""Lives of accounts, pools, providers and custom roles: names, limits, soft deletion."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.google.identity.accounts import create_default_compute_account
from tests.sandbox.identity.cloud import NUMBER, PROJECT, START, Cloud
from tests.sandbox.identity.federated import CONDITION, IAM, ISSUER, MAPPING, POOL, PROVIDER, Federation

ACCOUNTS = f"{IAM}/projects/{PROJECT}/serviceAccounts"
POOLS = f"{IAM}/projects/{PROJECT}/locations/global/workloadIdentityPools"
ROLES = f"{IAM}/projects/{PROJECT}/roles"
MONTH = 30 * 86400


@pytest.mark.parametrize("account_id", ["short", "Upper-case", "9starts-with-digit", "ends-with-", "x" * 31])
def test_an_account_id_has_rules(cloud: Cloud, account_id: str) -> None:
    assert cloud.call("POST", ACCOUNTS, {"accountId": account_id}).status == 400
    assert cloud.call("POST", ACCOUNTS, {"accountId": "x" * 30}).status == 200


def test_an_account_exists_once(cloud: Cloud) -> None:
    cloud.ok("POST", ACCOUNTS, {"accountId": "runtime-x"})
    again = cloud.call("POST", ACCOUNTS, {"accountId": "runtime-x"})
    text = f"Service account runtime-x already exists within project projects/{PROJECT}."
    assert (again.status, again.message) == (409, text)
    missing = cloud.call("GET", f"{ACCOUNTS}/ghost@{PROJECT}.iam.gserviceaccount.com")
    assert (missing.status, missing.message) == (404, "Unknown service account")


def test_an_account_is_found_by_email_and_number_in_its_project_only(cloud: Cloud) -> None:
    made = cloud.ok("POST", ACCOUNTS, {"accountId": "runtime-x"})
    cloud.add_project("other-project", "420000000043")
    for key in (made["email"], made["uniqueId"]):
        assert cloud.ok("GET", f"{IAM}/projects/-/serviceAccounts/{key}") == made
        assert cloud.call("GET", f"{IAM}/projects/other-project/serviceAccounts/{key}").status == 404


def test_a_stale_etag_does_not_change_an_account(cloud: Cloud) -> None:
    made = cloud.ok("POST", ACCOUNTS, {"accountId": "runtime-x"})
    url = f"{IAM}/{made['name']}"
    body = {"serviceAccount": {"displayName": "one", "etag": made["etag"]}, "updateMask": "display_name"}
    assert cloud.ok("PATCH", url, body)["displayName"] == "one"
    assert cloud.call("PATCH", url, body).status == 409
    assert cloud.call("PATCH", url, {"serviceAccount": {}, "updateMask": "email"}).status == 400
    assert cloud.call("PATCH", url, {"serviceAccount": {}, "updateMask": "nonsense"}).status == 400


def test_accounts_are_listed_in_pages(cloud: Cloud) -> None:
    for index in range(3):
        cloud.ok("POST", ACCOUNTS, {"accountId": f"account-{index}"})
    first = cloud.ok("GET", f"{ACCOUNTS}?pageSize=2")
    rest = cloud.ok("GET", f"{ACCOUNTS}?pageSize=2&pageToken={first['nextPageToken']}")
    assert [len(first["accounts"]), len(rest["accounts"])] == [2, 1]
    assert "nextPageToken" not in rest


def test_a_deleted_account_can_be_brought_back_for_a_month(cloud: Cloud) -> None:
    made = cloud.ok("POST", ACCOUNTS, {"accountId": "runtime-x"})
    cloud.ok("DELETE", f"{IAM}/{made['name']}")
    assert cloud.call("GET", f"{IAM}/{made['name']}").status == 404
    back = f"{ACCOUNTS}/{made['uniqueId']}:undelete"
    assert cloud.ok("POST", back, {})["restoredAccount"]["uniqueId"] == made["uniqueId"]
    cloud.ok("DELETE", f"{IAM}/{made['name']}")
    cloud.world.clock.advance(MONTH)
    assert cloud.call("POST", back, {}).status == 404


def test_the_default_compute_account_is_made_once_and_is_editor(cloud: Cloud) -> None:
    with cloud.world.store.transaction() as tx:
        for _ in range(2):
            create_default_compute_account(tx, tx.get(PROJECTS, PROJECT) or {}, START)
    found = cloud.ok("GET", ACCOUNTS)["accounts"]
    assert [account["displayName"] for account in found] == ["Compute Engine default service account"]
    assert found[0]["email"] == f"{NUMBER}-compute@developer.gserviceaccount.com"


def test_a_deleted_pool_keeps_its_name_for_a_month(cloud: Cloud) -> None:
    done = cloud.ok("POST", f"{POOLS}?workloadIdentityPoolId=pool-one", {"displayName": "one"})
    assert done["done"]
    assert done["response"]["name"] == f"projects/{NUMBER}/locations/global/workloadIdentityPools/pool-one"
    cloud.ok("DELETE", f"{POOLS}/pool-one")
    assert cloud.ok("GET", f"{POOLS}/pool-one")["state"] == "DELETED"
    assert cloud.ok("GET", POOLS) == {}
    assert len(cloud.ok("GET", f"{POOLS}?showDeleted=true")["workloadIdentityPools"]) == 1
    again = cloud.call("POST", f"{POOLS}?workloadIdentityPoolId=pool-one", {})
    assert (again.status, again.message) == (409, "Requested entity already exists")
    assert cloud.call("DELETE", f"{POOLS}/pool-one").status == 400
    cloud.world.clock.advance(MONTH)
    assert cloud.call("GET", f"{POOLS}/pool-one").status == 404
    assert cloud.call("POST", f"{POOLS}?workloadIdentityPoolId=pool-one", {}).status == 200


@pytest.mark.parametrize("pool_id", ["abc", "gcp-pool", "Upper", "under_score", "x" * 33])
def test_a_pool_id_has_rules(cloud: Cloud, pool_id: str) -> None:
    assert cloud.call("POST", f"{POOLS}?workloadIdentityPoolId={pool_id}", {}).status == 400


def test_a_slow_operation_is_polled_until_it_is_done(cloud: Cloud) -> None:
    cloud.world.settings.change({"lro_polls": 2})
    started = cloud.ok("POST", f"{POOLS}?workloadIdentityPoolId=pool-one", {})
    polled = [cloud.ok("GET", f"{IAM}/{started['name']}") for _ in range(2)]
    assert [step.get("done", False) for step in (started, *polled)] == [False, False, True]


def _provider(**changes: Any) -> dict[str, Any]:
    whole = {"attributeMapping": MAPPING, "attributeCondition": CONDITION, "oidc": {"issuerUri": ISSUER}}
    return {key: value for key, value in (whole | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"attributeCondition": None}, "The attribute condition must reference one of the provider's claims."),
        ({"attributeCondition": "true"}, "The attribute condition must reference one of the provider's claims."),
        ({"attributeCondition": "assertion.x =="}, "Error compiling the expression"),
        ({"attributeCondition": f"assertion.x == '{'x' * 4096}'"}, "The condition is longer than 4096 characters."),
        ({"attributeMapping": {}}, "The attribute mapping must include google.subject."),
        ({"attributeMapping": MAPPING | {"attribute.Upper": "assertion.x"}}, "Invalid mapped attribute key"),
        ({"attributeMapping": MAPPING | {"attribute.a": "assertion."}}, "Error compiling the expression"),
        (
            {"attributeMapping": MAPPING | {f"attribute.a{index}": "assertion.x" for index in range(48)}},
            "There may be at most 50 custom attributes.",
        ),
        ({"attributeMapping": MAPPING | {"attribute.a": f"'{'x' * 2047}'"}}, "The expression of attribute.a is longer"),
        ({"oidc": None}, "A provider needs exactly one of"),
        ({"oidc": {"issuerUri": "http://a.example"}}, "Invalid OIDC issuer URI. The scheme must be https."),
        ({"oidc": {"issuerUri": "a.example"}}, "Invalid OIDC issuer URI."),
        ({"oidc": {"issuerUri": ISSUER, "jwksJson": "{"}}, "Input JWK is not in a valid json format."),
        ({"oidc": {"issuerUri": ISSUER, "allowedAudiences": [""]}}, "There may be 10 allowed audiences"),
    ],
)
def test_a_bad_provider_is_refused(federation: Federation, changes: dict[str, Any], text: str) -> None:
    url = f"{IAM}/{POOL}/providers?workloadIdentityPoolProviderId=second"
    answer = federation.cloud.call("POST", url, _provider(**changes))
    assert (answer.status, answer.message[: len(text)]) == (400, text)
    assert federation.cloud.call("POST", url, _provider()).status == 200


def test_another_issuer_needs_no_condition(federation: Federation) -> None:
    url = f"{IAM}/{POOL}/providers?workloadIdentityPoolProviderId=second"
    body = _provider(attributeCondition=None, oidc={"issuerUri": "https://issuer.example"})
    assert federation.cloud.call("POST", url, body).status == 200


def test_a_provider_cannot_lose_its_condition_by_update(federation: Federation) -> None:
    assert federation.patch_provider("attributeCondition", {}).status == 400
    assert federation.patch_provider("state", {}).status == 400
    assert federation.patch_provider("", {}).status == 400
    assert federation.cloud.ok("GET", f"{IAM}/{PROVIDER}")["attributeCondition"] == CONDITION


def test_providers_of_a_pool_are_listed(federation: Federation) -> None:
    found = federation.cloud.ok("GET", f"{IAM}/{POOL}/providers")["workloadIdentityPoolProviders"]
    assert [provider["name"] for provider in found] == [PROVIDER]
    assert federation.cloud.call("GET", f"{IAM}/{POOL}-none/providers").status == 404


def test_a_custom_role_lives_and_dies_softly(cloud: Cloud) -> None:
    body = {"roleId": "deployer", "role": {"title": "D", "includedPermissions": ["run.services.get"]}}
    made = cloud.ok("POST", ROLES, body)
    assert cloud.call("POST", ROLES, body).status == 409
    assert cloud.call("PATCH", f"{IAM}/{made['name']}", {"title": "E", "etag": "AAAA"}).status == 409
    changed = cloud.ok("PATCH", f"{IAM}/{made['name']}", {"title": "E", "etag": made["etag"]})
    assert changed["includedPermissions"] == ["run.services.get"]
    assert "includedPermissions" not in cloud.ok("GET", ROLES)["roles"][0]
    assert cloud.ok("DELETE", f"{IAM}/{made['name']}")["deleted"]
    assert cloud.ok("GET", ROLES) == {}
    assert cloud.call("POST", ROLES, body).message.startswith("You can't create a role with role_id (deployer)")
    cloud.world.clock.advance(8 * 86400)
    assert cloud.call("POST", f"{IAM}/{made['name']}:undelete", {}).status == 400
    cloud.world.clock.advance(MONTH)
    assert cloud.call("POST", ROLES, body).status == 200


@pytest.mark.parametrize("permission", ["nonsense", "resourcemanager.projects.list", "run.services.*"])
def test_a_custom_role_holds_valid_permissions_only(cloud: Cloud, permission: str) -> None:
    body = {"roleId": "deployer", "role": {"title": "D", "includedPermissions": [permission]}}
    assert cloud.call("POST", ROLES, body).message == f"Permission {permission} is not valid."


def test_predefined_roles_can_be_read_by_anyone_with_a_token(cloud: Cloud) -> None:
    token = cloud.user_token("ann@example.com")
    assert "run.services.get" in cloud.ok("GET", f"{IAM}/roles/run.viewer", token=token)["includedPermissions"]
    assert cloud.call("GET", f"{IAM}/roles/run.nobody", token=token).status == 404
    assert cloud.ok("GET", f"{IAM}/roles?pageSize=3", token=token)["nextPageToken"]


def test_what_may_be_granted_is_listed_in_pages(cloud: Cloud) -> None:
    body = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}", "pageSize": 200}
    url = f"{IAM}/permissions:queryTestablePermissions"
    pages = [cloud.ok("POST", url, body)]
    while "nextPageToken" in pages[-1]:
        pages.append(cloud.ok("POST", url, body | {"pageToken": pages[-1]["nextPageToken"]}))
    names = [permission["name"] for page in pages for permission in page["permissions"]]
    assert (len(pages[0]["permissions"]), len(names) == len(set(names)), "run.services.get" in names) == (
        200,
        True,
        True,
    )
    roles = cloud.ok("POST", f"{IAM}/roles:queryGrantableRoles", body)["roles"]
    assert {"name": "roles/run.viewer", "title": "Run Viewer"} in roles
    body["fullResourceName"] = f"//pubsub.googleapis.com/projects/{PROJECT}/topics/t"
    fitting = cloud.ok("POST", f"{IAM}/roles:queryGrantableRoles", body | {"view": "FULL"})["roles"]
    named = {role["name"]: role["includedPermissions"] for role in fitting}
    assert "roles/run.viewer" not in named
    assert named["roles/pubsub.publisher"] == ["pubsub.topics.publish"]
    assert cloud.call("POST", url, {}).status == 400

"""Organisation policies: set in either API, inherited, and enforced where the sandbox plays what they limit."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from provisioner.sandbox.google.constraints import Values
from tests.sandbox.cloudidentity.estate import FOLDER, IAM, ORGANIZATION, PROJECT, RESOURCE_MANAGER, Estate

Json = dict[str, Any]
V1, V3 = f"{RESOURCE_MANAGER}/v1", f"{RESOURCE_MANAGER}/v3"
V2 = "orgpolicy.googleapis.com/v2"
NO_KEYS = "iam.disableServiceAccountKeyCreation"
LOCATIONS = "gcp.resourceLocations"


def set_boolean(estate: Estate, constraint: str, on: str = ORGANIZATION, *, enforced: bool = True) -> Json:
    policy = {"constraint": f"constraints/{constraint}", "booleanPolicy": {"enforced": enforced}}
    return estate.ok("POST", f"{V1}/{on}:setOrgPolicy", {"policy": policy})


def set_list(estate: Estate, constraint: str, on: str = ORGANIZATION, **listed: Any) -> Json:
    policy = {"constraint": f"constraints/{constraint}", "listPolicy": listed}
    return estate.ok("POST", f"{V1}/{on}:setOrgPolicy", {"policy": policy})


def repository(estate: Estate, location: str) -> int:
    url = f"artifactregistry.googleapis.com/v1/projects/{PROJECT}/locations/{location}/repositories?repositoryId=r"
    return estate.call("POST", url, {"format": "DOCKER"}).status


def test_no_keys_where_the_organisation_says_so(estate: Estate) -> None:
    estate.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    keys = f"{IAM}/projects/{PROJECT}/serviceAccounts/builder@{PROJECT}.iam.gserviceaccount.com/keys"
    made = estate.ok("POST", keys, {})
    set_boolean(estate, NO_KEYS)
    refused = estate.call("POST", keys, {})
    assert (refused.status, refused.message) == (400, "Key creation is not allowed on this service account.")
    assert refused.body["error"]["details"][0]["violations"][0]["type"] == f"constraints/{NO_KEYS}"
    # The project takes itself out again; then the organisation's rule is back.
    set_boolean(estate, NO_KEYS, f"projects/{PROJECT}", enforced=False)
    assert estate.call("POST", keys, {}).status == 200
    estate.ok("POST", f"{V1}/projects/{PROJECT}:clearOrgPolicy", {"constraint": f"constraints/{NO_KEYS}"})
    assert estate.call("POST", keys, {}).status == 400
    set_boolean(estate, "iam.disableServiceAccountKeyUpload")
    public = estate.ok("GET", f"{IAM}/{made['name']}?publicKeyType=TYPE_X509_PEM_FILE")["publicKeyData"]
    assert estate.call("POST", f"{keys}:upload", {"publicKeyData": public}).message.startswith("Key upload is not")


def test_keys_end_when_the_organisation_says_so(estate: Estate) -> None:
    estate.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    set_list(estate, "iam.serviceAccountKeyExpiryHours", allowedValues=["8h"])
    keys = f"{IAM}/projects/{PROJECT}/serviceAccounts/builder@{PROJECT}.iam.gserviceaccount.com/keys"
    made = estate.ok("POST", keys, {})
    ends = estate.world.clock.now() + timedelta(hours=8)
    assert made["validBeforeTime"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert json.loads(base64.b64decode(made["privateKeyData"]))["type"] == "service_account"


def test_no_accounts_no_default_grants_no_default_network(estate: Estate) -> None:
    for constraint in (
        "iam.disableServiceAccountCreation",
        "iam.automaticIamGrantsForDefaultServiceAccounts",
        "compute.skipDefaultNetworkCreation",
    ):
        set_boolean(estate, constraint, FOLDER)
    refused = estate.call("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    assert (refused.status, refused.message) == (400, "Service account creation is not allowed on this project.")
    estate.enable("compute")
    policy = estate.ok("POST", f"{V1}/projects/{PROJECT}:getIamPolicy", {})
    assert [binding["role"] for binding in policy["bindings"]] == ["roles/owner"]
    networks = estate.ok("GET", f"compute.googleapis.com/compute/v1/projects/{PROJECT}/global/networks")
    assert "items" not in networks


@pytest.mark.parametrize(
    ("listed", "good", "bad"),
    [
        ({"allowedValues": ["in:europe-locations"]}, "europe-west1", "us-central1"),
        ({"allowedValues": ["in:eu-locations"]}, "europe-west4", "asia-east1"),
        ({"allowedValues": ["europe-west1"]}, "europe-west1", "europe-west4"),
        ({"allowedValues": ["in:europe-west1-locations"]}, "europe-west1", "europe-west10"),
        ({"deniedValues": ["in:us-locations"]}, "europe-west1", "us-east1"),
    ],
)
def test_locations_are_limited(estate: Estate, listed: Json, good: str, bad: str) -> None:
    set_list(estate, LOCATIONS, **listed)
    assert repository(estate, bad) == 400
    assert repository(estate, good) == 200


def test_lists_merge_only_when_they_inherit(estate: Estate) -> None:
    set_list(estate, LOCATIONS, allowedValues=["europe-west1"])
    set_list(estate, LOCATIONS, f"projects/{PROJECT}", allowedValues=["us-east1"], inheritFromParent=True)
    assert (repository(estate, "asia-east1"), repository(estate, "europe-west1")) == (400, 200)
    set_list(estate, LOCATIONS, f"projects/{PROJECT}", allowedValues=["us-east1"])
    body = {"constraint": f"constraints/{LOCATIONS}"}
    effective = estate.ok("POST", f"{V1}/projects/{PROJECT}:getEffectiveOrgPolicy", body)
    assert effective["listPolicy"] == {"allowedValues": ["us-east1"]}
    policy = {"constraint": f"constraints/{LOCATIONS}", "restoreDefault": {}}
    estate.ok("POST", f"{V1}/projects/{PROJECT}:setOrgPolicy", {"policy": policy})
    assert repository(estate, "asia-east1") == 200


def test_a_denied_value_wins() -> None:
    both = Values("ALLOW", frozenset(("a", "b")), frozenset(("b",)))
    assert [both.admit(name) for name in "abc"] == [True, False, False]
    assert Values("DENY").admit("a") is False


def test_only_the_organisation_s_own_people_in_policies(estate: Estate) -> None:
    customer = estate.ok("GET", f"{V3}/{ORGANIZATION}")["directoryCustomerId"]
    estate.bind("roles/viewer", "user:old@elsewhere.example")
    set_list(estate, "iam.allowedPolicyMemberDomains", allowedValues=[customer])
    estate.bind("roles/viewer", "user:ada@acme.example")
    policy = estate.ok("POST", f"{V3}/projects/{PROJECT}:getIamPolicy", {})
    for stranger in ("user:eve@elsewhere.example", "allUsers", "domain:elsewhere.example"):
        added = [*policy["bindings"], {"role": "roles/browser", "members": [stranger]}]
        refused = estate.call("POST", f"{V3}/projects/{PROJECT}:setIamPolicy", {"policy": {"bindings": added}})
        assert (refused.status, "permitted customer" in refused.message) == (400, True), stranger


def test_issuers_and_lifetimes_are_limited(estate: Estate) -> None:
    set_list(estate, "iam.workloadIdentityPoolProviders", allowedValues=["https://good.example"])
    pools = f"{IAM}/projects/{PROJECT}/locations/global/workloadIdentityPools"
    estate.ok("POST", f"{pools}?workloadIdentityPoolId=pool", {})
    body = {"attributeMapping": {"google.subject": "assertion.sub"}, "oidc": {"issuerUri": "https://other.example"}}
    refused = estate.call("POST", f"{pools}/pool/providers?workloadIdentityPoolProviderId=prov", body)
    assert (refused.status, "https://other.example" in refused.message) == (400, True)
    body["oidc"] = {"issuerUri": "https://good.example"}
    assert estate.call("POST", f"{pools}/pool/providers?workloadIdentityPoolProviderId=prov", body).status == 200


def test_tokens_live_longer_where_it_is_extended(estate: Estate) -> None:
    estate.enable("iamcredentials")
    email = f"builder@{PROJECT}.iam.gserviceaccount.com"
    estate.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "7200s"}
    assert estate.call("POST", url, body).status == 400
    set_list(estate, "iam.allowServiceAccountCredentialLifetimeExtension", allowedValues=[email])
    assert estate.call("POST", url, body).status == 200
    assert estate.call("POST", url, body | {"lifetime": "43201s"}).status == 400
    constraint = "constraints/iam.allowServiceAccountCredentialLifetimeExtension"
    policy = {"constraint": constraint, "restoreDefault": {}}
    estate.ok("POST", f"{V1}/projects/{PROJECT}:setOrgPolicy", {"policy": policy})
    assert estate.call("POST", url, body).status == 400


def test_the_newer_api_has_the_same_policies(estate: Estate) -> None:
    name = f"projects/{PROJECT}/policies/{NO_KEYS}"
    made = estate.ok(
        "POST", f"{V2}/projects/{PROJECT}/policies", {"name": name, "spec": {"rules": [{"enforce": True}]}}
    )
    assert made["spec"]["rules"] == [{"enforce": True}]
    assert estate.call("POST", f"{V2}/projects/{PROJECT}/policies", {"name": name, "spec": {}}).status == 409
    old = estate.ok("POST", f"{V1}/projects/{PROJECT}:getOrgPolicy", {"constraint": f"constraints/{NO_KEYS}"})
    assert old["booleanPolicy"] == {"enforced": True}
    listed = estate.ok("GET", f"{V2}/projects/{PROJECT}/policies")["policies"]
    assert [entry["name"] for entry in listed] == [name]
    changed = {"name": name, "spec": {"rules": [{"enforce": False}], "etag": made["etag"]}}
    estate.ok("PATCH", f"{V2}/{name}", changed)
    assert estate.call("PATCH", f"{V2}/{name}", changed).status == 409
    effective = estate.ok("GET", f"{V2}/{name}:getEffectivePolicy")
    assert effective["spec"]["rules"] == [{"enforce": False}]
    estate.ok("DELETE", f"{V2}/{name}")
    assert estate.call("GET", f"{V2}/{name}").status == 404
    constraints = estate.ok("GET", f"{V2}/{ORGANIZATION}/constraints")["constraints"]
    assert f"{ORGANIZATION}/constraints/{LOCATIONS}" in {entry["name"] for entry in constraints}


def test_policies_of_the_wrong_kind_are_refused(estate: Estate) -> None:
    def refused(policy: Json) -> bool:
        return estate.call("POST", f"{V1}/{ORGANIZATION}:setOrgPolicy", {"policy": policy}).status in {400, 404}

    assert refused({"constraint": f"constraints/{NO_KEYS}", "listPolicy": {"allowedValues": ["x"]}})
    assert refused({"constraint": f"constraints/{LOCATIONS}", "booleanPolicy": {"enforced": True}})
    assert refused({"constraint": f"constraints/{LOCATIONS}"})
    assert refused({"constraint": "constraints/made.up", "booleanPolicy": {}})
    conditional = [{"enforce": True, "condition": {"expression": "resource.matchTag('1/a', 'b')"}}]
    body = {"name": f"{ORGANIZATION}/policies/{NO_KEYS}", "spec": {"rules": conditional}}
    assert estate.call("POST", f"{V2}/{ORGANIZATION}/policies", body).status == 400


def test_an_owner_of_a_project_may_not_set_policies(estate: Estate) -> None:
    estate.bind("roles/owner", "user:ada@acme.example")
    ada = estate.user_token("ada@acme.example")
    policy = {"constraint": f"constraints/{NO_KEYS}", "booleanPolicy": {}}
    url = f"{V1}/projects/{PROJECT}:setOrgPolicy"
    assert estate.call("POST", url, {"policy": policy}, token=ada).status == 403
    assert estate.call("POST", f"{V1}/projects/{PROJECT}:listOrgPolicies", {}, token=ada).status == 200
    estate.bind("roles/orgpolicy.policyAdmin", "user:ada@acme.example")
    assert estate.call("POST", url, {"policy": policy}, token=ada).status == 200

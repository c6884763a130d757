"""Which APIs are on, what switching one on brings along, and who is asking."""

from __future__ import annotations

from tests.sandbox.core.cloud import NUMBER, PROJECT, GoogleCloud

SERVICES = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services"
NETWORKS = f"compute.googleapis.com/compute/v1/projects/{PROJECT}/global/networks"


def enable(cloud: GoogleCloud, *names: str) -> None:
    body = {"serviceIds": [f"{name}.googleapis.com" for name in names]}
    assert cloud.call("POST", f"{SERVICES}:batchEnable", body).status == 200


def test_listing(cloud: GoogleCloud) -> None:
    enable(cloud, "run", "iam")
    enabled: list[str] = []
    token = ""
    while True:
        body = cloud.call("GET", SERVICES, query={"filter": "state:ENABLED", "pageSize": "7", "pageToken": token}).body
        enabled += [entry["name"].rpartition("/")[2] for entry in body["services"]]
        token = body.get("nextPageToken", "")
        if not token:
            break
    assert {"run.googleapis.com", "iam.googleapis.com", "storage.googleapis.com"} <= set(enabled)
    assert enabled == sorted(enabled)
    off = cloud.call("GET", SERVICES, query={"filter": "state:DISABLED", "pageSize": "200"}).body["services"]
    assert not set(enabled) & {entry["name"].rpartition("/")[2] for entry in off}
    assert cloud.call("GET", SERVICES, query={"filter": "state:MAYBE"}).status == 400
    asked = f"{SERVICES}:batchGet?names=projects/{PROJECT}/services/run.googleapis.com"
    assert cloud.call("GET", asked).body["services"][0]["state"] == "ENABLED"


def test_nothing_to_do_is_done_at_once(cloud: GoogleCloud) -> None:
    enable(cloud, "run")
    again = cloud.call("POST", f"{SERVICES}/run.googleapis.com:enable", {}).body
    assert (again["name"], again["done"]) == ("operations/noop.DONE_OPERATION", True)
    assert cloud.call("GET", "serviceusage.googleapis.com/v1/operations/noop.DONE_OPERATION").body["done"]
    off = cloud.call("POST", f"{SERVICES}/pubsub.googleapis.com:disable", {}).body
    assert off["name"] == "operations/noop.DONE_OPERATION"


def test_disabling_keeps_what_was_made(cloud: GoogleCloud) -> None:
    enable(cloud, "iam")
    accounts = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
    cloud.call("POST", accounts, {"accountId": "runtime"})
    assert cloud.call("POST", f"{SERVICES}/iam.googleapis.com:disable", {}).status == 200
    assert cloud.call("GET", accounts).status == 403
    enable(cloud, "iam")
    assert len(cloud.call("GET", accounts).body["accounts"]) == 1


def test_a_batch_is_at_most_twenty(cloud: GoogleCloud) -> None:
    assert cloud.call("POST", f"{SERVICES}:batchEnable", {"serviceIds": []}).status == 400
    body = {"serviceIds": ["run.googleapis.com"] * 21}
    assert cloud.call("POST", f"{SERVICES}:batchEnable", body).status == 400


def test_compute_brings_an_account_with_editor_and_a_network(cloud: GoogleCloud) -> None:
    refused = cloud.call("GET", f"compute.googleapis.com/compute/v1/projects/{PROJECT}")
    assert (refused.status, refused.reason) == (403, "accessNotConfigured")
    enable(cloud, "compute", "iam")
    email = f"{NUMBER}-compute@developer.gserviceaccount.com"
    found = cloud.call("GET", f"compute.googleapis.com/compute/v1/projects/{NUMBER}").body
    assert (found["name"], found["defaultServiceAccount"]) == (PROJECT, email)
    accounts = cloud.call("GET", f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts").body["accounts"]
    assert [entry["displayName"] for entry in accounts] == ["Compute Engine default service account"]
    policy = cloud.call("POST", f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}:getIamPolicy", {}).body
    assert {"role": "roles/editor", "members": [f"serviceAccount:{email}"]} in policy["bindings"]
    assert cloud.call("GET", f"{NETWORKS}/default").body["autoCreateSubnetworks"]
    operation = cloud.call("DELETE", f"{NETWORKS}/default").body
    assert operation["status"] == "DONE"
    assert cloud.call("GET", operation["selfLink"].removeprefix("https://")).body == operation
    assert cloud.call("GET", f"{NETWORKS}/default").status == 404


def test_who_am_i(cloud: GoogleCloud) -> None:
    token = cloud.user("one@example.com")
    for url in ("openidconnect.googleapis.com/v1/userinfo", "www.googleapis.com/oauth2/v3/userinfo"):
        assert cloud.call("GET", url, token=token).body["email"] == "one@example.com"
    assert cloud.call("GET", "www.googleapis.com/oauth2/v2/userinfo", token=token).body["verified_email"]
    assert cloud.call("GET", "openidconnect.googleapis.com/v1/userinfo", token="").status == 401
    info = cloud.call("GET", f"oauth2.googleapis.com/tokeninfo?access_token={token}", token="").body
    assert info["email"] == "one@example.com"
    assert int(info["expires_in"]) > 0
    wrong = cloud.call("GET", "oauth2.googleapis.com/tokeninfo?access_token=nope", token="")
    assert (wrong.status, wrong.body["error"]) == (400, "invalid_token")

"""Projects, folders, organisations in both versions of Resource Manager."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.core.cloud import BILLING, FOLDER, NUMBER, ORGANIZATION, PROJECT, GoogleCloud

V1 = "cloudresourcemanager.googleapis.com/v1"
V3 = "cloudresourcemanager.googleapis.com/v3"
BELOW: dict[str, Any] = {"parent": {"type": "folder", "id": FOLDER}}


def create(cloud: GoogleCloud, project_id: str, **more: object) -> Any:
    return cloud.call("POST", f"{V1}/projects", BELOW | {"projectId": project_id} | more)


def test_the_life_of_a_project(cloud: GoogleCloud) -> None:
    started = create(cloud, "acme-new", name="Acme new", labels={"env": "dev"}).body
    assert started["name"].startswith("operations/cp.")
    assert cloud.call("GET", f"{V1}/{started['name']}").body["response"]["projectId"] == "acme-new"
    found = cloud.call("GET", f"{V1}/projects/acme-new").body
    assert (found["lifecycleState"], found["labels"], found["parent"]) == ("ACTIVE", {"env": "dev"}, BELOW["parent"])
    assert cloud.call("GET", f"{V1}/projects/{found['projectNumber']}").body == found
    changed = cloud.call("PUT", f"{V1}/projects/acme-new", {"name": "Acme newer", "labels": {"a": "b"}}).body
    assert (changed["name"], changed["labels"]) == ("Acme newer", {"a": "b"})
    assert cloud.call("DELETE", f"{V1}/projects/acme-new").body == {}
    assert cloud.call("GET", f"{V1}/projects/acme-new").body["lifecycleState"] == "DELETE_REQUESTED"
    assert cloud.call("DELETE", f"{V1}/projects/acme-new").status == 400
    services = "serviceusage.googleapis.com/v1/projects/acme-new/services"
    assert cloud.call("GET", services).status == 403
    assert cloud.call("POST", f"{V1}/projects/acme-new:undelete", {}).status == 200
    assert cloud.call("GET", services).status == 200
    cloud.call("DELETE", f"{V1}/projects/acme-new")
    cloud.world.clock.advance(31 * 24 * 3600)
    assert cloud.call("GET", f"{V1}/projects/acme-new").status == 403
    assert create(cloud, "acme-new").status == 409


@pytest.mark.parametrize("project_id", ["short", "Upper-case", "1-digit", "ends-", "x" * 31, "my-google-x", ""])
def test_ids_that_are_refused(cloud: GoogleCloud, project_id: str) -> None:
    assert create(cloud, project_id).status == 400


def test_a_missing_project_cannot_be_told_from_a_forbidden_one(cloud: GoogleCloud) -> None:
    missing = cloud.call("GET", f"{V1}/projects/acme-none")
    forbidden = cloud.call("GET", f"{V1}/projects/{PROJECT}", token=cloud.user("stranger@example.com"))
    assert (missing.status, missing.message) == (403, "The caller does not have permission")
    assert (forbidden.status, forbidden.message) == (missing.status, missing.message)
    zeroes = cloud.call(
        "GET", "serviceusage.googleapis.com/v1/projects/00000000000/services/serviceusage.googleapis.com"
    )
    assert (zeroes.status, zeroes.message) == (403, "Project '00000000000' not found or permission denied.")


def test_creating_needs_the_parent(cloud: GoogleCloud) -> None:
    token = cloud.user("stranger@example.com")
    body = BELOW | {"projectId": "acme-mine"}
    assert cloud.call("POST", f"{V1}/projects", body, token=token).status == 403
    cloud.grant(f"{V3}/folders/{FOLDER}", "roles/resourcemanager.projectCreator", "user:stranger@example.com")
    assert cloud.call("POST", f"{V1}/projects", body, token=token).status == 200
    owner = cloud.call("POST", f"{V1}/projects/acme-mine:getIamPolicy", {}, token=token).body["bindings"]
    assert {"role": "roles/owner", "members": ["user:stranger@example.com"]} in owner
    assert create(cloud, "acme-lost", parent={"type": "folder", "id": "1"}).status == 403
    assert create(cloud, "acme-lost", parent={"type": "galaxy", "id": "1"}).status == 400


def test_what_is_above_counts(cloud: GoogleCloud) -> None:
    token = cloud.user("auditor@example.com")
    asked = {"permissions": ["resourcemanager.projects.get", "resourcemanager.projects.delete"]}
    test = f"{V1}/projects/{PROJECT}:testIamPermissions"
    assert cloud.call("POST", test, asked, token=token).body == {}
    cloud.grant(f"{V3}/organizations/{ORGANIZATION}", "roles/viewer", "user:auditor@example.com")
    assert cloud.call("POST", test, asked, token=token).body == {"permissions": ["resourcemanager.projects.get"]}
    ancestry = cloud.call("POST", f"{V1}/projects/{PROJECT}:getAncestry", {}).body["ancestor"]
    assert [entry["resourceId"]["id"] for entry in ancestry] == [PROJECT, FOLDER, ORGANIZATION]


def test_listing_shows_what_the_caller_may_see(cloud: GoogleCloud) -> None:
    create(cloud, "acme-other", labels={"env": "prod"})
    create(cloud, "acme-gone")
    cloud.call("DELETE", f"{V1}/projects/acme-gone")

    def ids(text: str, token: str | None = None) -> list[str]:
        body = cloud.call("GET", f"{V1}/projects", query={"filter": text}, token=token).body
        return [entry["projectId"] for entry in body.get("projects", [])]

    assert ids("") == ["acme-gone", "acme-other", PROJECT]
    assert ids("lifecycleState:ACTIVE") == ["acme-other", PROJECT]
    assert ids("labels.env:prod AND parent.type:folder") == ["acme-other"]
    assert ids(f"projectNumber={NUMBER}") == [PROJECT]
    assert ids("id:acme-p*") == [PROJECT]
    assert ids("", cloud.user("stranger@example.com")) == []
    assert cloud.call("GET", f"{V1}/projects", query={"filter": "colour:red"}).status == 400
    assert cloud.call("GET", f"{V1}/projects", query={"filter": "id:a OR (b"}).status == 400


def test_version_three(cloud: GoogleCloud) -> None:
    found = cloud.call("GET", f"{V3}/projects/{PROJECT}").body
    assert (found["name"], found["parent"], found["state"]) == (f"projects/{NUMBER}", f"folders/{FOLDER}", "ACTIVE")
    stale = {"displayName": "New", "etag": "AAAA"}
    assert cloud.call("PATCH", f"{V3}/projects/{PROJECT}?updateMask=displayName", stale).status == 409
    changed = {"displayName": "New name", "labels": {"a": "b"}}
    answer = cloud.call("PATCH", f"{V3}/projects/{PROJECT}?updateMask=display_name", changed).body["response"]
    assert (answer["displayName"], "labels" in answer) == ("New name", False)
    assert cloud.call("PATCH", f"{V3}/projects/{PROJECT}?updateMask=projectId", changed).status == 400
    assert cloud.call("PATCH", f"{V3}/projects/{PROJECT}?updateMask=nope", changed).status == 400
    listed = cloud.call("GET", f"{V3}/projects?parent=folders/{FOLDER}").body["projects"]
    assert [entry["projectId"] for entry in listed] == [PROJECT]
    found = cloud.call("GET", f"{V3}/projects:search", query={"query": f"parent=folders/{FOLDER}"}).body
    assert found["projects"] == listed
    moved = cloud.call("POST", f"{V3}/projects/{PROJECT}:move", {"destinationParent": f"organizations/{ORGANIZATION}"})
    assert moved.body["response"]["parent"] == f"organizations/{ORGANIZATION}"


def test_folders(cloud: GoogleCloud) -> None:
    body = {"parent": f"organizations/{ORGANIZATION}", "displayName": "Data science"}
    made = cloud.call("POST", f"{V3}/folders", body).body["response"]
    assert cloud.call("GET", f"{V3}/{made['name']}").body["displayName"] == "Data science"
    assert cloud.call("POST", f"{V3}/folders", body).status == 400
    assert len(cloud.call("GET", f"{V3}/folders?parent=organizations/{ORGANIZATION}").body["folders"]) == 2
    renamed = cloud.call("PATCH", f"{V3}/{made['name']}?updateMask=displayName", {"displayName": "Science"})
    assert renamed.body["response"]["displayName"] == "Science"
    assert cloud.call("DELETE", f"{V3}/folders/{FOLDER}").status == 400
    assert cloud.call("DELETE", f"{V3}/{made['name']}").body["response"]["state"] == "DELETE_REQUESTED"
    assert cloud.call("POST", f"{V3}/{made['name']}:undelete", {}).body["response"]["state"] == "ACTIVE"
    assert cloud.call("GET", f"{V3}/folders/1").status == 403


def test_organizations(cloud: GoogleCloud) -> None:
    found = cloud.call("GET", f"{V3}/organizations:search", query={"query": "domain:example.com"}).body
    assert [entry["name"] for entry in found["organizations"]] == [f"organizations/{ORGANIZATION}"]
    old = cloud.call("POST", f"{V1}/organizations:search", {}).body["organizations"][0]
    assert (old["displayName"], old["lifecycleState"]) == ("example.com", "ACTIVE")
    assert cloud.call("GET", f"{V3}/organizations:search", token=cloud.user("stranger@example.com")).body == {}


def test_billing(cloud: GoogleCloud) -> None:
    account = f"cloudbilling.googleapis.com/v1/billingAccounts/{BILLING}"
    create(cloud, "acme-new")
    info = "cloudbilling.googleapis.com/v1/projects/acme-new/billingInfo"
    assert cloud.call("GET", info).body == {"name": "projects/acme-new/billingInfo", "projectId": "acme-new"}
    paid = cloud.call("PUT", info, {"billingAccountName": f"billingAccounts/{BILLING}"}).body
    assert paid["billingEnabled"]
    assert len(cloud.call("GET", f"{account}/projects").body["projectBillingInfo"]) == 2
    assert cloud.call("PUT", info, {"billingAccountName": ""}).body.get("billingEnabled") is None
    assert cloud.call("PUT", info, {"billingAccountName": "billingAccounts/AAAAAA-AAAAAA-AAAAAA"}).status == 403
    token = cloud.user("stranger@example.com")
    asked = {"permissions": ["billing.resourceAssociations.create"]}
    assert cloud.call("POST", f"{account}:testIamPermissions", asked).body == asked
    assert cloud.call("POST", f"{account}:testIamPermissions", asked, token=token).body == {}
    assert cloud.call("GET", "cloudbilling.googleapis.com/v1/billingAccounts", token=token).body == {}


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {}},
        {"amount": {"specifiedAmount": {"units": "1"}, "lastPeriodAmount": {}}},
        {"displayName": "x" * 61},
        {"thresholdRules": [{"thresholdPercent": -0.1}]},
        {"budgetFilter": {"labels": {"a": ["b"], "c": ["d"]}}},
        {"budgetFilter": {"labels": {"a": ["b", "c"]}}},
        {"budgetFilter": {"projects": ["acme"]}},
        {"notificationsRule": {"pubsubTopic": "projects/p/topics/t"}},
    ],
)
def test_budgets_that_are_refused(cloud: GoogleCloud, change: dict[str, Any]) -> None:
    budgets = f"billingbudgets.googleapis.com/v1/billingAccounts/{BILLING}/budgets"
    good = {"amount": {"specifiedAmount": {"currencyCode": "EUR", "units": "1"}}}
    assert cloud.call("POST", budgets, good).status == 200
    assert cloud.call("POST", budgets, good | change).status == 400


def test_budgets_name_projects_by_number(cloud: GoogleCloud) -> None:
    budgets = f"billingbudgets.googleapis.com/v1/billingAccounts/{BILLING}/budgets"
    body = {"amount": {"lastPeriodAmount": {}}, "budgetFilter": {"projects": [f"projects/{PROJECT}"]}}
    assert cloud.call("POST", budgets, body).body["budgetFilter"]["projects"] == [f"projects/{NUMBER}"]
    assert len(cloud.call("GET", f"{budgets}?scope=projects/{PROJECT}").body["budgets"]) == 1
    assert cloud.call("GET", f"{budgets}?scope=projects/other").body == {}

"""Quotas, audit logs, operations that take their time, services that need each other."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.errors import InvalidInput
from provisioner.sandbox.google.auditlog import log_type
from provisioner.sandbox.google.foundations import lay_foundations
from provisioner.sandbox.google.observability.entries import entries_of
from tests.sandbox.cloudidentity.estate import IAM, PROJECT, RESOURCE_MANAGER, Estate

Json = dict[str, Any]
V1 = f"{RESOURCE_MANAGER}/v1"
ACCOUNTS = f"{IAM}/projects/{PROJECT}/serviceAccounts"
SERVICES = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services"


def test_a_quota_is_counted_per_project_and_minute(estate: Estate) -> None:
    estate.world.settings.change({"quotas": f"{PROJECT}/iam.projects.serviceAccounts.*=2"})
    assert [estate.call("GET", ACCOUNTS).status for _ in range(3)] == [200, 200, 429]
    refused = estate.call("GET", ACCOUNTS)
    error = refused.body["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert "limit 'Requests per minute' of service 'iam.googleapis.com'" in refused.message
    facts = error["details"][0]
    assert (facts["reason"], facts["metadata"]["quota_limit_value"]) == ("RATE_LIMIT_EXCEEDED", "2")
    # Other methods and other projects go on; so does this one in the next minute.
    assert estate.call("GET", f"{V1}/projects/{PROJECT}").status == 200
    assert estate.call("GET", f"{IAM}/projects/acme-payments-dev/serviceAccounts").status == 200
    estate.world.clock.advance(60)
    assert estate.call("GET", ACCOUNTS).status == 200


def test_a_quota_that_many_projects_have_is_counted_for_each(estate: Estate) -> None:
    estate.world.settings.change({"quotas": "*/iam.projects.serviceAccounts.list=1"})
    other = f"{IAM}/projects/acme-payments-dev/serviceAccounts"
    assert [estate.call("GET", url).status for url in (ACCOUNTS, other, ACCOUNTS)] == [200, 200, 429]


def test_a_quota_that_is_none_is_refused(estate: Estate) -> None:
    for text in ("x", "*/run.*", "*/run.*=-1"):
        with pytest.raises(InvalidInput, match="is no quota"):
            estate.world.settings.change({"quotas": text})
    estate.world.settings.change({"quotas": "*/run.*=1, */iam.*=0"})
    assert estate.call("GET", ACCOUNTS).status == 429


def test_a_billing_account_pays_for_so_many_projects(estate: Estate) -> None:
    with estate.world.store.transaction() as tx:
        lay_foundations(estate.world, tx, {"billingAccount": "000000-111111-222222"})
    estate.world.settings.change({"billing_projects": 1})

    def link(project: str) -> int:
        url = f"cloudbilling.googleapis.com/v1/projects/{project}/billingInfo"
        return estate.call("PUT", url, {"billingAccountName": "billingAccounts/000000-111111-222222"}).status

    assert [link(PROJECT), link(PROJECT), link("acme-payments-dev")] == [200, 200, 400]


def entries(estate: Estate, log: str) -> list[Json]:
    with estate.world.store.transaction() as tx:
        found = list(entries_of(tx, f"projects/{PROJECT}", estate.world.clock.now()))
    return [entry for entry in found if entry["logName"].endswith(f"%2F{log}")]


def test_changes_leave_an_entry_and_reads_do_not(estate: Estate) -> None:
    before = len(entries(estate, "activity"))
    estate.ok("POST", ACCOUNTS, {"accountId": "builder"})
    estate.ok("GET", ACCOUNTS)
    assert estate.call("POST", ACCOUNTS, {"accountId": "builder"}).status == 409
    written = entries(estate, "activity")[before:]
    assert len(written) == 1
    payload = written[0]["protoPayload"]
    assert payload["methodName"] == "google.iam.admin.v1.CreateServiceAccount"
    assert payload["authenticationInfo"] == {"principalEmail": "operator@acme.example"}
    assert payload["authorizationInfo"][0]["permission"] == "iam.serviceAccounts.create"
    assert entries(estate, "data_access") == []


def test_audit_configs_ask_for_reads_but_not_of_the_exempted(estate: Estate) -> None:
    estate.bind("roles/viewer", "user:ada@acme.example", "user:bot@acme.example")
    policy = estate.ok("POST", f"{V1}/projects/{PROJECT}:getIamPolicy", {})
    config = {
        "service": "allServices",
        "auditLogConfigs": [{"logType": "ADMIN_READ", "exemptedMembers": ["user:bot@acme.example"]}],
    }
    body = {"policy": policy | {"auditConfigs": [config]}, "updateMask": "bindings,etag,auditConfigs"}
    estate.ok("POST", f"{V1}/projects/{PROJECT}:setIamPolicy", body)
    for person in ("ada", "bot"):
        estate.ok("GET", ACCOUNTS, token=estate.user_token(f"{person}@acme.example"))
    payloads = [entry["protoPayload"] for entry in entries(estate, "data_access")]
    principals = [payload["authenticationInfo"]["principalEmail"] for payload in payloads]
    assert principals == ["ada@acme.example"]
    assert payloads[0]["authorizationInfo"][0]["permission"] == "iam.serviceAccounts.list"
    estate.ok("POST", f"{V1}/projects/{PROJECT}:setIamPolicy", body | {"policy": {"auditConfigs": []}})
    estate.ok("GET", ACCOUNTS)
    assert len(entries(estate, "data_access")) == 1


@pytest.mark.parametrize(
    ("permission", "kind"),
    [
        ("storage.objects.get", "DATA_READ"),
        ("storage.objects.create", "DATA_WRITE"),
        ("storage.buckets.get", "ADMIN_READ"),
        ("storage.buckets.update", "ADMIN_WRITE"),
        ("secretmanager.versions.access", "DATA_READ"),
        ("pubsub.topics.publish", "DATA_WRITE"),
        ("iam.serviceAccounts.getAccessToken", "DATA_READ"),
        ("resourcemanager.projects.setIamPolicy", "ADMIN_WRITE"),
        ("logging.logEntries.create", ""),
    ],
)
def test_kinds_of_access(permission: str, kind: str) -> None:
    assert log_type(permission) == kind


def test_operations_take_as_many_polls_as_wanted_everywhere(estate: Estate) -> None:
    estate.world.settings.change({"lro_polls": 2})
    started = [
        (V1, estate.ok("POST", f"{V1}/projects", {"projectId": "acme-slow-one"})),
        (
            "serviceusage.googleapis.com/v1",
            estate.ok("POST", f"{SERVICES}/pubsub.googleapis.com:enable", {}),
        ),
        (IAM, estate.ok("POST", f"{IAM}/projects/{PROJECT}/locations/global/workloadIdentityPools"
                        "?workloadIdentityPoolId=slow", {})),
        (
            "artifactregistry.googleapis.com/v1",
            estate.ok(
                "POST",
                f"artifactregistry.googleapis.com/v1/projects/{PROJECT}/locations/us-east1/repositories?repositoryId=r",
                {"format": "DOCKER"},
            ),
        ),
    ]  # fmt: skip
    for base, operation in started:
        assert "done" not in operation
        polled = [estate.ok("GET", f"{base}/{operation['name']}").get("done", False) for _ in range(3)]
        assert polled == [False, True, True], operation["name"]


def test_compute_engine_s_operations_take_their_time_too(estate: Estate) -> None:
    estate.enable("compute")
    estate.world.settings.change({"lro_polls": 2})
    base = f"compute.googleapis.com/compute/v1/projects/{PROJECT}/global"
    begun = estate.ok("DELETE", f"{base}/networks/default")
    url = f"{base}/operations/{begun['name']}"
    assert [begun["status"], *(estate.ok("GET", url)["status"] for _ in range(2))] == ["RUNNING", "RUNNING", "DONE"]
    assert estate.ok("POST", f"{url}/wait")["status"] == "DONE"
    assert estate.call("GET", f"{base}/operations/none").status == 404


def test_operations_are_cancelled_and_forgotten(estate: Estate) -> None:
    operation = estate.ok("POST", f"{SERVICES}/pubsub.googleapis.com:enable", {})
    url = f"serviceusage.googleapis.com/v1/{operation['name']}"
    assert estate.ok("POST", f"{url}:cancel", {}) == {}
    assert estate.ok("GET", url)["done"] is True
    assert estate.ok("DELETE", url) == {}
    assert [estate.call(verb, url).status for verb in ("GET", "DELETE")] == [404, 404]


def test_a_service_that_others_need_is_not_just_disabled(estate: Estate) -> None:
    estate.enable("pubsub", "eventarc")
    refused = estate.call("POST", f"{SERVICES}/pubsub.googleapis.com:disable", {})
    assert refused.status == 400
    assert refused.message == (
        "The service pubsub.googleapis.com is depended on by the following active service: "
        "eventarc.googleapis.com; Please specify disable_dependent_services=true if you want to proceed with "
        "disabling all services."
    )
    estate.ok("POST", f"{SERVICES}/pubsub.googleapis.com:disable", {"disableDependentServices": True})
    assert estate.ok("GET", f"{SERVICES}/eventarc.googleapis.com")["state"] == "DISABLED"


def test_a_grant_counts_when_its_time_has_come(estate: Estate) -> None:
    """A client that retries sees a 403 and then, without anybody doing anything, a 200."""
    estate.world.settings.change({"propagation_seconds": 120})
    ada = estate.user_token("ada@acme.example")
    estate.bind("roles/viewer", "user:ada@acme.example")
    seen = []
    for _ in range(5):
        seen.append(estate.call("GET", f"{V1}/projects/{PROJECT}", token=ada).status)
        estate.world.clock.advance(40)
    assert seen == [403, 403, 403, 200, 200]
    policy = estate.ok("POST", f"{V1}/projects/{PROJECT}:getIamPolicy", {})
    bindings = [binding for binding in policy["bindings"] if binding["role"] != "roles/viewer"]
    estate.ok("POST", f"{V1}/projects/{PROJECT}:setIamPolicy", {"policy": {"bindings": bindings}})
    assert estate.call("GET", f"{V1}/projects/{PROJECT}", token=ada).status == 200
    estate.world.clock.advance(120)
    assert estate.call("GET", f"{V1}/projects/{PROJECT}", token=ada).status == 403

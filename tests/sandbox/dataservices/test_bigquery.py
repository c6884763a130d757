"""BigQuery's datasets and tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.core.cloud import PROJECT, Answer, GoogleCloud

ROOT = f"bigquery.googleapis.com/bigquery/v2/projects/{PROJECT}"
SET = f"{ROOT}/datasets/sales"
ONE = "one@example.com"
FIELDS = [{"name": "id", "type": "INT64", "mode": "REQUIRED"}, {"name": "at", "type": "TIMESTAMP"}]


def dataset(cloud: GoogleCloud, name: str = "sales", **body: object) -> Answer:
    return cloud.call("POST", f"{ROOT}/datasets", {"datasetReference": {"datasetId": name}, "location": "EU"} | body)


def table(cloud: GoogleCloud, name: str = "orders", **body: object) -> Answer:
    sent = {"tableReference": {"projectId": PROJECT, "datasetId": "sales", "tableId": name}} | body
    return cloud.call("POST", f"{SET}/tables", sent)


def test_datasets(cloud: GoogleCloud) -> None:
    made = dataset(cloud, labels={"env": "dev"}).body
    assert (made["id"], made["location"], made["type"]) == (f"{PROJECT}:sales", "EU", "DEFAULT")
    assert {"role": "OWNER", "specialGroup": "projectOwners"} in made["access"]
    again = dataset(cloud)
    assert (again.status, again.reason, again.message) == (409, "duplicate", f"Already Exists: Dataset {PROJECT}:sales")
    missing = cloud.call("GET", f"{ROOT}/datasets/none")
    assert (missing.status, missing.message) == (404, f"Not found: Dataset {PROJECT}:none")
    dataset(cloud, "_hidden")
    listed = cloud.call("GET", f"{ROOT}/datasets").body["datasets"]
    assert [item["datasetReference"]["datasetId"] for item in listed] == ["sales"]
    assert len(cloud.call("GET", f"{ROOT}/datasets?all=true").body["datasets"]) == 2
    assert "datasets" not in cloud.call("GET", f"{ROOT}/datasets?filter=labels.env:prod").body
    assert cloud.call("GET", f"{ROOT}/datasets?filter=labels.env:dev").body["datasets"]
    projects = cloud.call("GET", "bigquery.googleapis.com/bigquery/v2/projects").body["projects"]
    assert [item["id"] for item in projects] == [PROJECT]


@pytest.mark.parametrize(
    "body",
    [
        {"location": "moon"},
        {"labels": {"Upper": "x"}},
        {"defaultTableExpirationMs": "60000"},
        {"maxTimeTravelHours": "30"},
        {"access": [{"role": "READER"}]},
        {"access": [{"userByEmail": ONE}]},
        {"datasetReference": {"datasetId": "with-dash"}},
    ],
)
def test_datasets_that_are_refused(cloud: GoogleCloud, body: dict[str, Any]) -> None:
    assert dataset(cloud, **body).status == 400


def test_a_stale_etag_is_a_412(cloud: GoogleCloud) -> None:
    first = dataset(cloud).body["etag"]
    changed = cloud.call("PATCH", SET, {"friendlyName": "Sales"}, headers={"if-match": first})
    assert (changed.status, changed.body["friendlyName"]) == (200, "Sales")
    assert cloud.call("PATCH", SET, {"friendlyName": "Other"}, headers={"if-match": first}).status == 412
    assert cloud.call("PATCH", SET, {"location": "US"}).status == 400
    assert cloud.call("PATCH", SET, {"friendlyName": None}).body.get("friendlyName") is None


def test_access_entries_decide(cloud: GoogleCloud) -> None:
    access = dataset(cloud).body["access"]
    table(cloud, schema={"fields": FIELDS})
    token = cloud.user(ONE)
    refused = cloud.call("GET", SET, token=token)
    assert refused.status == 403
    assert refused.message.startswith(
        f"Access Denied: Dataset {PROJECT}:sales: Permission bigquery.datasets.get denied"
    )
    opened = [*access, {"role": "roles/bigquery.dataViewer", "userByEmail": ONE}]
    shown = cloud.call("PATCH", SET, {"access": opened}).body["access"]
    assert shown[-1] == {"role": "READER", "userByEmail": ONE}
    assert cloud.call("GET", f"{SET}/tables/orders", token=token).status == 200
    assert cloud.call("DELETE", f"{SET}/tables/orders", token=token).status == 403
    assert cloud.call("PATCH", SET, {"access": access}).status == 200
    assert cloud.call("GET", f"{SET}/tables/orders", token=token).status == 403


def test_a_tables_own_policy_decides_too(cloud: GoogleCloud) -> None:
    dataset(cloud)
    table(cloud)
    policy = {"policy": {"bindings": [{"role": "roles/bigquery.dataEditor", "members": [f"user:{ONE}"]}]}}
    assert cloud.call("POST", f"{SET}/tables/orders:setIamPolicy", policy).status == 200
    token = cloud.user(ONE)
    assert cloud.call("PATCH", f"{SET}/tables/orders", {"description": "x"}, token=token).status == 200
    assert cloud.call("GET", SET, token=token).status == 403
    asked = {"permissions": ["bigquery.tables.update", "bigquery.tables.setIamPolicy"]}
    held = cloud.call("POST", f"{SET}/tables/orders:testIamPermissions", asked, token=token).body
    assert held == {"permissions": ["bigquery.tables.update"]}


def test_deleting_and_undeleting(cloud: GoogleCloud) -> None:
    dataset(cloud)
    table(cloud, schema={"fields": FIELDS})
    refused = cloud.call("DELETE", SET)
    assert (refused.status, refused.reason) == (400, "resourceInUse")
    assert refused.message == f"Dataset {PROJECT}:sales is still in use"
    assert cloud.call("DELETE", f"{SET}?deleteContents=true").status == 204
    assert cloud.call("GET", SET).status == 404
    assert cloud.call("POST", f"{SET}:undelete", {}).status == 200
    assert cloud.call("GET", f"{SET}/tables/orders").body["schema"]["fields"][0]["type"] == "INTEGER"
    cloud.call("DELETE", f"{SET}?deleteContents=true")
    cloud.world.clock.advance(8 * 86400)
    assert cloud.call("POST", f"{SET}:undelete", {}).status == 404


def test_tables(cloud: GoogleCloud) -> None:
    dataset(cloud)
    made = table(cloud, schema={"fields": FIELDS}, timePartitioning={"type": "DAY", "field": "at"}).body
    assert (made["type"], made["location"], made["numRows"]) == ("TABLE", "EU", "0")
    assert table(cloud).message == f"Already Exists: Table {PROJECT}:sales.orders"
    view = table(cloud, "recent", view={"query": "SELECT 1", "useLegacySql": False}).body
    assert view["type"] == "VIEW"
    listed = cloud.call("GET", f"{SET}/tables").body
    assert ([item["type"] for item in listed["tables"]], listed["totalItems"]) == (["TABLE", "VIEW"], 2)
    assert cloud.call("DELETE", f"{SET}/tables/recent").status == 204
    assert cloud.call("GET", f"{SET}/tables/recent").message == f"Not found: Table {PROJECT}:sales.recent"
    assert cloud.call("POST", f"{ROOT}/jobs", {}).status == 501
    assert cloud.call("GET", f"{SET}/tables/orders/data").status == 501


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (FIELDS[:1], "Field at is missing in new schema"),
        ([FIELDS[0], {"name": "at", "type": "DATE"}], "Field at has changed type from TIMESTAMP to DATE"),
        ([*FIELDS, {"name": "new", "type": "STRING", "mode": "REQUIRED"}], "Cannot add required fields"),
        ([*FIELDS, {"name": "ID", "type": "STRING"}], "Duplicate column name"),
        ([*FIELDS, {"name": "r", "type": "RECORD"}], "has no schema"),
        ([*FIELDS, {"name": "x", "type": "NUMBER"}], "is not a valid value"),
    ],
)
def test_schemas_that_are_refused(cloud: GoogleCloud, fields: list[Any], words: str) -> None:
    dataset(cloud)
    table(cloud, schema={"fields": FIELDS})
    answer = cloud.call("PATCH", f"{SET}/tables/orders", {"schema": {"fields": fields}})
    assert (answer.status, words in answer.message) == (400, True), answer.message


def test_a_schema_may_grow_and_relax(cloud: GoogleCloud) -> None:
    dataset(cloud)
    table(cloud, schema={"fields": FIELDS})
    grown = [{"name": "id", "type": "INTEGER"}, FIELDS[1], {"name": "new", "type": "STRING"}]
    answer = cloud.call("PATCH", f"{SET}/tables/orders", {"schema": {"fields": grown}})
    assert answer.status == 200, answer.message
    assert len(answer.body["schema"]["fields"]) == 3


def test_tables_expire_by_the_clock(cloud: GoogleCloud) -> None:
    dataset(cloud, defaultTableExpirationMs="3600000")
    assert "expirationTime" in table(cloud).body
    cloud.world.clock.advance(3601)
    assert cloud.call("GET", f"{SET}/tables").body["totalItems"] == 0
    assert cloud.call("GET", f"{SET}/tables/orders").status == 404

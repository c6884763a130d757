"""Log entries, their query language, and where they go."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from provisioner.sandbox.google.observability import entries as kept
from tests.sandbox.identity.cloud import NUMBER, ORGANIZATION, PROJECT
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

LOGGING = "logging.googleapis.com/v2"
LOG = f"projects/{PROJECT}/logs/app"
GLOBAL = {"type": "global"}
NO_AUDIT = 'NOT log_id("cloudaudit.googleapis.com/activity")'


def _write(cloud: TimedCloud, *entries: dict[str, Any], **fields: Any) -> None:
    body = {"logName": LOG, "resource": GLOBAL, "entries": list(entries)} | fields
    cloud.ok("POST", f"{LOGGING}/entries:write", body)


def _list(cloud: TimedCloud, query: str = "", **fields: Any) -> list[dict[str, Any]]:
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": f"{query}\n{NO_AUDIT}"} | fields
    found: list[dict[str, Any]] = cloud.ok("POST", f"{LOGGING}/entries:list", body).get("entries", [])
    return found


def test_entries_are_written_and_found(cloud: TimedCloud) -> None:
    entries: list[dict[str, Any]] = [
        {"textPayload": "one", "severity": "INFO", "insertId": "0"},
        {"jsonPayload": {"n": 2}},
    ]
    _write(cloud, *entries, labels={"team": "x"})
    first, second = _list(cloud)
    assert (first["textPayload"], first["severity"], first["labels"]) == ("one", "INFO", {"team": "x"})
    assert first["resource"] == {"type": "global", "labels": {"project_id": PROJECT}}
    assert (second["severity"], bool(second["insertId"]), second["logName"]) == ("DEFAULT", True, LOG)
    assert [entry["jsonPayload"] for entry in _list(cloud, "jsonPayload.n=2")] == [{"n": 2}]
    refused = cloud.call("POST", f"{LOGGING}/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": "("})
    assert (refused.status, "Unparseable" in refused.message) == (400, True)


def test_pages_and_order(cloud: TimedCloud) -> None:
    for number in range(5):
        _write(cloud, {"textPayload": str(number), "insertId": f"i{number}"})
        cloud.later(1)
    _write(cloud, {"textPayload": "0 again", "insertId": "i0", "timestamp": "2026-11-21T03:00:00Z"})  # a duplicate
    body: dict[str, Any] = {
        "resourceNames": [f"projects/{PROJECT}"],
        "orderBy": "timestamp desc",
        "pageSize": 2,
        "filter": NO_AUDIT,
    }
    texts = []
    while True:
        answer = cloud.ok("POST", f"{LOGGING}/entries:list", body)
        texts += [entry["textPayload"] for entry in answer.get("entries", [])]
        if "nextPageToken" not in answer:
            break
        body["pageToken"] = answer["nextPageToken"]
    assert texts == ["4", "3", "2", "1", "0 again"]
    assert cloud.call("POST", f"{LOGGING}/entries:list", body | {"filter": "other"}).status == 400
    assert cloud.call("POST", f"{LOGGING}/entries:list", body | {"orderBy": "severity"}).status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"logName": "app"},
        {"logName": f"projects/{PROJECT}/logs/with space"},
        {"resource": {}},
        {"resource": {"type": "global", "labels": {"zone": "x"}}},
        {"textPayload": "x", "jsonPayload": {}},
        {"timestamp": "2026-10-01T00:00:00Z"},
        {"timestamp": "2026-11-23T00:00:00Z"},
        {"textPayload": "x" * 300_000},
    ],
)
def test_an_entry_against_the_rules(cloud: TimedCloud, wrong: dict[str, Any]) -> None:
    good = {"textPayload": "good"}
    body = {"logName": LOG, "resource": GLOBAL, "entries": [good, good | wrong]}
    if "jsonPayload" not in wrong and "textPayload" not in wrong:
        body["entries"] = [good, wrong | {"textPayload": "bad"}]
    assert cloud.call("POST", f"{LOGGING}/entries:write", body).status == 400
    assert _list(cloud) == []
    assert cloud.call("POST", f"{LOGGING}/entries:write", body | {"partialSuccess": True, "dryRun": True}).status == 400
    assert _list(cloud) == []
    partly = cloud.call("POST", f"{LOGGING}/entries:write", body | {"partialSuccess": True})
    details = partly.body["error"]["details"][0]
    assert (partly.status, list(details["logEntryErrors"])) == (400, ["1"])
    assert [entry["textPayload"] for entry in _list(cloud)] == ["good"]


def test_who_writes_and_reads_needs_the_right_to(cloud: TimedCloud) -> None:
    token = cloud.user_token("ann@example.com")
    project = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    write = {"logName": LOG, "resource": GLOBAL, "entries": [{"textPayload": "x"}]}
    read = {"resourceNames": [f"projects/{PROJECT}"], "filter": NO_AUDIT}
    assert cloud.call("POST", f"{LOGGING}/entries:write", write, token=token).status == 403
    cloud.allow(project, "roles/logging.logWriter", "user:ann@example.com")
    assert cloud.call("POST", f"{LOGGING}/entries:write", write, token=token).status == 200
    assert cloud.call("POST", f"{LOGGING}/entries:list", read, token=token).status == 403
    _write(cloud, {"textPayload": "secret"}, logName=f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Fdata_access")
    for role, seen in (("roles/logging.viewer", 1), ("roles/logging.privateLogViewer", 2)):
        cloud.allow(project, role, "user:ann@example.com")
        assert len(cloud.ok("POST", f"{LOGGING}/entries:list", read, token=token)["entries"]) == seen


def test_logs_are_listed_deleted_and_end(cloud: TimedCloud) -> None:
    _write(cloud, {"textPayload": "x"})
    _write(cloud, {"textPayload": "y"}, logName=f"projects/{PROJECT}/logs/other%2Flog")
    names = cloud.ok("GET", f"{LOGGING}/projects/{PROJECT}/logs")["logNames"]
    assert names[:1] + names[-1:] == [LOG, f"projects/{PROJECT}/logs/other%2Flog"]
    cloud.ok("DELETE", f"{LOGGING}/projects/{PROJECT}/logs/other%2Flog")
    assert cloud.call("DELETE", f"{LOGGING}/projects/{PROJECT}/logs/other%2Flog").status == 404
    assert [entry["textPayload"] for entry in _list(cloud)] == ["x"]
    cloud.later(31 * 86400)
    assert _list(cloud) == []


def test_writing_costs_the_same_for_ever(cloud: TimedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT", 50)
    for number in range(120):
        _write(cloud, {"textPayload": str(number)})
    with cloud.world.store.transaction() as tx:
        assert len(list(tx.scan(kept.ENTRIES))) == 50
    assert {entry["textPayload"] for entry in _list(cloud, pageSize=1000)} == {str(n) for n in range(70, 120)}


def test_a_sink_publishes_what_its_filter_takes(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    sink = {
        "name": "errors",
        "destination": f"pubsub.googleapis.com/projects/{PROJECT}/topics/events",
        "filter": "severity>=ERROR",
        "exclusions": [{"name": "noise", "filter": "textPayload:noise"}],
    }
    made = cloud.ok("POST", f"{LOGGING}/projects/{PROJECT}/sinks?uniqueWriterIdentity=true", sink)
    writer = f"serviceAccount:service-{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
    assert made["writerIdentity"] == writer
    _write(cloud, {"textPayload": "lost: nobody let the writer in", "severity": "ERROR"})
    cloud.allow(f"{PUBSUB}/topics/events", "roles/pubsub.publisher", writer)
    for text, severity in (("quiet", "INFO"), ("noise", "ERROR"), ("loud", "CRITICAL")):
        _write(cloud, {"textPayload": text, "severity": severity})
    (received,) = cloud.pull()
    assert json.loads(base64.b64decode(received["message"]["data"]))["textPayload"] == "loud"
    cloud.ok("PATCH", f"{LOGGING}/projects/{PROJECT}/sinks/errors?updateMask=disabled", {"disabled": True})
    _write(cloud, {"textPayload": "loud", "severity": "CRITICAL"})
    assert cloud.pull() == []


def test_sinks_have_rules(cloud: TimedCloud) -> None:
    url = f"{LOGGING}/projects/{PROJECT}/sinks"
    names = [sink["name"] for sink in cloud.ok("GET", url)["sinks"]]
    assert names == ["_Default", "_Required"]
    sink = {"name": "all", "destination": "storage.googleapis.com/acme-logs"}
    assert cloud.ok("POST", url, sink)["writerIdentity"].startswith("serviceAccount:cloud-logs@")
    assert cloud.call("POST", url, sink).status == 409
    for wrong in ({"name": "a b"}, {"name": "b", "destination": "s3://x"}, {"name": "b", "filter": "("}):
        assert cloud.call("POST", url, sink | wrong).status == 400
    assert cloud.call("PATCH", f"{url}/_Required?updateMask=filter", {"filter": ""}).status == 403
    assert cloud.call("DELETE", f"{url}/_Required").status == 400
    cloud.ok("DELETE", f"{url}/all")
    assert cloud.call("GET", f"{url}/all").status == 404
    organization = f"{LOGGING}/organizations/{ORGANIZATION}/sinks"
    made = cloud.ok("POST", f"{organization}?uniqueWriterIdentity=true", {"includeChildren": True, **sink})
    assert made["writerIdentity"].startswith(f"serviceAccount:service-org-{ORGANIZATION}@")


def test_an_exclusion_is_part_of_the_default_sink(cloud: TimedCloud) -> None:
    url = f"{LOGGING}/projects/{PROJECT}"
    cloud.ok("POST", f"{url}/exclusions", {"name": "noise", "filter": "severity=DEBUG"})
    assert cloud.ok("GET", f"{url}/sinks/_Default")["exclusions"][0]["name"] == "noise"
    cloud.ok("PATCH", f"{url}/exclusions/noise?updateMask=disabled", {"disabled": True})
    assert cloud.ok("GET", f"{url}/exclusions/noise")["disabled"] is True
    cloud.ok("DELETE", f"{url}/exclusions/noise")
    assert cloud.ok("GET", f"{url}/exclusions") == {}


def test_log_buckets_and_views(cloud: TimedCloud) -> None:
    url = f"{LOGGING}/projects/{PROJECT}/locations"
    made = cloud.ok("POST", f"{url}/global/buckets?bucketId=team", {"retentionDays": 10})
    assert made["retentionDays"] == 10
    names = [bucket["name"].rpartition("/")[2] for bucket in cloud.ok("GET", f"{url}/-/buckets")["buckets"]]
    assert names == ["_Default", "_Required", "team"]
    changed = cloud.ok("POST", f"{url}/global/buckets/team:updateAsync?updateMask=retentionDays", {"retentionDays": 20})
    assert (changed["done"], changed["response"]["retentionDays"]) == (True, 20)
    assert cloud.ok("GET", f"{LOGGING}/{changed['name']}")["done"] is True
    cloud.ok("POST", f"{url}/global/buckets/team/views?viewId=errors", {"filter": 'source("projects/x")'})
    assert len(cloud.ok("GET", f"{url}/global/buckets/team/views")["views"]) == 2
    cloud.ok("DELETE", f"{url}/global/buckets/team")
    assert cloud.ok("GET", f"{url}/global/buckets/team")["lifecycleState"] == "DELETE_REQUESTED"
    cloud.ok("POST", f"{url}/global/buckets/team:undelete", {})
    cloud.ok("DELETE", f"{url}/global/buckets/team")
    cloud.later(8 * 86400)
    assert cloud.call("GET", f"{url}/global/buckets/team").status == 404
    assert cloud.call("DELETE", f"{url}/global/buckets/_Default").status == 400
    assert cloud.ok("GET", f"{LOGGING}/projects/{PROJECT}/settings")["name"] == f"projects/{PROJECT}/settings"


def test_what_is_administered_is_in_the_audit_log(cloud: TimedCloud) -> None:
    cloud.topic()
    query = 'log_id("cloudaudit.googleapis.com/activity") protoPayload.methodName:topics.create'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query}
    (entry,) = cloud.ok("POST", f"{LOGGING}/entries:list", body)["entries"]
    assert entry["protoPayload"]["authenticationInfo"]["principalEmail"] == "operator@example.com"
    assert (entry["severity"], bool(entry["insertId"])) == ("NOTICE", True)

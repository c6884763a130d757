"""Snapshots, seeking and schemas."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from provisioner.sandbox.google.messaging.avro import AvroError, AvroSchema
from tests.sandbox.identity.cloud import PROJECT
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

WORKER = f"{PUBSUB}/subscriptions/worker"
SNAPSHOT = f"{PUBSUB}/snapshots/before"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/worker"
RECORD = {
    "type": "record",
    "name": "Order",
    "namespace": "acme",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "note", "type": ["null", "string"]},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "lines", "type": {"type": "array", "items": {"type": "map", "values": "double"}}},
        {"name": "parent", "type": ["null", "Order"]},
    ],
}
FITTING = {"id": 1, "note": {"string": "x"}, "kind": "A", "lines": [{"a": 1.5}], "parent": None}


def test_seeking_to_a_time_brings_back_what_is_retained(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(retainAckedMessages=True)
    cloud.publish("one")
    cloud.later(60)
    middle = cloud.world.clock.now().isoformat().replace("+00:00", "Z")
    cloud.publish("two", "three")
    cloud.acknowledge(*cloud.pull())
    cloud.ok("POST", f"{WORKER}:seek", {"time": middle})
    assert cloud.texts() == ["two", "three"]
    cloud.later(60)
    cloud.ok("POST", f"{WORKER}:seek", {"time": cloud.world.clock.now().isoformat()})
    assert cloud.pull() == []


def test_a_topic_may_retain_for_its_subscriptions(cloud: TimedCloud) -> None:
    cloud.topic(messageRetentionDuration="3600s")
    start = cloud.world.clock.now().isoformat()
    cloud.publish("early")
    cloud.later(10)
    cloud.subscription()
    assert cloud.pull() == []
    cloud.ok("POST", f"{WORKER}:seek", {"time": start})
    assert cloud.texts() == ["early"]


def test_a_snapshot_keeps_what_was_open_and_everything_since(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    cloud.publish("done", "open")
    done, opened = cloud.pull()
    cloud.acknowledge(done)
    made = cloud.ok("PUT", SNAPSHOT, {"subscription": SUBSCRIPTION, "labels": {"team": "x"}})
    assert set(made) == {"name", "topic", "expireTime", "labels"}
    cloud.acknowledge(opened)
    cloud.publish("since")
    cloud.acknowledge(*cloud.pull())
    assert cloud.pull() == []
    cloud.ok("POST", f"{WORKER}:seek", {"snapshot": made["name"]})
    assert cloud.texts() == ["open", "since"]
    assert cloud.ok("GET", f"{PUBSUB}/topics/events/snapshots")["snapshots"] == [made["name"]]
    cloud.later(8 * 86400)
    assert cloud.call("GET", SNAPSHOT).status == 404
    assert cloud.call("POST", f"{WORKER}:seek", {"snapshot": made["name"]}).status == 404


def test_a_snapshot_of_an_old_backlog_lives_shorter(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(messageRetentionDuration="1209600s")
    cloud.publish("old")
    cloud.later(6 * 86400)
    made = cloud.ok("PUT", SNAPSHOT, {"subscription": SUBSCRIPTION})
    assert made["expireTime"].startswith("2026-11-28")
    cloud.later(86400)
    assert cloud.call("PUT", f"{PUBSUB}/snapshots/late", {"subscription": SUBSCRIPTION}).status == 400


def _schema(cloud: TimedCloud, definition: object = RECORD, name: str = "order") -> dict[str, Any]:
    body = {"type": "AVRO", "definition": json.dumps(definition)}
    return cloud.ok("POST", f"{PUBSUB}/schemas?schemaId={name}", body)


@pytest.mark.parametrize(
    "change",
    [{"id": "x"}, {"id": 2**63}, {"note": "x"}, {"kind": "C"}, {"lines": [{"a": "b"}]}, {"parent": {"acme.Order": {}}},
     {"more": 1}],
)  # fmt: skip
def test_a_topic_takes_only_what_fits_its_schema(cloud: TimedCloud, change: dict[str, Any]) -> None:
    made = _schema(cloud)
    cloud.topic(schemaSettings={"schema": made["name"], "encoding": "JSON"})
    cloud.subscription()
    nested = FITTING | {"parent": {"acme.Order": FITTING}}
    cloud.publish(json.dumps(FITTING), json.dumps(nested))
    assert len(cloud.pull()) == 2
    data = base64.b64encode(json.dumps(FITTING | change).encode()).decode()
    refused = cloud.call("POST", f"{PUBSUB}/topics/events:publish", {"messages": [{"data": data}]})
    assert (refused.status, refused.message) == (400, "Invalid data in message: Message failed schema validation.")


def test_avros_binary_encoding() -> None:
    schema = AvroSchema(json.dumps(RECORD))
    fitting = b"\x02" + b"\x02\x02x" + b"\x00" + b"\x02\x02\x02a" + b"\0" * 8 + b"\x00\x00" + b"\x00"
    schema.check_binary(fitting)
    for wrong in (fitting + b"\0", fitting[:-1], fitting.replace(b"\x02\x02x", b"\x04\x02x"), b"\xff" * 12, b""):
        with pytest.raises(AvroError):
            schema.check_binary(wrong)
    with pytest.raises(AvroError):
        AvroSchema('{"type": "array", "items": "null"}').check_binary(b"\xfe\xff\xff\xff\x0f\x00")


@pytest.mark.parametrize(
    "definition",
    ["", "[]", '"text"', '{"type": "record", "name": "A"}', '{"type": "enum", "name": "E", "symbols": []}',
     '{"type": "record", "name": "A", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}',
     '["int", "int"]', '{"type": "fixed", "name": "F"}', '{"type": "array"}', "[[" * 40 + "]]" * 40],
)  # fmt: skip
def test_what_is_no_avro_schema(cloud: TimedCloud, definition: str) -> None:
    body = {"schema": {"type": "AVRO", "definition": definition}}
    assert cloud.call("POST", f"{PUBSUB}/schemas:validate", body).status == 400


def test_revisions_come_and_go(cloud: TimedCloud) -> None:
    first = _schema(cloud, "string")
    url = f"{PUBSUB}/schemas/order"
    second = cloud.ok("POST", f"{url}:commit", {"schema": {"type": "AVRO", "definition": '"long"'}})
    assert cloud.ok("GET", url)["revisionId"] == second["revisionId"] != first["revisionId"]
    assert cloud.ok("GET", f"{url}@{first['revisionId']}")["definition"] == '"string"'
    third = cloud.ok("POST", f"{url}:rollback", {"revisionId": first["revisionId"]})
    assert third["definition"] == '"string"'
    listed = [each["revisionId"] for each in cloud.ok("GET", f"{url}:listRevisions")["schemas"]]
    assert listed == [third["revisionId"], second["revisionId"], first["revisionId"]]
    bounds = {"firstRevisionId": second["revisionId"], "lastRevisionId": second["revisionId"]}
    cloud.topic(schemaSettings={"schema": first["name"], "encoding": "JSON"} | bounds)
    cloud.publish("5")
    text = base64.b64encode(b'"x"').decode()
    assert cloud.call("POST", f"{PUBSUB}/topics/events:publish", {"messages": [{"data": text}]}).status == 400
    cloud.ok("DELETE", f"{url}@{second['revisionId']}:deleteRevision")
    assert len(cloud.ok("GET", f"{url}:listRevisions")["schemas"]) == 2
    cloud.ok("DELETE", url)
    assert cloud.ok("GET", f"{PUBSUB}/topics/events")["schemaSettings"]["schema"] == "_deleted-schema_"
    cloud.publish("anything")


def test_protocol_buffers_are_refused_by_name(cloud: TimedCloud) -> None:
    body = {"type": "PROTOCOL_BUFFER", "definition": 'syntax = "proto3"; message A {}'}
    refused = cloud.call("POST", f"{PUBSUB}/schemas?schemaId=order", body)
    assert (refused.status, "PROTOCOL_BUFFER" in refused.message) == (501, True)


def test_a_message_is_validated_without_publishing(cloud: TimedCloud) -> None:
    made = _schema(cloud)
    for text, status in ((json.dumps(FITTING), 200), ("{}", 400)):
        body = {"name": made["name"], "encoding": "JSON", "message": base64.b64encode(text.encode()).decode()}
        assert cloud.call("POST", f"{PUBSUB}/schemas:validateMessage", body).status == status

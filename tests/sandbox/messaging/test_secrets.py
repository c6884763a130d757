"""Secrets that expire, rotate, tell topics what happens to them, and destroy versions later."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.sandbox.identity.cloud import NUMBER, PROJECT, Answer
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

HOST = "secretmanager.googleapis.com/v1"
SECRETS = f"{HOST}/projects/{PROJECT}/secrets"
SECRET = f"{SECRETS}/db"
AUTOMATIC: dict[str, Any] = {"replication": {"automatic": {}}}
AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-secretmanager.iam.gserviceaccount.com"
TOPICS = {"topics": [{"name": f"projects/{PROJECT}/topics/events"}]}


def _make(cloud: TimedCloud, **fields: Any) -> dict[str, Any]:
    return cloud.ok("POST", f"{SECRETS}?secretId=db", AUTOMATIC | fields)


def _add(cloud: TimedCloud, text: str, secret: str = SECRET) -> Answer:
    payload = {"data": base64.b64encode(text.encode()).decode()}
    return cloud.call("POST", f"{secret}:addVersion", {"payload": payload})


def _heard(cloud: TimedCloud) -> list[str]:
    received = cloud.pull()
    if received:
        cloud.acknowledge(*received)
    return [each["message"]["attributes"]["eventType"] for each in received]


def _listening(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    cloud.allow(f"{PUBSUB}/topics/events", "roles/pubsub.publisher", AGENT)


def test_a_topic_hears_what_happens_to_a_secret(cloud: TimedCloud) -> None:
    _listening(cloud)
    _make(cloud, **TOPICS)
    _add(cloud, "one")
    for verb in ("disable", "enable", "destroy"):
        cloud.ok("POST", f"{SECRET}/versions/1:{verb}", {})
    (received,) = cloud.pull(most=1)
    attributes = received["message"]["attributes"]
    assert (attributes["secretId"], attributes["dataFormat"]) == (f"projects/{NUMBER}/secrets/db", "JSON_API_V1")
    assert json.loads(base64.b64decode(received["message"]["data"]))["name"] == attributes["secretId"]
    cloud.nack(received)
    cloud.ok("DELETE", SECRET)
    assert _heard(cloud) == [
        "TOPIC_CONFIGURED", "SECRET_CREATE", "SECRET_VERSION_ADD", "SECRET_VERSION_DISABLE", "SECRET_VERSION_ENABLE",
        "SECRET_VERSION_DESTROY", "SECRET_DELETE",
    ]  # fmt: skip


def test_a_topic_must_let_the_agent_publish(cloud: TimedCloud) -> None:
    assert cloud.call("POST", f"{SECRETS}?secretId=db", AUTOMATIC | TOPICS).status == 400
    cloud.topic()
    refused = cloud.call("POST", f"{SECRETS}?secretId=db", AUTOMATIC | TOPICS)
    assert (refused.status, "gcp-sa-secretmanager" in refused.message) == (400, True)
    assert cloud.call("GET", SECRET).status == 404


def test_rotation_is_announced_each_time_it_is_due(cloud: TimedCloud) -> None:
    _listening(cloud)
    rotation = {"nextRotationTime": "2026-11-21T04:00:00Z", "rotationPeriod": "7200s"}
    _make(cloud, rotation=rotation, **TOPICS)
    assert _heard(cloud) == ["TOPIC_CONFIGURED", "SECRET_CREATE"]
    cloud.later(3599)
    assert _heard(cloud) == []
    cloud.later(1)
    assert _heard(cloud) == ["SECRET_ROTATE"]
    assert cloud.ok("GET", SECRET)["rotation"]["nextRotationTime"].startswith("2026-11-21T06:00:00")
    cloud.later(4 * 3600)
    assert _heard(cloud) == ["SECRET_ROTATE", "SECRET_ROTATE"]


def test_a_secret_ends_when_its_time_is_over(cloud: TimedCloud) -> None:
    made = _make(cloud, ttl="3600s")
    assert made["expireTime"].startswith("2026-11-21T04:00:00")
    _add(cloud, "one")
    cloud.later(3599)
    assert cloud.call("GET", f"{SECRET}/versions/1:access").status == 200
    cloud.later(1)
    assert cloud.call("GET", SECRET).status == 404
    _make(cloud, ttl="3600s")
    cloud.ok("PATCH", f"{SECRET}?updateMask=ttl", {"ttl": "7200s"})
    cloud.later(3601)
    assert cloud.call("GET", SECRET).status == 200


def test_a_destruction_with_a_delay_can_be_called_off(cloud: TimedCloud) -> None:
    _make(cloud, versionDestroyTtl="86400s")
    _add(cloud, "one")
    waiting = cloud.ok("POST", f"{SECRET}/versions/1:destroy", {})
    assert (waiting["state"], waiting["scheduledDestroyTime"][:19]) == ("DISABLED", "2026-11-22T03:00:00")
    assert "scheduledDestroyTime" not in cloud.ok("POST", f"{SECRET}/versions/1:enable", {})
    cloud.later(86401)
    assert cloud.call("GET", f"{SECRET}/versions/1:access").status == 200
    cloud.ok("POST", f"{SECRET}/versions/1:destroy", {})
    cloud.later(86401)
    assert cloud.ok("GET", f"{SECRET}/versions/1")["state"] == "DESTROYED"
    assert cloud.call("POST", f"{SECRET}/versions/1:enable", {}).status == 400


def test_aliases_name_versions(cloud: TimedCloud) -> None:
    _make(cloud)
    _add(cloud, "one")
    _add(cloud, "two")
    cloud.ok("PATCH", f"{SECRET}?updateMask=versionAliases", {"versionAliases": {"live": "1"}})
    found = cloud.ok("GET", f"{SECRET}/versions/live:access")
    assert (found["name"].rpartition("/")[2], base64.b64decode(found["payload"]["data"])) == ("1", b"one")
    for wrong in ({"live": "3"}, {"latest": "1"}, {"9x": "1"}):
        assert cloud.call("PATCH", f"{SECRET}?updateMask=versionAliases", {"versionAliases": wrong}).status == 400
    listed = cloud.ok("GET", f"{SECRET}/versions")["versions"]
    assert [version["name"].rpartition("/")[2] for version in listed] == ["2", "1"]


@pytest.mark.parametrize(
    "fields",
    [
        {"replication": {}},
        {"replication": {"automatic": {}, "userManaged": {}}},
        {"replication": {"userManaged": {"replicas": []}}},
        {"replication": {"userManaged": {"replicas": [{"location": "mars"}]}}},
        {"ttl": "-5s"},
        {"versionDestroyTtl": "3600s"},
        {"rotation": {"nextRotationTime": "2026-11-22T00:00:00Z"}},
        {"annotations": {"a": "x" * 17000}},
        {"topics": [{"name": "events"}]},
    ],
)
def test_a_secret_against_the_rules(cloud: TimedCloud, fields: dict[str, Any]) -> None:
    assert cloud.call("POST", f"{SECRETS}?secretId=db", AUTOMATIC | fields).status == 400


def test_regional_secrets_stay_in_their_region(cloud: TimedCloud) -> None:
    host = "secretmanager.europe-west1.rep.googleapis.com/v1"
    place = f"{host}/projects/{PROJECT}/locations/europe-west1"
    made = cloud.ok("POST", f"{place}/secrets?secretId=db", {})
    assert made["name"] == f"projects/{NUMBER}/locations/europe-west1/secrets/db"
    assert cloud.call("POST", f"{place}/secrets?secretId=other", AUTOMATIC).status == 400
    version = _add(cloud, "here", f"{place}/secrets/db").body
    assert "replicationStatus" not in version
    found = cloud.ok("GET", f"{place}/secrets/db/versions/latest:access")
    assert base64.b64decode(found["payload"]["data"]) == b"here"
    assert cloud.ok("GET", SECRETS) == {}
    assert cloud.call("GET", SECRET).status == 404
    token = cloud.user_token("ann@example.com")
    cloud.allow(f"{place}/secrets/db", "roles/secretmanager.secretAccessor", "user:ann@example.com")
    assert cloud.call("GET", f"{place}/secrets/db/versions/1:access", token=token).status == 200
    assert "europe-west1" in [
        each["locationId"] for each in cloud.ok("GET", f"{HOST}/projects/{PROJECT}/locations")["locations"]
    ]


def test_lists_are_filtered(cloud: TimedCloud) -> None:
    _make(cloud, labels={"team": "a"})
    cloud.ok("POST", f"{SECRETS}?secretId=other", AUTOMATIC | {"labels": {"team": "b"}})
    found = cloud.ok("GET", SECRETS, query={"filter": "labels.team=a OR name:nothing"})
    assert [secret["name"].rpartition("/")[2] for secret in found["secrets"]] == ["db"]
    _add(cloud, "one")
    _add(cloud, "two")
    cloud.ok("POST", f"{SECRET}/versions/1:disable", {})
    enabled = cloud.ok("GET", f"{SECRET}/versions", query={"filter": "state:ENABLED"})
    assert (len(enabled["versions"]), enabled["totalSize"]) == (1, 1)
    assert cloud.call("GET", SECRETS, query={"filter": "("}).status == 400


@pytest.mark.parametrize("verb", ["rotateSecret", "enableManagedRotation"])
def test_managed_rotation_is_refused_by_name(cloud: TimedCloud, verb: str) -> None:
    _make(cloud)
    refused = cloud.call("POST", f"{SECRET}:{verb}", {})
    assert (refused.status, verb in refused.message) == (501, True)

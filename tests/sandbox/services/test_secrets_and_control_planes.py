"""Secrets and their versions; channels, alert policies, topics, subscriptions, jobs and metrics."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from provisioner.sandbox.google.services.secretmanager_versions import crc32c
from tests.sandbox.identity.cloud import NUMBER, PROJECT, Answer, Cloud

SECRETS = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
SECRET = f"{SECRETS}/db"
MONITORING = f"monitoring.googleapis.com/v3/projects/{PROJECT}"
PUBSUB = f"pubsub.googleapis.com/v1/projects/{PROJECT}"
SCHEDULER = f"cloudscheduler.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/jobs"
ALERTED = 'metric.type = "run.googleapis.com/request_count" AND resource.type = "cloud_run_revision"'
METRICS = f"logging.googleapis.com/v2/projects/{PROJECT}/metrics"


def _secret(cloud: Cloud) -> None:
    cloud.ok("POST", f"{SECRETS}?secretId=db", {"replication": {"automatic": {}}})


def _add(cloud: Cloud, content: bytes, **more: str) -> Answer:
    payload = {"data": base64.b64encode(content).decode()} | more
    return cloud.call("POST", f"{SECRET}:addVersion", {"payload": payload})


def test_a_secret_has_the_projects_number_in_its_name(cloud: Cloud) -> None:
    _secret(cloud)
    assert cloud.ok("GET", SECRET)["name"] == f"projects/{NUMBER}/secrets/db"
    again = cloud.call("POST", f"{SECRETS}?secretId=db", {"replication": {"automatic": {}}})
    assert (again.status, again.message) == (409, f"Secret [projects/{NUMBER}/secrets/db] already exists.")
    assert cloud.call("POST", f"{SECRETS}?secretId=other", {}).status == 400
    changed = cloud.ok("PATCH", f"{SECRET}?updateMask=labels", {"labels": {"team": "payments"}})
    assert changed["labels"] == {"team": "payments"}
    assert cloud.call("PATCH", f"{SECRET}?updateMask=replication", {}).status == 400
    assert cloud.call("PATCH", f"{SECRET}?updateMask=labels", {"etag": '"stale"'}).status == 409


def test_versions_are_numbered_and_the_latest_is_found(cloud: Cloud) -> None:
    _secret(cloud)
    for number in range(1, 12):
        assert _add(cloud, b"%d" % number).body["name"].endswith(f"/versions/{number}")
    latest = cloud.ok("GET", f"{SECRET}/versions/latest:access")
    assert base64.b64decode(latest["payload"]["data"]) == b"11"
    assert latest["payload"]["dataCrc32c"] == str(crc32c(b"11"))
    assert base64.b64decode(cloud.ok("GET", f"{SECRET}/versions/1:access")["payload"]["data"]) == b"1"
    assert cloud.ok("GET", f"{SECRET}/versions")["totalSize"] == 11


def test_the_checksum_is_castagnolis(cloud: Cloud) -> None:
    assert crc32c(b"123456789") == 0xE3069283
    _secret(cloud)
    assert _add(cloud, b"x", dataCrc32c="1").status == 400
    assert _add(cloud, b"x", dataCrc32c=str(crc32c(b"x"))).status == 200
    assert _add(cloud, b"").status == 400
    assert _add(cloud, b"x" * 65537).status == 400


def test_a_version_is_read_while_it_is_enabled_and_destroyed_for_good(cloud: Cloud) -> None:
    _secret(cloud)
    _add(cloud, b"content")
    version = f"{SECRET}/versions/1"
    cloud.ok("POST", f"{version}:disable")
    refused = cloud.call("GET", f"{version}:access")
    name = f"projects/{NUMBER}/secrets/db/versions/1"
    assert (refused.status, refused.message) == (400, f"Secret Version [{name}] is in DISABLED state.")
    cloud.ok("POST", f"{version}:enable")
    assert cloud.call("GET", f"{version}:access").status == 200
    cloud.ok("POST", f"{version}:destroy")
    assert cloud.call("GET", f"{version}:access").status == 400
    assert cloud.call("POST", f"{version}:enable").status == 400
    with cloud.world.store.transaction() as tx:
        assert tx.get_blob(f"projects/{NUMBER}/secrets/db/versions/{1:010d}") is None


def test_a_new_secret_of_an_old_name_has_no_content_and_no_readers(cloud: Cloud) -> None:
    _secret(cloud)
    _add(cloud, b"content")
    binding = {"role": "roles/secretmanager.secretAccessor", "members": ["user:ann@example.com"]}
    cloud.ok("POST", f"{SECRET}:setIamPolicy", {"policy": {"bindings": [binding]}})
    token = cloud.user_token("ann@example.com")
    assert cloud.call("GET", f"{SECRET}/versions/1:access", token=token).status == 200
    assert cloud.call("GET", SECRET, token=token).status == 403
    cloud.ok("DELETE", SECRET)
    _secret(cloud)
    assert cloud.call("GET", f"{SECRET}/versions/1:access").status == 404
    refused = cloud.call("GET", f"{SECRET}/versions/1:access", token=token)
    text = "Permission 'secretmanager.versions.access' denied for resource"
    assert (refused.status, refused.message.startswith(text)) == (403, True)


def _channel(cloud: Cloud, **more: Any) -> dict[str, Any]:
    body = {"type": "email", "labels": {"email_address": "team@example.com"}, "displayName": "mail"} | more
    return cloud.ok("POST", f"{MONITORING}/notificationChannels", body)


def _alert(cloud: Cloud, *channels: str) -> Answer:
    condition = {"displayName": "errors", "conditionThreshold": {"filter": ALERTED, "comparison": "COMPARISON_GT"}}
    body = {"displayName": "a", "combiner": "OR", "conditions": [condition], "notificationChannels": list(channels)}
    return cloud.call("POST", f"{MONITORING}/alertPolicies", body)


def test_a_channel_in_use_is_deleted_by_force_only(cloud: Cloud) -> None:
    name = _channel(cloud)["name"]
    policy = _alert(cloud, name).body["name"]
    url = f"monitoring.googleapis.com/v3/{name}"
    assert cloud.call("DELETE", url).status == 400
    cloud.ok("DELETE", f"{url}?force=true")
    assert cloud.ok("GET", f"monitoring.googleapis.com/v3/{policy}")["notificationChannels"] == []
    assert _alert(cloud, name).status == 404
    assert cloud.ok("GET", f"{MONITORING}/notificationChannels") == {}


def test_a_channels_secret_is_masked_and_kept_when_the_mask_comes_back(cloud: Cloud) -> None:
    made = _channel(cloud, type="slack", labels={"channel_name": "#x", "auth_token": "secret"})
    assert made["labels"]["auth_token"] == "**********"
    cloud.ok("PATCH", f"monitoring.googleapis.com/v3/{made['name']}?updateMask=labels", {"labels": made["labels"]})
    with cloud.world.store.transaction() as tx:
        kept = tx.get("google/monitoring.notificationChannels", made["name"]) or {}
    assert kept["labels"]["auth_token"] == "secret"


def test_a_channel_and_an_alert_policy_need_their_fields(cloud: Cloud) -> None:
    assert cloud.call("POST", f"{MONITORING}/notificationChannels", {"type": "email"}).status == 400
    assert cloud.call("POST", f"{MONITORING}/notificationChannels", {}).status == 400
    assert cloud.call("POST", f"{MONITORING}/alertPolicies", {"displayName": "x"}).status == 400
    policy = _alert(cloud).body
    url = f"monitoring.googleapis.com/v3/{policy['name']}"
    changed = cloud.ok("PATCH", f"{url}?updateMask=displayName", {"displayName": "b"})
    assert (changed["displayName"], changed["conditions"]) == ("b", policy["conditions"])
    assert len(cloud.ok("GET", f"{MONITORING}/alertPolicies")["alertPolicies"]) == 1


def test_a_subscription_outlives_its_topic_and_resets_what_an_update_lacks(cloud: Cloud) -> None:
    cloud.ok("PUT", f"{PUBSUB}/topics/events", {"labels": {"team": "payments"}})
    topic = f"projects/{PROJECT}/topics/events"
    assert cloud.call("PUT", f"{PUBSUB}/subscriptions/worker", {"topic": f"{topic}-none"}).status == 404
    assert cloud.call("PUT", f"{PUBSUB}/subscriptions/worker", {"topic": "events"}).status == 400
    made = cloud.ok("PUT", f"{PUBSUB}/subscriptions/worker", {"topic": topic, "expirationPolicy": {}})
    assert (made["ackDeadlineSeconds"], made["expirationPolicy"]) == (10, {})
    body = {"subscription": {"ackDeadlineSeconds": 30}, "updateMask": "ackDeadlineSeconds,bigqueryConfig"}
    assert cloud.ok("PATCH", f"{PUBSUB}/subscriptions/worker", body)["ackDeadlineSeconds"] == 30
    body = {"subscription": {"topic": "x"}, "updateMask": "topic"}
    assert cloud.call("PATCH", f"{PUBSUB}/subscriptions/worker", body).status == 400
    names = cloud.ok("GET", f"{PUBSUB}/topics/events/subscriptions")["subscriptions"]
    assert names == [f"projects/{PROJECT}/subscriptions/worker"]
    assert cloud.call("PUT", f"{PUBSUB}/topics/events", {}).status == 409
    cloud.ok("DELETE", f"{PUBSUB}/topics/events")
    assert cloud.ok("GET", f"{PUBSUB}/subscriptions/worker")["topic"] == "_deleted-topic_"
    assert len(cloud.ok("GET", f"{PUBSUB}/subscriptions")["subscriptions"]) == 1
    cloud.ok("DELETE", f"{PUBSUB}/subscriptions/worker")
    assert cloud.call("GET", f"{PUBSUB}/subscriptions/worker").status == 404


def test_who_may_subscribe_must_hold_both_sides(cloud: Cloud) -> None:
    cloud.ok("PUT", f"{PUBSUB}/topics/events", {})
    cloud.add_project("other-project", "420000000043")
    url = "pubsub.googleapis.com/v1/projects/other-project"
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": ["user:ann@example.com"]}]}
    cloud.ok("POST", f"{PUBSUB}/topics/events:setIamPolicy", {"policy": policy})
    body = {"topic": f"projects/{PROJECT}/topics/events"}
    token = cloud.user_token("ann@example.com")
    assert cloud.call("PUT", f"{url}/subscriptions/worker", body, token=token).status == 403
    cloud.ok("PUT", f"{url}/subscriptions/worker", body)


@pytest.mark.parametrize("name", ["go", "goog-x", "9x", "with space"])
def test_topic_names_have_rules(cloud: Cloud, name: str) -> None:
    assert cloud.call("PUT", f"{PUBSUB}/topics/{name}", {}).status == 400


def test_a_job_is_paused_and_resumed(cloud: Cloud) -> None:
    name = f"projects/{PROJECT}/locations/europe-west1/jobs/nightly"
    target = {"uri": "https://api.run.app", "httpMethod": "POST"}
    body = {"name": name, "schedule": "0 3 * * *", "httpTarget": target}
    assert cloud.ok("POST", SCHEDULER, body)["state"] == "ENABLED"
    assert cloud.call("POST", SCHEDULER, body).status == 409
    assert cloud.ok("POST", f"{SCHEDULER}/nightly:pause", {})["state"] == "PAUSED"
    assert cloud.call("POST", f"{SCHEDULER}/nightly:pause", {}).status == 400
    changed = cloud.ok("PATCH", f"{SCHEDULER}/nightly?updateMask=schedule", {"schedule": "5 3 * * *"})
    assert (changed["schedule"], changed["state"]) == ("5 3 * * *", "PAUSED")
    assert cloud.ok("POST", f"{SCHEDULER}/nightly:resume", {})["state"] == "ENABLED"
    assert len(cloud.ok("GET", SCHEDULER)["jobs"]) == 1


@pytest.mark.parametrize(
    "change", [{"name": "nightly"}, {"schedule": "daily"}, {"httpTarget": None}, {"pubsubTarget": {"topicName": "x"}}]
)
def test_a_job_that_could_not_run_is_refused(cloud: Cloud, change: dict[str, Any]) -> None:
    name = f"projects/{PROJECT}/locations/europe-west1/jobs/nightly"
    body = {"name": name, "schedule": "0 3 * * *", "httpTarget": {"uri": "https://api.run.app"}}
    assert cloud.call("POST", SCHEDULER, body | change).status == 400
    assert cloud.call("POST", SCHEDULER, body).status == 200


def test_a_metric_is_replaced_but_not_renamed(cloud: Cloud) -> None:
    cloud.ok("POST", METRICS, {"name": "team/errors", "filter": "severity>=ERROR"})
    assert cloud.call("POST", METRICS, {"name": "team/errors", "filter": "x"}).status == 409
    assert cloud.call("POST", METRICS, {"name": "empty"}).status == 400
    url = f"{METRICS}/team%2Ferrors"
    assert cloud.ok("PUT", url, {"name": "team/errors", "filter": "new"})["filter"] == "new"
    assert cloud.call("PUT", url, {"name": "other", "filter": "new"}).status == 400
    assert cloud.ok("GET", url)["metricDescriptor"]["type"] == "logging.googleapis.com/user/team/errors"
    assert len(cloud.ok("GET", METRICS)["metrics"]) == 1
    cloud.ok("DELETE", url)
    assert cloud.call("GET", url).status == 404

"""What people set up beside the time series: dashboards, channels, uptime checks; and what is not played."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.identity.cloud import NUMBER, PROJECT
from tests.sandbox.messaging.timed import TimedCloud

HOST = "monitoring.googleapis.com"
V3 = f"{HOST}/v3/projects/{PROJECT}"


def test_dashboards_have_one_layout_and_an_etag(cloud: TimedCloud) -> None:
    url = f"{HOST}/v1/projects/{PROJECT}/dashboards"
    tile = {"width": 6, "height": 4, "widget": {"title": "x", "text": {"content": "hello"}}}
    body = {"displayName": "team", "mosaicLayout": {"columns": 12, "tiles": [tile, tile | {"xPos": 6}]}}
    made = cloud.ok("POST", url, body | {"name": f"projects/{PROJECT}/dashboards/team"})
    assert made["name"] == f"projects/{NUMBER}/dashboards/team"
    assert cloud.call("POST", url, body | {"name": f"projects/{PROJECT}/dashboards/team"}).status == 409
    changed = cloud.ok("PATCH", f"{url}/team", body | {"displayName": "new", "etag": made["etag"]})
    assert cloud.call("PATCH", f"{url}/team", body | {"etag": made["etag"]}).status == 409
    assert cloud.ok("GET", f"{url}/team") == changed
    wrongs: tuple[dict[str, Any], ...] = (
        {"displayName": ""},
        {"gridLayout": {}},
        {"mosaicLayout": {"columns": 49}},
        {"mosaicLayout": {"columns": 12, "tiles": [tile, tile]}},
        {"mosaicLayout": {"columns": 4, "tiles": [tile]}},
        {"mosaicLayout": {"columns": 12, "tiles": [tile | {"widget": {"text": {}, "blank": {}}}]}},
    )
    for wrong in wrongs:
        assert cloud.call("POST", url, body | wrong).status == 400
    assert len(cloud.ok("GET", url)["dashboards"]) == 1
    cloud.ok("DELETE", f"{url}/team")
    assert cloud.ok("GET", url) == {}


def test_a_channel_is_verified_by_its_code(cloud: TimedCloud) -> None:
    body = {"type": "email", "labels": {"email_address": "team@example.com"}}
    url = f"{HOST}/v3/{cloud.ok('POST', f'{V3}/notificationChannels', body)['name']}"
    assert cloud.call("POST", f"{url}:getVerificationCode", {}).status == 400
    cloud.ok("POST", f"{url}:sendVerificationCode", {})
    assert cloud.call("POST", f"{url}:verify", {"code": "G-000000"}).status == 400
    with cloud.world.store.transaction() as tx:
        ((_, kept),) = tx.scan("google/monitoring.verificationCodes")
    assert cloud.ok("POST", f"{url}:verify", {"code": kept["code"]})["verificationStatus"] == "VERIFIED"
    assert cloud.ok("POST", f"{url}:getVerificationCode", {})["code"].startswith("G-")
    kinds = [each["type"] for each in cloud.ok("GET", f"{V3}/notificationChannelDescriptors")["channelDescriptors"]]
    assert {"email", "pubsub", "slack"} <= set(kinds)
    assert cloud.call("POST", f"{V3}/notificationChannels", {"type": "pigeon"}).status == 400


def test_uptime_checks_are_kept(cloud: TimedCloud) -> None:
    url = f"{V3}/uptimeCheckConfigs"
    resource = {"type": "uptime_url", "labels": {"host": "api.run.app"}}
    body = {"displayName": "API up", "monitoredResource": resource, "httpCheck": {"path": "/"}, "timeout": "10s"}
    made = cloud.ok("POST", url, body)
    assert (made["period"], "/uptimeCheckConfigs/api-up-" in made["name"]) == ("60s", True)
    for wrong in ({"tcpCheck": {"port": 1}}, {"period": "61s"}, {"timeout": "61s"}, {"selectedRegions": ["USA"]}):
        assert cloud.call("POST", url, body | wrong).status == 400
    changed = cloud.ok("PATCH", f"{HOST}/v3/{made['name']}?updateMask=period", {"period": "300s"})
    assert (changed["period"], changed["displayName"]) == ("300s", "API up")
    cloud.ok("DELETE", f"{HOST}/v3/{made['name']}")
    assert cloud.ok("GET", url) == {}


@pytest.mark.parametrize("path", ["groups", "uptimeCheckIps"])
def test_what_is_not_played_is_refused_by_name(cloud: TimedCloud, path: str) -> None:
    url = f"{HOST}/v3/uptimeCheckIps" if path == "uptimeCheckIps" else f"{V3}/{path}"
    assert cloud.call("GET", url).status == 501

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.github.hub import Hub, push, run_git, working_copy
from tests.sandbox.github.people import app

PLACE = "/repos/acme/model/code-scanning"


def result(rule: str, line: int = 3) -> dict[str, Any]:
    where = {"artifactLocation": {"uri": "main.tf"}, "region": {"startLine": line}}
    return {"ruleId": rule, "message": {"text": f"{rule} is bad"}, "locations": [{"physicalLocation": where}]}


def sarif(*rules: str, **more: Any) -> dict[str, Any]:
    severe = {"id": "open-bucket", "properties": {"security-severity": "8.1", "tags": ["security"]}}
    tool = {"driver": {"name": "checkov", "version": "3", "rules": [severe]}}
    return {"version": "2.1.0", "runs": [{"tool": tool, "results": [result(rule) for rule in rules]}], **more}


def packed(document: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(document).encode(), mtime=0)).decode()


@pytest.fixture
def scan(hub: Hub, tmp_path: Path) -> Any:
    hub.repository(visibility="public", private=False)
    copy = working_copy(tmp_path / "a", {"main.tf": "1\n"})
    push(copy, hub.git_url())
    sha = run_git(copy, "rev-parse", "HEAD").stdout.strip()
    token = app(hub, security_events="write", contents="read")

    def upload(document: Any, **more: Any) -> Any:
        body = {"commit_sha": sha, "ref": "refs/heads/main", "sarif": packed(document), **more}
        return hub.call("POST", f"{PLACE}/sarifs", body, token=token)

    upload.token = token  # type: ignore[attr-defined]
    return upload


def test_an_upload_becomes_alerts_that_the_next_one_fixes(hub: Hub, scan: Any) -> None:
    taken = scan(sarif("open-bucket", "old-key"))
    assert taken.status_code == 202
    state = hub.call("GET", f"{PLACE}/sarifs/{taken.json()['id']}", token=scan.token).json()
    assert state["processing_status"] == "complete"
    alerts = hub.call("GET", f"{PLACE}/alerts", token=scan.token).json()
    found = {alert["rule"]["id"]: alert for alert in alerts}
    assert found["open-bucket"]["rule"]["security_severity_level"] == "high"
    assert found["open-bucket"]["most_recent_instance"]["location"]["start_line"] == 3
    scan(sarif("old-key"))
    states = {row["rule"]["id"]: row["state"] for row in hub.call("GET", f"{PLACE}/alerts", token=scan.token).json()}
    assert states == {"open-bucket": "fixed", "old-key": "open"}
    scan(sarif("open-bucket", "old-key"))
    again = hub.call("GET", f"{PLACE}/alerts?state=open", token=scan.token).json()
    assert sorted(row["number"] for row in again) == [1, 2]
    rows = hub.call("GET", f"{PLACE}/analyses?sarif_id={taken.json()['id']}", token=scan.token).json()
    assert [(row["results_count"], row["tool"]["name"]) for row in rows] == [(2, "checkov")]


def test_a_dismissed_alert_stays_dismissed(hub: Hub, scan: Any) -> None:
    scan(sarif("old-key"))
    place = f"{PLACE}/alerts/1"
    assert hub.call("PATCH", place, {"state": "dismissed"}, token=scan.token).status_code == 400
    done = hub.call("PATCH", place, {"state": "dismissed", "dismissed_reason": "won't fix"}, token=scan.token).json()
    assert (done["state"], done["dismissed_by"]["login"]) == ("dismissed", "provision-env[bot]")
    scan(sarif("old-key"))
    assert hub.call("GET", place, token=scan.token).json()["state"] == "dismissed"


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("not base64!", 400, "gzip compressed and base64"),
        (base64.b64encode(b"plain").decode(), 400, "gzip compressed and base64"),
        (base64.b64encode(gzip.compress(b"{nonsense", mtime=0)).decode(), 400, "JSON syntax error"),
    ],
)
def test_what_is_no_sarif_at_all(hub: Hub, scan: Any, content: str, status: int, said: str) -> None:
    refused = scan({}, sarif=content)
    assert (refused.status_code, said in refused.json()["message"]) == (status, True)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"version": "2.1.0"}, "'runs' is required"),
        ({"version": "1.0", "runs": []}, "only version 2.1.0"),
        ({"version": "2.1.0", "runs": [{}]}, "tool.driver.name is required"),
        (sarif() | {"runs": [{"tool": {"driver": {"name": "x"}}, "results": [{}]}]}, "message.text is required"),
    ],
)
def test_a_faulty_sarif_fails_when_it_is_processed(hub: Hub, scan: Any, document: Any, said: str) -> None:
    taken = scan(document).json()
    state = hub.call("GET", f"{PLACE}/sarifs/{taken['id']}", token=scan.token).json()
    assert (state["processing_status"], said in state["errors"][0]) == ("failed", True)


def test_a_private_repository_needs_it_switched_on_and_a_token_its_permission(hub: Hub, scan: Any) -> None:
    assert hub.call("GET", f"{PLACE}/alerts", token=app(hub, contents="read")).status_code == 403
    hub.call("PATCH", "/repos/acme/model", {"visibility": "private"})
    refused = scan(sarif())
    assert (refused.status_code, "must be enabled" in refused.json()["message"]) == (403, True)
    on = {"security_and_analysis": {"advanced_security": {"status": "enabled"}}}
    hub.call("PATCH", "/repos/acme/model", on)
    assert scan(sarif()).status_code == 202
    assert scan(sarif(), ref="main").status_code == 400
    assert scan(sarif(), commit_sha="0" * 39 + "1").status_code == 404

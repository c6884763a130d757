"""A running sandbox, and clients that nobody here wrote: gcloud, google-api-python-client, requests."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.messaging.receiver import Receiver

pytestmark = pytest.mark.e2e
PROJECT = "acme-churn-dev"
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject(PROJECT, "420000000042"),),
    state_bucket="acme-tfstate",
    state_project="acme-platform",
    state_location="EU",
    github_owner="acme",
)
APIS = ("pubsub", "logging", "monitoring", "secretmanager", "cloudscheduler")
SERIES = f"""
import datetime, os
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

monitoring = build("monitoring", "v3", credentials=Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]))
series = monitoring.projects().timeSeries()
name, now = "projects/{PROJECT}", datetime.datetime.now(datetime.timezone.utc)
point = {{"interval": {{"endTime": now.isoformat()}}, "value": {{"int64Value": "7"}}}}
body = {{"timeSeries": [{{"metric": {{"type": "custom.googleapis.com/depth"}}, "points": [point]}}]}}
series.create(name=name, body=body).execute()
start = now - datetime.timedelta(minutes=5)
asked = dict(filter='metric.type="custom.googleapis.com/depth"', interval_startTime=start.isoformat())
found = series.list(name=name, interval_endTime=now.isoformat(), **asked).execute()
print(found["timeSeries"][0]["points"][0]["value"])
try:
    series.create(name=name, body=body).execute()
except HttpError as error:
    print(error.status_code, "in order" in error.reason)
"""


class Desk:
    """A shell in the sandbox's environment, and a session for requests."""

    def __init__(self, handle: Handle, folder: Path) -> None:
        self.folder = folder
        own = {"PATH": os.environ["PATH"], "HOME": str(folder), "CLOUDSDK_CORE_PROJECT": PROJECT}
        self.environment = own | handle.environment()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {"https": handle.proxy_url}
        self.session.verify = str(handle.ca_file)
        self.session.headers["Authorization"] = f"Bearer {self.environment['GOOGLE_OAUTH_ACCESS_TOKEN']}"

    def run(self, *command: str) -> str:
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == 0, (command, ended.stderr)
        return ended.stdout

    def gcloud(self, *words: str) -> Any:
        printed = self.run("gcloud", "--quiet", "--format=json", *words)
        return json.loads(printed) if printed.strip() else None

    def call(self, verb: str, url: str, body: object = None) -> Any:
        answer = self.session.request(verb, f"https://{url}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = ensure(tmp_path_factory.mktemp("sandbox") / "state", idle_seconds=300)
    seed(started, PLAN)
    made = Desk(started, tmp_path_factory.mktemp("desk"))
    services = {"serviceIds": [f"{api}.googleapis.com" for api in APIS]}
    made.call("POST", f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services:batchEnable", services)
    yield made
    made.session.close()
    started.stop()


@pytest.fixture
def gcloud(desk: Desk) -> Desk:
    if shutil.which("gcloud") is None:
        pytest.skip("there is no gcloud on this machine")
    return desk


PUBSUB = f"pubsub.googleapis.com/v1/projects/{PROJECT}"


def test_a_pull_waits_and_a_push_comes_by_itself(desk: Desk, receiver: Receiver) -> None:
    desk.call("PUT", f"{PUBSUB}/topics/live", {})
    topic = {"topic": f"projects/{PROJECT}/topics/live"}
    desk.call("PUT", f"{PUBSUB}/subscriptions/pulled", topic)
    desk.call("PUT", f"{PUBSUB}/subscriptions/pushed", topic | {"pushConfig": {"pushEndpoint": receiver.url}})
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(desk.call("POST", f"{PUBSUB}/subscriptions/pulled:pull", {"maxMessages": 1}))
    )
    waiting.start()
    desk.call("POST", f"{PUBSUB}/topics/live:publish", {"messages": [{"data": "aGk="}]})
    waiting.join(60)
    assert [each["message"]["data"] for each in answers[0]["receivedMessages"]] == ["aGk="]
    assert receiver.wait_for(1)
    assert json.loads(receiver.requests[0].body)["message"]["data"] == "aGk="


def test_a_failed_push_is_repeated_as_time_passes(desk: Desk, receiver: Receiver) -> None:
    desk.call("PUT", f"{PUBSUB}/topics/late", {})
    receiver.status = 500
    config = {"pushConfig": {"pushEndpoint": receiver.url}}
    desk.call("PUT", f"{PUBSUB}/subscriptions/late", {"topic": f"projects/{PROJECT}/topics/late"} | config)
    desk.call("POST", f"{PUBSUB}/topics/late:publish", {"messages": [{"data": "aGk="}]})
    assert receiver.wait_for(3)
    desk.call("DELETE", f"{PUBSUB}/subscriptions/late")


@pytest.mark.slow
def test_gcloud_publishes_and_pulls(gcloud: Desk) -> None:
    gcloud.call("PUT", f"{PUBSUB}/topics/events", {})
    gcloud.call("PUT", f"{PUBSUB}/subscriptions/worker", {"topic": f"projects/{PROJECT}/topics/events"})
    gcloud.gcloud("pubsub", "topics", "publish", "events", "--message=hello", "--attribute=kind=x")
    (received,) = gcloud.gcloud("pubsub", "subscriptions", "pull", "worker", "--auto-ack")
    assert base64.b64decode(received["message"]["data"]) == b"hello"
    assert received["message"]["attributes"] == {"kind": "x"}


def test_googles_python_client_writes_and_reads_time_series(desk: Desk) -> None:
    pytest.importorskip("socks", reason="httplib2 goes through a proxy only with PySocks")
    printed = desk.run(sys.executable, "-W", "ignore", "-c", SERIES)
    assert printed.splitlines() == ["{'int64Value': '7'}", "400 True"]


@pytest.mark.slow
def test_gcloud_and_messages(gcloud: Desk) -> None:
    run = gcloud.gcloud
    run("pubsub", "topics", "create", "orders")
    run("pubsub", "schemas", "create", "order", "--type=avro", '--definition="string"')
    run("pubsub", "subscriptions", "create", "clerk", "--topic=orders", '--message-filter=attributes.kind="x"')
    run("pubsub", "topics", "publish", "orders", "--message=no", "--attribute=kind=y")
    run("pubsub", "topics", "publish", "orders", "--message=yes", "--attribute=kind=x")
    run("pubsub", "snapshots", "create", "before", "--subscription=clerk")
    for _ in range(2):  # once as it came, once after going back
        received = run("pubsub", "subscriptions", "pull", "clerk", "--auto-ack", "--limit=10")
        assert [base64.b64decode(each["message"]["data"]) for each in received] == [b"yes"]
        run("pubsub", "subscriptions", "seek", "clerk", "--snapshot=before")


@pytest.mark.slow
def test_gcloud_and_jobs(gcloud: Desk, receiver: Receiver) -> None:
    place = "--location=europe-west1"
    made = ("scheduler", "jobs", "create", "http", "nightly", place, "--schedule=0 3 * * *", f"--uri={receiver.url}")
    assert gcloud.gcloud(*made)["state"] == "ENABLED"
    gcloud.gcloud("scheduler", "jobs", "run", "nightly", place)
    assert receiver.wait_for(1)
    assert receiver.requests[0].headers["x-cloudscheduler-jobname"] == "nightly"
    gcloud.gcloud("scheduler", "jobs", "pause", "nightly", place)
    (listed,) = gcloud.gcloud("scheduler", "jobs", "list", place)
    assert (listed["state"], "lastAttemptTime" in listed) == ("PAUSED", True)


@pytest.mark.slow
def test_gcloud_and_secrets(gcloud: Desk) -> None:
    content = gcloud.folder / "content"
    content.write_text("hunter2")
    gcloud.gcloud("secrets", "create", "db", f"--data-file={content}")
    content.write_text("hunter3")
    gcloud.gcloud("secrets", "versions", "add", "db", f"--data-file={content}")
    assert gcloud.run("gcloud", "secrets", "versions", "access", "latest", "--secret=db") == "hunter3"
    gcloud.gcloud("secrets", "versions", "destroy", "1", "--secret=db")
    states = [each["state"] for each in gcloud.gcloud("secrets", "versions", "list", "db")]
    assert states == ["ENABLED", "DESTROYED"]
    gcloud.gcloud("secrets", "create", "regional", "--location=europe-west1")
    gcloud.gcloud("secrets", "versions", "add", "regional", "--location=europe-west1", f"--data-file={content}")


@pytest.mark.slow
def test_gcloud_and_logs(gcloud: Desk) -> None:
    gcloud.gcloud("logging", "write", "app", "hello there", "--severity=ERROR")
    (entry,) = gcloud.gcloud("logging", "read", "severity>=ERROR textPayload:hello")
    assert entry["textPayload"] == "hello there"
    assert gcloud.gcloud("logging", "read", "logName:cloudaudit", "--limit=1")[0]["protoPayload"]["methodName"]
    destination = f"pubsub.googleapis.com/projects/{PROJECT}/topics/logs"
    gcloud.gcloud("logging", "sinks", "create", "errors", destination, "--log-filter=severity>=ERROR")
    names = [sink["name"] for sink in gcloud.gcloud("logging", "sinks", "list")]
    assert names == ["_Default", "_Required", "errors"]
    gcloud.gcloud("logging", "buckets", "create", "team", "--location=europe-west1", "--retention-days=10")
    gcloud.gcloud("logging", "buckets", "update", "team", "--location=europe-west1", "--retention-days=20")
    gcloud.gcloud("logging", "metrics", "create", "errors", "--description=x", "--log-filter=severity>=ERROR")


@pytest.mark.slow
def test_gcloud_and_monitoring(gcloud: Desk) -> None:
    config = gcloud.folder / "dashboard.json"
    widget = {"title": "a", "text": {"content": "x"}}
    config.write_text(json.dumps({"displayName": "team", "gridLayout": {"columns": 2, "widgets": [widget]}}))
    made = gcloud.gcloud("monitoring", "dashboards", "create", f"--config-from-file={config}")
    assert gcloud.gcloud("monitoring", "dashboards", "list")[0]["name"] == made["name"]
    gcloud.gcloud("monitoring", "dashboards", "delete", made["name"])
    labels = f"--resource-labels=host=a.run.app,project_id={PROJECT}"
    gcloud.gcloud("monitoring", "uptime", "create", "up", "--resource-type=uptime-url", labels)
    assert len(gcloud.gcloud("monitoring", "uptime", "list-configs")) == 1

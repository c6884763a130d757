"""The cloud of the other rooms' tests, with short forms for messages and time."""

from __future__ import annotations

import base64
from typing import Any

from tests.sandbox.identity.cloud import NUMBER, PROJECT, Cloud

Json = dict[str, Any]
PUBSUB = f"pubsub.googleapis.com/v1/projects/{PROJECT}"
AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"


class TimedCloud(Cloud):
    """One project; topics and subscriptions by their short names. Time stands still until it is moved."""

    def topic(self, name: str = "events", **fields: Any) -> str:
        made: str = self.ok("PUT", f"{PUBSUB}/topics/{name}", fields)["name"]
        return made

    def subscription(self, name: str = "worker", topic: str = "events", **fields: Any) -> Json:
        body = {"topic": f"projects/{PROJECT}/topics/{topic}"} | fields
        return self.ok("PUT", f"{PUBSUB}/subscriptions/{name}", body)

    def publish(self, *texts: str, topic: str = "events", **fields: Any) -> list[str]:
        messages = [{"data": base64.b64encode(text.encode()).decode()} | fields for text in texts]
        ids: list[str] = self.ok("POST", f"{PUBSUB}/topics/{topic}:publish", {"messages": messages})["messageIds"]
        return ids

    def pull(self, name: str = "worker", most: int = 100) -> list[Json]:
        body = {"maxMessages": most, "returnImmediately": True}
        received: list[Json] = self.ok("POST", f"{PUBSUB}/subscriptions/{name}:pull", body).get("receivedMessages", [])
        return received

    def texts(self, name: str = "worker", most: int = 100) -> list[str]:
        return [text_of(received) for received in self.pull(name, most)]

    def acknowledge(self, *received: Json, name: str = "worker") -> None:
        ids = [each["ackId"] for each in received]
        self.ok("POST", f"{PUBSUB}/subscriptions/{name}:acknowledge", {"ackIds": ids})

    def nack(self, *received: Json, name: str = "worker", seconds: int = 0) -> None:
        body = {"ackIds": [each["ackId"] for each in received], "ackDeadlineSeconds": seconds}
        self.ok("POST", f"{PUBSUB}/subscriptions/{name}:modifyAckDeadline", body)

    def later(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    def account(self, name: str) -> str:
        url = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
        email: str = self.ok("POST", url, {"accountId": name, "serviceAccount": {}})["email"]
        return email

    def agent(self) -> str:
        return AGENT

    def allow(self, url: str, role: str, member: str) -> None:
        policy = {"bindings": [{"role": role, "members": [member]}]}
        self.ok("POST", f"{url}:setIamPolicy", {"policy": policy})


def text_of(received: Json) -> str:
    return base64.b64decode(received["message"].get("data", "")).decode()

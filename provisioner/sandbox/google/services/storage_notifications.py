"""Cloud Storage JSON API: notifications, which publish what happens in a bucket to a Pub/Sub topic."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.messaging.records import TOPICS, pubsub_resource
from provisioner.sandbox.google.method import Call, Caller, method
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.encryption import service_agent
from provisioner.sandbox.google.storage.events import EVENT_TYPES, NOTIFICATIONS, PAYLOAD_FORMATS, TOPIC_HOST
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.storage.resources import bucket_resource
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_TOPIC = re.compile(r"//pubsub\.googleapis\.com/(projects/(?P<project>[^/]+)/topics/[^/]+)")
_MOST = 100


@method("storage.notifications.insert", permission="storage.buckets.update", on=bucket_resource)
def insert(call: Call) -> Json:
    """Add a configuration; the project's Cloud Storage agent must be allowed to publish to the topic."""
    holder, body = bucket(call.tx, call.params["bucket"]), call.body
    topic = _topic(call, holder, str(body.get("topic") or ""))
    if body.get("payload_format") not in PAYLOAD_FORMATS:
        raise invalid(f"Invalid payload format: {body.get('payload_format')}", location="payload_format")
    unknown = set(body.get("event_types") or []) - set(EVENT_TYPES)
    if unknown:
        raise invalid(f"Invalid event type: {min(unknown)}", location="event_types")
    if sum(1 for _ in call.tx.scan(NOTIFICATIONS, f"{holder['name']}/")) >= _MOST:
        raise invalid(f"A bucket can have at most {_MOST} notification configurations.")
    number = call.tx.next_number(f"google/storage.notifications/{holder['name']}")
    accepted = ("custom_attributes", "event_types", "object_name_prefix", "payload_format")
    made = {key: body[key] for key in accepted if body.get(key)}
    made |= {
        "kind": "storage#notification",
        "id": str(number),
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{holder['name']}/notificationConfigs/{number}",
        "topic": topic,
        "etag": str(number),
    }
    call.tx.put(NOTIFICATIONS, f"{holder['name']}/{number}", made)
    return made


@method("storage.notifications.get", permission="storage.buckets.get", on=bucket_resource)
def get(call: Call) -> Json:
    """Return a configuration."""
    return _found(call)


@method("storage.notifications.list", permission="storage.buckets.get", on=bucket_resource)
def list_notifications(call: Call) -> Json:
    """Return the configurations of a bucket."""
    items = [found for _, found in call.tx.scan(NOTIFICATIONS, f"{call.params['bucket']}/")]
    return {"kind": "storage#notifications"} | ({"items": items} if items else {})


@method("storage.notifications.delete", permission="storage.buckets.update", on=bucket_resource)
def delete(call: Call) -> Response:
    """Take a configuration away."""
    call.tx.delete(NOTIFICATIONS, f"{call.params['bucket']}/{_found(call)['id']}")
    return Response(204)


def _found(call: Call) -> Json:
    identifier = call.params["notification"]
    found = call.tx.get(NOTIFICATIONS, f"{call.params['bucket']}/{identifier}")
    if found is None:
        raise ApiError("NOT_FOUND", f"Notification {identifier} does not exist.")
    return found


def _topic(call: Call, holder: Document, text: str) -> str:
    """Return the topic with its project's id. Raises ApiError."""
    found = _TOPIC.fullmatch(text)
    if not found:
        raise invalid(f"Invalid Google Cloud Pub/Sub topic. It should look like '{TOPIC_HOST}projects/*/topics/*'.")
    agent = service_agent(holder["projectNumber"])
    owner = find_project(call.tx, found["project"])
    name = f"projects/{owner['projectId']}/topics/{text.rpartition('/')[2]}" if owner else ""
    member = f"serviceAccount:{agent}"
    caller = Caller(member, frozenset((member, "allUsers", "allAuthenticatedUsers")))
    reachable = name and call.tx.get(TOPICS, name) is not None
    if not reachable or not granted(
        call.tx, caller, ["pubsub.topics.publish"], pubsub_resource(call.tx, name), call.now
    ):
        raise invalid(
            f"The service account '{agent}' does not have permission to publish messages to to the Cloud Pub/Sub topic "
            f"'{text}', or that topic does not exist."
        )
    return TOPIC_HOST + name

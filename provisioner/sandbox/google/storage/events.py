"""Pub/Sub notifications of a bucket: which there are, and what they announce.

https://cloud.google.com/storage/docs/pubsub-notifications. Each configuration that wants an event gets a message of
its own, published in the transaction of the change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.messaging.publishing import publish_event
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
NOTIFICATIONS = "google/storage.notifications"  # "<bucket>/<id>"; fields as storage v1
EVENT_TYPES = ("OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE")
PAYLOAD_FORMATS = ("JSON_API_V1", "NONE")
TOPIC_HOST = "//pubsub.googleapis.com/"


def announce(
    call: Call, event: str, resource: Json, *, replaced: Document | None = None, replaced_by: str = ""
) -> None:
    """Tell whoever wants to know that something happened to a version (``resource``, as the API shows it)."""
    for _, wanted in call.tx.scan(NOTIFICATIONS, f"{resource['bucket']}/"):
        if not _concerns(wanted, event, resource["name"]):
            continue
        full = wanted["payload_format"] == "JSON_API_V1"
        attributes = _attributes(call, wanted, event, resource)
        if replaced is not None:
            attributes["overwroteGeneration"] = replaced["generation"]
        if replaced_by:
            attributes["overwrittenByGeneration"] = replaced_by
        content = json.dumps(resource, indent=2).encode() if full else b""
        publish_event(call.world, call.tx, wanted["topic"].removeprefix(TOPIC_HOST), content, attributes)


def _concerns(wanted: Mapping[str, Any], event: str, name: str) -> bool:
    kinds = wanted.get("event_types") or EVENT_TYPES
    return event in kinds and name.startswith(wanted.get("object_name_prefix", ""))


def _attributes(call: Call, wanted: Mapping[str, Any], event: str, resource: Json) -> dict[str, str]:
    own = dict(wanted.get("custom_attributes") or {})
    return own | {
        "notificationConfig": f"projects/_/buckets/{resource['bucket']}/notificationConfigs/{wanted['id']}",
        "eventType": event,
        "payloadFormat": wanted["payload_format"],
        "bucketId": resource["bucket"],
        "objectId": resource["name"],
        "objectGeneration": resource["generation"],
        "eventTime": timestamp(call.now),
    }

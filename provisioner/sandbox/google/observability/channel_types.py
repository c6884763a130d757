"""The kinds of notification channels: https://cloud.google.com/monitoring/support/notification-options."""

from __future__ import annotations

from functools import cache
from typing import Any

Json = dict[str, Any]
SENSITIVE = frozenset(("auth_token", "password", "service_key"))
# type: title: labels that must be given: other labels
_TYPES = """
email: Email: email_address:
google_chat: Google Chat: space:
pagerduty: PagerDuty: service_key:
pubsub: Cloud Pub/Sub: topic:
slack: Slack: channel_name: auth_token team
sms: SMS: number:
webhook_basicauth: Webhook with basic authentication: url: username password
webhook_tokenauth: Webhook: url:
"""


@cache
def required_labels() -> dict[str, tuple[str, ...]]:
    """Return the labels that each type must have; a sensitive one may be given among the sensitive labels."""
    return {kind: tuple(required.split()) for kind, _, required, _ in _rows()}


@cache
def channel_descriptors() -> dict[str, Json]:
    """Return the descriptors by type, without their names."""
    return {
        kind: {
            "type": kind,
            "displayName": title,
            "description": f"A channel that sends notifications by {title}.",
            "labels": [{"key": label} for label in (*required.split(), *others.split())],
            "launchStage": "GA",
        }
        for kind, title, required, others in _rows()
    }


def _rows() -> list[tuple[str, str, str, str]]:
    rows = []
    for line in _TYPES.strip().splitlines():
        kind, title, required, others = (part.strip() for part in line.split(":", 3))
        rows.append((kind, title, required, others))
    return rows

"""Where Pub/Sub keeps its things, and how its names are spelt."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_id, project_number
from provisioner.sandbox.google.method import Resource
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "pubsub.googleapis.com"
TOPICS = "google/pubsub.topics"  # by name with the project's id; fields as pubsub v1
SUBSCRIPTIONS = "google/pubsub.subscriptions"  # likewise
SNAPSHOTS = "google/pubsub.snapshots"  # likewise, with "subscription": where it was taken
SCHEMAS = "google/pubsub.schemas"  # by "<name>@<number of the revision, six digits>"
# Messages on their way: "<subscription or snapshot>/<message id>" -> see backlog.py. A topic that retains messages
# has a backlog as well.
BACKLOG = "google/pubsub.backlog"
DELETED_TOPIC = "_deleted-topic_"
DELETED_SCHEMA = "_deleted-schema_"
_CENTURY = 3_155_760_000
_ID = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_KINDS = {"topics": "Topic", "subscriptions": "Subscription", "snapshots": "Snapshot", "schemas": "Schema"}


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's id.

    Raises ApiError PERMISSION_DENIED for an unknown project, INVALID_ARGUMENT for what is no resource name.
    """
    kind, _, path = name.partition("/")
    owner, _, rest = path.partition("/")
    if kind != "projects":
        raise invalid_argument(f"Invalid resource name given (name={name}).")
    return f"projects/{project_id(tx, owner)}" + (f"/{rest}" if rest else "")


def pubsub_resource(tx: Transaction, name: str) -> Resource:
    """Return a topic, subscription, snapshot or schema as a thing that permissions are asked for."""
    full = canonical_name(tx, name)
    kind = f"{SERVICE}/{_KINDS[full.split('/')[2]]}"
    return inside_project(tx, full.split("/")[1], name=full, kind=kind, service=SERVICE, policy=f"//{SERVICE}/{full}")


def check_id(name: str) -> None:
    """Raise ApiError INVALID_ARGUMENT for a resource id against the rules."""
    if not _ID.fullmatch(name.rpartition("/")[2]):
        raise invalid_argument(f"Invalid resource name given (name={name}).")


def missing(name: str) -> ApiError:
    """404, as Pub/Sub words it."""
    return not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")


def found_topic(tx: Transaction, name: str) -> Document:
    """Return a topic. Raises ApiError NOT_FOUND."""
    topic = tx.get(TOPICS, canonical_name(tx, name))
    if topic is None:
        raise missing(name)
    return topic


def found_subscription(tx: Transaction, name: str) -> Document:
    """Return a subscription. Raises ApiError NOT_FOUND."""
    subscription = tx.get(SUBSCRIPTIONS, canonical_name(tx, name))
    if subscription is None:
        raise missing(name)
    return subscription


def service_agent(tx: Transaction, name: str) -> str:
    """Return the address of the agent that acts for Pub/Sub in the project of a resource.

    https://cloud.google.com/iam/docs/service-agents: what it may do is granted by people (dead letters, tokens).
    """
    return f"service-{project_number(tx, name.split('/')[1])}@gcp-sa-pubsub.iam.gserviceaccount.com"


def seconds_of(duration: str, default: float = 0) -> float:
    """Return the seconds of ``"3.5s"``; the default for an empty text."""
    return float(duration.removesuffix("s")) if duration else default


def duration_of(text: str, default: float = 0) -> timedelta:
    """Return a duration as the standard library has it; more than a century is a century, so that sums stay dates."""
    return timedelta(seconds=min(seconds_of(text, default), _CENTURY))


def check_duration(field: str, text: str, low: float, high: float) -> None:
    """Raise ApiError INVALID_ARGUMENT for a duration (seconds) out of its range; an empty one is none."""
    if text and not low <= seconds_of(text) <= high:
        limit = (f"small. You passed {text}, but the minimum value is {low:g}s." if seconds_of(text) < low
                 else f"large. You passed {text}, but the maximum value is {high:g}s.")  # fmt: skip
        raise invalid_argument(f"The value for {field} is too {limit}")


def check_number(field: str, value: int, low: int, high: int) -> None:
    """Raise ApiError INVALID_ARGUMENT, in the words of Pub/Sub, for a number out of its range."""
    if value < low:
        raise invalid_argument(
            f"The value for {field} is too small. You passed {value} in the request, but the minimum value is {low}."
        )
    if value > high:
        raise invalid_argument(
            f"The value for {field} is too large. You passed {value} in the request, but the maximum value is {high}."
        )

"""What a secret may be: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets#Secret."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.messaging.records import seconds_of
from provisioner.sandbox.google.messaging.secret_times import VERSIONS, version_key
from provisioner.sandbox.google.regions import REGIONS
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_MOST_ALIASES, _MOST_TOPICS, _ANNOTATION_BYTES = 50, 10, 16384
_HOUR, _DAY = 3600, 86400
_THOUSAND_DAYS = 86_400_000
_CENTURY = 3_153_600_000
_SOONEST_ROTATION = timedelta(minutes=5)


def check_secret(tx: Transaction, secret: Document, now: datetime) -> None:
    """Raise ApiError INVALID_ARGUMENT for a secret against the rules."""
    _check_replication(secret)
    _check_rotation(secret, now)
    _check_aliases(tx, secret)
    if "expireTime" in secret and parse_timestamp(secret["expireTime"]) <= now:
        raise invalid_argument("Secret.expire_time must be in the future.", ("secret.expire_time", "past"))
    delay = secret.get("versionDestroyTtl", "")
    if delay and not _DAY <= seconds_of(delay) <= _THOUSAND_DAYS:
        raise invalid_argument(
            "Secret.version_destroy_ttl must be between 24h and 1000 days.", ("secret.version_destroy_ttl", "min")
        )
    size = sum(len(key.encode()) + len(value.encode()) for key, value in secret.get("annotations", {}).items())
    if size > _ANNOTATION_BYTES:
        raise invalid_argument(f"Secret.annotations must be at most {_ANNOTATION_BYTES} bytes in all.")
    topics = secret.get("topics", [])
    if len(topics) > _MOST_TOPICS or not all(_TOPIC.fullmatch(topic.get("name", "")) for topic in topics):
        raise invalid_argument(f"Secret.topics must be at most {_MOST_TOPICS} names projects/*/topics/*.")


def _check_replication(secret: Document) -> None:
    regional = "/locations/" in secret["name"]
    replication = secret.get("replication")
    if regional:
        if replication:
            raise invalid_argument("Secret.replication must not be set on a regional secret.")
        return
    if not replication:
        raise invalid_argument(
            "Secret.replication must be set.", ("secret.replication", "Secret.replication must be set.")
        )
    if len({"automatic", "userManaged"} & replication.keys()) != 1:
        raise invalid_argument("Secret.replication must be one of automatic and user_managed.")
    places = [each.get("location") for each in replication.get("userManaged", {}).get("replicas", [])]
    if "userManaged" in replication and (
        not places or len(set(places)) != len(places) or not set(places) <= set(REGIONS)
    ):
        raise invalid_argument("Secret.replication.user_managed.replicas must be different regions, at least one.")


def _check_rotation(secret: Document, now: datetime) -> None:
    rotation = secret.get("rotation")
    if not rotation:
        return
    if not secret.get("topics"):
        raise invalid_argument("Secret.topics must be set if Secret.rotation is set.", ("secret.topics", "required"))
    period = rotation.get("rotationPeriod", "")
    if period and not _HOUR <= seconds_of(period) <= _CENTURY:
        raise invalid_argument("Secret.rotation.rotation_period must be between 1 hour and 100 years.")
    next_time = rotation.get("nextRotationTime", "")
    if period and not next_time:
        raise invalid_argument("Secret.rotation.next_rotation_time must be set if rotation_period is set.")
    if next_time and parse_timestamp(next_time) < now + _SOONEST_ROTATION:
        raise invalid_argument("Secret.rotation.next_rotation_time must be at least 5 minutes in the future.")


def _check_aliases(tx: Transaction, secret: Document) -> None:
    aliases = secret.get("versionAliases", {})
    if len(aliases) > _MOST_ALIASES or not all(_ALIAS.fullmatch(alias) and alias != "latest" for alias in aliases):
        raise invalid_argument(
            "Secret.version_aliases must be at most 50 names of letters, digits, _ and -; not latest."
        )
    for alias, number in aliases.items():
        if tx.get(VERSIONS, version_key(f"{secret['name']}/versions/{number}")) is None:
            raise invalid_argument(f"Secret.version_aliases[{alias}] names version {number}, which does not exist.")

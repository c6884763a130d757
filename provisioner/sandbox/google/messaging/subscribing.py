"""What a subscription may be, and when it ends: rules shared by the API's methods and the errands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.identity.accounts import account_resource, find_account
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.messaging import backlog
from provisioner.sandbox.google.messaging.filters import FilterError, parse_filter
from provisioner.sandbox.google.messaging.publishing import ATTENDED, detach
from provisioner.sandbox.google.messaging.records import (
    SERVICE,
    SUBSCRIPTIONS,
    check_duration,
    check_number,
    duration_of,
    found_topic,
)
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.outbound import host_of, is_loopback
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
DEFAULTS: Json = {
    "ackDeadlineSeconds": 10,
    "messageRetentionDuration": "604800s",
    "expirationPolicy": {"ttl": "2678400s"},
    "pushConfig": {},
}
# "next" -> {"at"}: when subscriptions are searched for unused ones again
EXPIRY = "google/pubsub.expiry"
_ACTIVITY = "google/pubsub.activity"  # subscription -> {"at"}: when it was last used, give or take an hour
_PRECISION = timedelta(hours=1)
_DAY, _MONTH = 86400, 2_678_400
_LONGEST_BACKOFF = 600


def check_subscription(call: Call, subscription: Document) -> None:
    """Raise ApiError for a subscription that could not be kept. Limits: pubsub v1, ``Subscription``."""
    if not subscription.get("ackDeadlineSeconds"):
        subscription["ackDeadlineSeconds"] = 10
    check_number("ack_deadline_seconds", int(subscription["ackDeadlineSeconds"]), 10, 600)
    check_duration("message_retention_duration", subscription.get("messageRetentionDuration", ""), 600, _MONTH)
    ttl = (subscription.get("expirationPolicy") or {}).get("ttl", "")
    check_duration("expiration_policy.ttl", ttl, _DAY, float("inf"))
    retry = subscription.get("retryPolicy") or {}
    check_duration("retry_policy.minimum_backoff", retry.get("minimumBackoff", ""), 0, _LONGEST_BACKOFF)
    check_duration("retry_policy.maximum_backoff", retry.get("maximumBackoff", ""), 0, _LONGEST_BACKOFF)
    try:
        parse_filter(subscription.get("filter", ""))
    except FilterError as error:
        raise invalid_argument(f"Invalid subscription filter: {error}", ("filter", str(error))) from None
    _check_dead_letters(call, subscription)
    _check_push(call, subscription)


def check_pullable(subscription: Document) -> None:
    """Raise ApiError FAILED_PRECONDITION for a subscription from which nobody can pull."""
    delivered = (subscription.get("pushConfig") or {}).get("pushEndpoint")
    if delivered or subscription.get("bigqueryConfig") or subscription.get("cloudStorageConfig"):
        raise ApiError("FAILED_PRECONDITION", "This method is not supported for this subscription type.")
    if subscription.get("detached"):
        raise ApiError(
            "FAILED_PRECONDITION",
            f"The subscription is detached from its topic (resource={subscription['name'].rpartition('/')[2]}).",
        )


def active(tx: Transaction, subscription: Document, now: datetime) -> None:
    """Note that a subscription is used: one that nobody uses ends when its expiration policy says so."""
    kept = tx.get(_ACTIVITY, subscription["name"])
    if kept is None or parse_timestamp(kept["at"]) + _PRECISION <= now:
        tx.put(_ACTIVITY, subscription["name"], {"at": timestamp(now)})


def expires(tx: Transaction, subscription: Document) -> datetime | None:
    """Return when an unused subscription ends, None for never."""
    ttl = (subscription.get("expirationPolicy") or {}).get("ttl", "")
    kept = tx.get(_ACTIVITY, subscription["name"])
    return parse_timestamp(kept["at"]) + duration_of(ttl) + _PRECISION if ttl and kept else None


def reconsider_expiry(tx: Transaction) -> None:
    """Have unused subscriptions searched for again: a policy has changed."""
    tx.delete(EXPIRY, "next")


def forget(tx: Transaction, subscription: Document) -> None:
    """Remove a subscription with everything that belongs to it."""
    name = subscription["name"]
    detach(tx, subscription["topic"], name)
    backlog.clear(tx, name)
    for collection in (SUBSCRIPTIONS, ATTENDED, _ACTIVITY):
        tx.delete(collection, name)
    delete_policy(tx, f"//{SERVICE}/{name}")


def _check_dead_letters(call: Call, subscription: Document) -> None:
    policy = subscription.get("deadLetterPolicy")
    if not policy:
        return
    found_topic(call.tx, policy.get("deadLetterTopic", ""))
    check_number("dead_letter_policy.max_delivery_attempts", int(policy.get("maxDeliveryAttempts") or 5), 5, 100)


def _check_push(call: Call, subscription: Document) -> None:
    config = subscription["pushConfig"]
    endpoint = config.get("pushEndpoint", "")
    host = host_of(endpoint)
    # The real one takes https only; a receiver on this machine has no certificate that anybody trusts.
    if endpoint and (not host or not (endpoint.startswith("https:") or is_loopback(host))):
        raise invalid_argument(
            f"Invalid push endpoint given (endpoint={endpoint}). Refer to "
            "https://cloud.google.com/pubsub/docs/subscriber#create for more information."
        )
    email = (config.get("oidcToken") or {}).get("serviceAccountEmail", "")
    if email:
        call.require("iam.serviceAccounts.actAs", account_resource(call.tx, f"projects/-/serviceAccounts/{email}"))
        if find_account(call.tx, email) is None:
            raise invalid_argument(f"Service account {email} does not exist.")

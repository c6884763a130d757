"""What happens to secrets as time passes: they expire, are to be rotated, and versions are destroyed at last."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.messaging.records import seconds_of
from provisioner.sandbox.google.wire import fresh_etag, parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
SECRETS = "google/secretmanager.secrets"  # by name with the project's number; fields as secretmanager v1
VERSIONS = "google/secretmanager.versions"  # "<secret>/versions/<number, ten digits>"
# "<instant>|<name of a secret or version>" -> {}: when to look at it again. A look that is no longer needed does
# nothing, so that nobody has to find and remove it.
LOOKS = "google/secretmanager.looks"


def version_key(name: str) -> str:
    """Return the key of a version's document and content."""
    secret, _, number = name.partition("/versions/")
    return f"{secret}/versions/{int(number):010d}"


def note_times(tx: Transaction, document: Document, now: datetime) -> None:
    """Remember when a secret or version must be looked at."""
    times = (
        document.get("expireTime"),
        document.get("scheduledDestroyTime"),
        document.get("rotation", {}).get("nextRotationTime"),
    )
    for text in filter(None, times):
        moment = max(parse_timestamp(text), now)
        tx.put(LOOKS, f"{timestamp(moment)}|{document['name']}", {})


def forget_secret(tx: Transaction, secret: Document) -> None:
    """Remove a secret with its versions, their content and its policy."""
    for key, _ in list(tx.scan(VERSIONS, f"{secret['name']}/versions/")):
        tx.delete(VERSIONS, key)
        tx.delete_blob(key)
    tx.delete(SECRETS, secret["name"])
    delete_policy(tx, f"//secretmanager.googleapis.com/{secret['name']}")


def destroyed(tx: Transaction, version: Document, now: datetime) -> Document:
    """Destroy a version's content for good; return the version as it is now."""
    gone = {key: value for key, value in version.items() if key != "scheduledDestroyTime"}
    gone |= {"state": "DESTROYED", "destroyTime": timestamp(now), "etag": f'"{fresh_etag(tx)}"'}
    tx.put(VERSIONS, version_key(version["name"]), gone)
    tx.delete_blob(version_key(version["name"]))
    return gone


def look_after_secrets(world: World) -> datetime | None:
    """Do what is due; return when the next thing is."""
    now = world.clock.now()
    with world.store.transaction() as tx:
        key, _ = next(tx.scan(LOOKS), ("", {}))
        if not key:
            return None
        moment, _, name = key.partition("|")
        if parse_timestamp(moment) <= now:
            tx.delete(LOOKS, key)
            _look_at(world, tx, name, now)
        return parse_timestamp(moment)


def _look_at(world: World, tx: Transaction, name: str, now: datetime) -> None:
    if "/versions/" in name:
        _destroy_if_due(world, tx, name, now)
        return
    secret = tx.get(SECRETS, name)
    if secret is None:
        return
    if "expireTime" in secret and parse_timestamp(secret["expireTime"]) <= now:
        forget_secret(tx, secret)
        return
    _rotate_if_due(world, tx, secret, now)


def _destroy_if_due(world: World, tx: Transaction, name: str, now: datetime) -> None:
    from provisioner.sandbox.google.messaging.secret_events import announce  # noqa: PLC0415 - only events need Pub/Sub

    version = tx.get(VERSIONS, version_key(name))
    secret = tx.get(SECRETS, name.partition("/versions/")[0])
    due = version.get("scheduledDestroyTime") if version else None
    if version is None or secret is None or not due or parse_timestamp(due) > now:
        return
    announce(world, tx, secret, "SECRET_VERSION_DESTROY", now, version=destroyed(tx, version, now))


def _rotate_if_due(world: World, tx: Transaction, secret: Document, now: datetime) -> None:
    from provisioner.sandbox.google.messaging.secret_events import announce  # noqa: PLC0415 - only events need Pub/Sub

    rotation = secret.get("rotation", {})
    due = rotation.get("nextRotationTime", "")
    if not due or parse_timestamp(due) > now:
        return
    announce(world, tx, secret, "SECRET_ROTATE", now)
    period = seconds_of(rotation.get("rotationPeriod", ""))
    changed = {key: value for key, value in rotation.items() if key != "nextRotationTime"}
    if period:
        changed["nextRotationTime"] = timestamp(parse_timestamp(due) + timedelta(seconds=period))
    turned = secret | {"rotation": changed, "etag": f'"{fresh_etag(tx)}"'}
    tx.put(SECRETS, secret["name"], turned)
    note_times(tx, turned, now)

"""Log entries: kept in one ring per project (folder, organisation), found by query, handed on to sinks.

``append`` is also for other services, which write what they do (audit logs): a dictionary in the shape of logging v2
with at least ``logName`` and ``resource``. A ring forgets its oldest entries, so that writing costs the same for ever.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.observability.comparing import moment_of
from provisioner.sandbox.google.observability.routing import hand_on
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
ENTRIES = "google/logging.entries"  # "<owner>|<slot>" -> entry; owner as in logName (projects by id)
KEPT = 10_000  # entries per owner
AUDIT = "cloudaudit.googleapis.com%2F"
DATA_ACCESS = f"{AUDIT}data_access"
_DEFAULT_DAYS, _AUDIT_DAYS = 30, 400


def append(world: World, tx: Transaction, entry: Json, now: datetime) -> None:
    """Write an entry; insert id, times and severity are filled in."""
    owner, _, _ = str(entry["logName"]).partition("/logs/")
    written = {
        "insertId": entry.get("insertId") or secrets.token_hex(8),
        "timestamp": entry.get("timestamp") or timestamp(now),
        "severity": entry.get("severity") or "DEFAULT",
        "receiveTimestamp": timestamp(now),
    }
    whole = entry | written
    slot = tx.next_number(f"google/logging.entries/{owner}") % KEPT
    tx.put(ENTRIES, f"{owner}|{slot:05d}", whole)
    hand_on(world, tx, owner, whole, now)


def entries_of(tx: Transaction, owner: str, now: datetime) -> Iterator[Document]:
    """Yield the entries of an owner that are still kept (30 days, audit logs of activity 400), in no order."""
    for _, entry in tx.scan(ENTRIES, f"{owner}|"):
        days = (
            _AUDIT_DAYS
            if f"/logs/{AUDIT}" in entry["logName"] and DATA_ACCESS not in entry["logName"]
            else _DEFAULT_DAYS
        )
        if moment_of(entry["timestamp"]) + timedelta(days=days) > now:
            yield entry


def log_names(tx: Transaction, owner: str, now: datetime) -> list[str]:
    """Return the names of the logs that have entries, sorted."""
    return sorted({entry["logName"] for entry in entries_of(tx, owner, now)})


def delete_log(tx: Transaction, log_name: str) -> bool:
    """Delete the entries of a log; tell whether there were any."""
    owner = log_name.partition("/logs/")[0]
    keys = [key for key, entry in tx.scan(ENTRIES, f"{owner}|") if entry["logName"] == log_name]
    for key in keys:
        tx.delete(ENTRIES, key)
    return bool(keys)

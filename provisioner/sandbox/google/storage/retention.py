"""Holds and retention: until when a version may be neither deleted nor replaced.

https://cloud.google.com/storage/docs/bucket-lock, .../object-holds, .../object-lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document

HOLD_RELEASED = "hold released"  # a version's own field, never shown: when its event-based hold ended
_MODES = ("Locked", "Unlocked")


def expiration(holder: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return when the bucket's retention period of a version ends (RFC 3339); empty without one.

    A version under an event-based hold has no end yet: its period starts when the hold is released.
    """
    period = int((holder.get("retentionPolicy") or {}).get("retentionPeriod") or 0)
    if not period or found.get("eventBasedHold"):
        return ""
    start = parse_timestamp(found.get(HOLD_RELEASED) or found["timeCreated"])
    return timestamp(start + timedelta(seconds=period))


def check_free(holder: Mapping[str, Any], found: Mapping[str, Any], now: datetime) -> None:
    """Raise ApiError PERMISSION_DENIED while a version is held or retained."""
    place = f"'{holder['name']}/{found['name']}'"
    if found.get("temporaryHold") or found.get("eventBasedHold"):
        text = f"Object {place} is under active hold and cannot be deleted or overwritten."
        raise ApiError("PERMISSION_DENIED", text)
    ends = [expiration(holder, found), (found.get("retention") or {}).get("retainUntilTime", "")]
    until = max((end for end in ends if end), key=parse_timestamp, default="")
    if until and parse_timestamp(until) > now:
        raise ApiError(
            "PERMISSION_DENIED",
            f"Object {place} is subject to bucket's retention policy or object retention and cannot be deleted or "
            f"overwritten until {until}",
            reason="retentionPolicyNotMet",
        )


def check_retention(holder: Mapping[str, Any], wanted: Mapping[str, Any], now: datetime) -> None:
    """Raise ApiError unless a version in this bucket may be retained so."""
    if (holder.get("objectRetention") or {}).get("mode") != "Enabled":
        raise invalid("Object retention is not enabled for the bucket.")
    if wanted.get("mode") not in _MODES or not wanted.get("retainUntilTime"):
        raise invalid("An object retention configuration needs a mode and a retainUntilTime.")
    if parse_timestamp(wanted["retainUntilTime"]) <= now:
        raise invalid("The retainUntilTime of an object retention must be in the future.")


def loosens(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether a change of a version's own retention makes it shorter, weaker or none."""
    if not old:
        return False
    if not new:
        return True
    sooner = parse_timestamp(new["retainUntilTime"]) < parse_timestamp(old["retainUntilTime"])
    return sooner or (old["mode"] == "Locked" and new["mode"] != "Locked")


def check_loosening(old: Mapping[str, Any], *, override: bool) -> None:
    """Raise ApiError PERMISSION_DENIED: a locked retention never loosens, an unlocked one only when asked for so."""
    if old["mode"] == "Locked" or not override:
        text = "Object retention cannot be reduced or removed."
        if old["mode"] == "Unlocked":
            text += " Set overrideUnlockedRetention to true to change an unlocked retention configuration."
        raise ApiError("PERMISSION_DENIED", text)


def released(old: Document, new: Document, now: datetime) -> Document:
    """Return a changed version with the end of its event-based hold noted."""
    if old.get("eventBasedHold") and not new.get("eventBasedHold"):
        return new | {HOLD_RELEASED: timestamp(now)}
    return new

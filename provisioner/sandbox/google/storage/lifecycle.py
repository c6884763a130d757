"""Lifecycle rules of a bucket. https://cloud.google.com/storage/docs/lifecycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.wire import parse_timestamp

# Storage classes from warm to cold: a rule may only make an object colder.
AGES = {
    "STANDARD": 0,
    "MULTI_REGIONAL": 0,
    "REGIONAL": 0,
    "DURABLE_REDUCED_AVAILABILITY": 0,
    "NEARLINE": 1,
    "COLDLINE": 2,
    "ARCHIVE": 3,
}
_ACTIONS = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
_MOST_RULES = 100
_ABORT_CONDITIONS = frozenset(("age", "matchesPrefix", "matchesSuffix"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that rules are asked about: how many newer ones there are, and since when it is noncurrent."""

    found: Mapping[str, Any]
    newer: int
    noncurrent_since: datetime | None


def applies(condition: Mapping[str, Any], candidate: Candidate, now: datetime) -> bool:
    """Tell whether every condition of a rule holds for a version."""
    return all(_CONDITIONS[name](value, candidate, now) for name, value in condition.items() if name in _CONDITIONS)


def check_lifecycle(lifecycle: Mapping[str, Any], classes: frozenset[str]) -> None:
    """Raise ApiError INVALID_ARGUMENT for a rule that Cloud Storage refuses."""
    rules = lifecycle.get("rule") or []
    if len(rules) > _MOST_RULES:
        raise invalid(f"A bucket can have at most {_MOST_RULES} lifecycle rules.")
    for rule in rules:
        _check_rule(rule.get("action") or {}, rule.get("condition") or {}, classes)


def _check_rule(action: Mapping[str, Any], condition: Mapping[str, Any], classes: frozenset[str]) -> None:
    kind = action.get("type")
    if kind not in _ACTIONS:
        raise invalid(f"Invalid lifecycle action: {kind}")
    if kind == "SetStorageClass" and action.get("storageClass") not in classes:
        raise invalid("A SetStorageClass action needs a valid storageClass.")
    if not condition:
        raise invalid("At least one condition must be set in a lifecycle rule.")
    if kind == "AbortIncompleteMultipartUpload" and not set(condition) <= _ABORT_CONDITIONS:
        raise invalid("Only age, matchesPrefix and matchesSuffix go with AbortIncompleteMultipartUpload.")
    for name, value in condition.items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise invalid(f"The lifecycle condition {name} must not be negative.")


def _older_than(days: int, moment: datetime, now: datetime) -> bool:
    return moment + timedelta(days=days) <= now


def _before(day: str, moment: datetime) -> bool:
    return moment < datetime.combine(date.fromisoformat(day), time(), UTC)


def _age(value: int, candidate: Candidate, now: datetime) -> bool:
    return _older_than(value, parse_timestamp(candidate.found["timeCreated"]), now)


def _custom_age(value: int, candidate: Candidate, now: datetime) -> bool:
    moment = candidate.found.get("customTime", "")
    return bool(moment) and _older_than(value, parse_timestamp(moment), now)


def _custom_before(value: str, candidate: Candidate, now: datetime) -> bool:
    del now
    moment = candidate.found.get("customTime", "")
    return bool(moment) and _before(value, parse_timestamp(moment))


def _noncurrent_age(value: int, candidate: Candidate, now: datetime) -> bool:
    return candidate.noncurrent_since is not None and _older_than(value, candidate.noncurrent_since, now)


def _noncurrent_before(value: str, candidate: Candidate, now: datetime) -> bool:
    del now
    return candidate.noncurrent_since is not None and _before(value, candidate.noncurrent_since)


_CONDITIONS: Mapping[str, Callable[[Any, Candidate, datetime], bool]] = {
    "age": _age,
    "createdBefore": lambda value, candidate, _: _before(value, parse_timestamp(candidate.found["timeCreated"])),
    "customTimeBefore": _custom_before,
    "daysSinceCustomTime": _custom_age,
    "daysSinceNoncurrentTime": _noncurrent_age,
    "isLive": lambda value, candidate, _: (candidate.noncurrent_since is None) == value,
    "matchesPrefix": lambda value, candidate, _: candidate.found["name"].startswith(tuple(value)),
    "matchesStorageClass": lambda value, candidate, _: candidate.found["storageClass"] in value,
    "matchesSuffix": lambda value, candidate, _: candidate.found["name"].endswith(tuple(value)),
    "noncurrentTimeBefore": _noncurrent_before,
    "numNewerVersions": lambda value, candidate, _: candidate.newer >= value,
}

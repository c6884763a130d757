"""Lifecycle rules of a bucket. https://cloud.google.com/storage/docs/lifecycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.storage.refusals import invalid

_ACTIONS = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
_MOST_RULES = 100
_ABORT_CONDITIONS = frozenset(("age", "matchesPrefix", "matchesSuffix"))


def check_lifecycle(lifecycle: Mapping[str, Any], classes: frozenset[str]) -> None:
    """Raise ApiError INVALID_ARGUMENT for a rule that Cloud Storage refuses."""
    rules = lifecycle.get("rule") or []
    if len(rules) > _MOST_RULES:
        raise invalid(f"A bucket can have at most {_MOST_RULES} lifecycle rules.")
    for rule in rules:
        action, condition = rule.get("action") or {}, rule.get("condition") or {}
        kind = action.get("type")
        if kind not in _ACTIONS:
            raise invalid(f"Invalid lifecycle action: {kind}")
        if kind == "SetStorageClass" and action.get("storageClass") not in classes:
            raise invalid("A SetStorageClass action needs a valid storageClass.")
        if not condition:
            raise invalid("At least one condition must be set in a lifecycle rule.")
        if kind == "AbortIncompleteMultipartUpload" and not set(condition) <= _ABORT_CONDITIONS:
            raise invalid("Only age, matchesPrefix and matchesSuffix go with AbortIncompleteMultipartUpload.")
        _check_numbers(condition)


def _check_numbers(condition: Mapping[str, Any]) -> None:
    for name, value in condition.items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise invalid(f"The lifecycle condition {name} must not be negative.")

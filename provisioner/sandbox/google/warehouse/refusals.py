"""Refusals in BigQuery's words. https://cloud.google.com/bigquery/docs/error-messages."""

from __future__ import annotations

from provisioner.sandbox.google.errors import ApiError


def invalid(message: str) -> ApiError:
    """400: a value is not acceptable."""
    return ApiError("INVALID_ARGUMENT", message, reason="invalid")


def duplicate(kind: str, name: str) -> ApiError:
    """409: there is one of that name (``project:dataset.table``)."""
    return ApiError("ALREADY_EXISTS", f"Already Exists: {kind} {name}", reason="duplicate")


def missing(kind: str, name: str) -> ApiError:
    """404."""
    return ApiError("NOT_FOUND", f"Not found: {kind} {name}")


def in_use(kind: str, name: str) -> ApiError:
    """400: there is something in it."""
    return ApiError("INVALID_ARGUMENT", f"{kind} {name} is still in use", reason="resourceInUse")


def stale() -> ApiError:
    """412: somebody else changed it since the etag was read."""
    return ApiError("FAILED_PRECONDITION", "Precondition check failed.", code=412, reason="conditionNotMet")

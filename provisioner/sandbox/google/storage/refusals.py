"""Refusals in Cloud Storage's words. https://cloud.google.com/storage/docs/json_api/v1/status-codes."""

from __future__ import annotations

from provisioner.sandbox.google.errors import ApiError


def no_bucket() -> ApiError:
    """404 for a bucket."""
    return ApiError("NOT_FOUND", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> ApiError:
    """404 for an object."""
    return ApiError("NOT_FOUND", f"No such object: {bucket}/{name}")


def condition_not_met(location: str = "If-Match") -> ApiError:
    """412: a precondition of the request does not hold; Terraform reads it as a lock held by somebody else."""
    return ApiError(
        "FAILED_PRECONDITION",
        "At least one of the pre-conditions you specified did not hold.",
        code=412,
        reason="conditionNotMet",
        location=location,
        location_type="header",
    )


def conflict(message: str) -> ApiError:
    """409 with the reason ``conflict``."""
    return ApiError("ALREADY_EXISTS", message, reason="conflict")


def invalid(message: str, *, reason: str = "invalid", location: str = "") -> ApiError:
    """400: a value is not acceptable."""
    return ApiError(
        "INVALID_ARGUMENT", message, reason=reason, location=location, location_type="parameter" if location else ""
    )

"""Errors as Google words and wraps them.

``ApiError`` is raised by any rule; the application turns it into the answer and rolls the request's changes back.
Codes and their HTTP equivalents: https://cloud.google.com/apis/design/errors#handling_errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Detail = dict[str, Any]

HTTP_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
RPC_CODES = {
    "CANCELLED": 1,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}
_REASONS = {
    "INVALID_ARGUMENT": "badRequest",
    "FAILED_PRECONDITION": "failedPrecondition",
    "UNAUTHENTICATED": "authError",
    "PERMISSION_DENIED": "forbidden",
    "NOT_FOUND": "notFound",
    "ABORTED": "aborted",
    "ALREADY_EXISTS": "alreadyExists",
    "RESOURCE_EXHAUSTED": "rateLimitExceeded",
    "INTERNAL": "backendError",
    "UNIMPLEMENTED": "notImplemented",
    "UNAVAILABLE": "backendError",
}


class ApiError(Exception):
    """A refusal in Google's envelope.

    ``status`` is the canonical code (``NOT_FOUND``); ``code`` the HTTP status where it is not the usual one of
    that status; ``details`` are ``google.rpc`` messages with their ``@type``. The older APIs (Cloud Storage,
    Compute Engine) answer ``reason``, ``location`` and ``location_type`` and no status.
    """

    def __init__(  # noqa: PLR0913 - the envelope has this many fields
        self,
        status: str,
        message: str,
        *,
        details: Sequence[Detail] = (),
        code: int | None = None,
        reason: str = "",
        domain: str = "global",
        location: str = "",
        location_type: str = "",
    ) -> None:
        """Keep the parts; nothing is sent yet."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or HTTP_CODES[status]
        self.details = tuple(details)
        self.reason = reason or _REASONS.get(status, "badRequest")
        self.domain = domain
        self.location = location
        self.location_type = location_type

    def envelope(self, *, with_status: bool = True) -> dict[str, Any]:
        """Return the JSON document; without ``status`` and ``details`` for the older APIs."""
        entry = {"message": self.message, "domain": self.domain, "reason": self.reason}
        if self.location:
            entry |= {"location": self.location, "locationType": self.location_type}
        error: dict[str, Any] = {"code": self.code, "message": self.message, "errors": [entry]}
        if with_status:
            error["status"] = self.status
            if self.details:
                error["details"] = list(self.details)
        return {"error": error}

    def rpc_status(self) -> dict[str, Any]:
        """Return the ``google.rpc.Status`` a failed operation carries."""
        status: dict[str, Any] = {"code": RPC_CODES[self.status], "message": self.message}
        return status | ({"details": list(self.details)} if self.details else {})


def not_found(message: str) -> ApiError:
    """404 NOT_FOUND."""
    return ApiError("NOT_FOUND", message)


def already_exists(message: str) -> ApiError:
    """409 ALREADY_EXISTS."""
    return ApiError("ALREADY_EXISTS", message)


def aborted(message: str) -> ApiError:
    """409 ABORTED: somebody else changed the thing in between (a stale etag)."""
    return ApiError("ABORTED", message)


def failed_precondition(message: str, details: Sequence[Detail] = ()) -> ApiError:
    """400 FAILED_PRECONDITION: the thing is in no state for this."""
    return ApiError("FAILED_PRECONDITION", message, details=details)


def permission_denied(message: str, details: Sequence[Detail] = ()) -> ApiError:
    """403 PERMISSION_DENIED."""
    return ApiError("PERMISSION_DENIED", message, details=details)


def unauthenticated(message: str, details: Sequence[Detail] = ()) -> ApiError:
    """401 UNAUTHENTICATED."""
    return ApiError("UNAUTHENTICATED", message, details=details)


def unimplemented(message: str) -> ApiError:
    """501: the real cloud has it, the sandbox does not; says so by name instead of pretending."""
    return ApiError("UNIMPLEMENTED", message)


def invalid_argument(message: str, *violations: tuple[str, str]) -> ApiError:
    """400 INVALID_ARGUMENT; each violation is (field path, description)."""
    fields = [{"field": field, "description": text} for field, text in violations]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}] if fields else []
    return ApiError("INVALID_ARGUMENT", message, details=details)

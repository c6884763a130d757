"""GitHub's refusals, as values to raise: status, message, field errors.

    GithubError
    +-- NotImplementedHere   501  GitHub may do this, the sandbox does not

Shapes: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

FieldError = Mapping[str, Any] | str


class GithubError(Exception):
    """An answer that is a refusal; the request's transaction is rolled back."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: tuple[tuple[str, str], ...] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """``errors`` are GitHub's field errors, ``extra`` further members of the document."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)
        self.headers = headers
        self.extra = dict(extra or {})

    def document(self, documentation_url: str) -> dict[str, Any]:
        """Return the body GitHub sends."""
        errors = {"errors": [*self.errors]} if self.errors else {}
        tail = {"documentation_url": documentation_url, "status": str(self.status)}
        return {"message": self.message, **errors, **self.extra, **tail}


class NotImplementedHere(GithubError):
    """The sandbox does not play this part of GitHub."""

    def __init__(self, what: str) -> None:
        """Name ``what``: the method and path, or the field."""
        super().__init__(HTTPStatus.NOT_IMPLEMENTED, f"The sandbox does not implement {what}.")


def not_found() -> GithubError:
    """Return the answer for what does not exist, or not for this caller."""
    return GithubError(HTTPStatus.NOT_FOUND, "Not Found")


def invalid(resource: str, field: str, code: str, message: str = "") -> GithubError:
    """Return the 422 for one field; ``code`` is missing_field, invalid, already_exists, missing or custom."""
    error = {"resource": resource, "code": code, "field": field}
    if message:
        error["message"] = message
    return GithubError(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation Failed", errors=(error,))


def unprocessable(message: str) -> GithubError:
    """Return a 422 that only has a message."""
    return GithubError(HTTPStatus.UNPROCESSABLE_ENTITY, message)


def conflict(message: str) -> GithubError:
    """Return a 409."""
    return GithubError(HTTPStatus.CONFLICT, message)


def forbidden(message: str) -> GithubError:
    """Return a 403."""
    return GithubError(HTTPStatus.FORBIDDEN, message)

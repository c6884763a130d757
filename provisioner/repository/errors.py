"""GitHub's refusals, turned into what a person can do about them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from provisioner.errors import ProvisionError

_ADVICE = {
    HTTPStatus.UNAUTHORIZED: "the token is wrong, expired or revoked: set GITHUB_TOKEN to a fresh one",
    HTTPStatus.FORBIDDEN: "give the App or token the permission that is missing",
    HTTPStatus.NOT_FOUND: "check the name; GitHub also answers so when the token must not see it",
    HTTPStatus.CONFLICT: "look at the repository's and the organisation's settings, then run it again",
    HTTPStatus.UNPROCESSABLE_ENTITY: "change the request accordingly",
}
_WRONG_TOKEN = "the token cannot do this"  # noqa: S105 - a message
_SERVER_ERROR = 500
_NO_SUCH_PART = 501


class GitHubError(ProvisionError):
    """GitHub refused a request; ``status`` is its HTTP status, ``details`` its list of errors as text."""

    def __init__(self, status: int, message: str, *, where: str, fix: str, details: str = "") -> None:
        """Keep the parts; the reason is GitHub's own sentence."""
        super().__init__(f"GitHub answered {status}: {message}{details}", where=where, fix=fix)
        self.status = status
        self.message = message

    @classmethod
    def from_answer(
        cls, method: str, path: str, status: int, document: object, headers: Mapping[str, Any] | None
    ) -> GitHubError:
        """Read a refusal: its message, its errors, and the permissions that would have been enough."""
        body = document if isinstance(document, dict) else {"message": str(document or "no message")}
        lower = {name.lower(): str(value) for name, value in (headers or {}).items()}
        return cls(
            status,
            str(body.get("message", "no message")),
            where=f"{method} {path}",
            fix=_advice(status, lower),
            details=_details(body.get("errors")),
        )


def _advice(status: int, headers: Mapping[str, str]) -> str:
    needed = headers.get("x-accepted-github-permissions")
    if status == HTTPStatus.FORBIDDEN and needed:
        return f"{_WRONG_TOKEN}: it needs {needed}"
    if status == _NO_SUCH_PART:
        return "this server does not have that part of the API: use a newer one"
    if status >= _SERVER_ERROR:
        return "GitHub has trouble (https://www.githubstatus.com): run it again later, it goes on where it stopped"
    known = next((advice for code, advice in _ADVICE.items() if code == status), None)
    return known or "run it again; it goes on where it stopped"


def _details(errors: object) -> str:
    if not isinstance(errors, list):
        return ""
    texts = [str(error.get("message") or error) if isinstance(error, dict) else str(error) for error in errors]
    return f" ({'; '.join(texts)})" if texts else ""

"""What goes wrong in the provider, each with what a diagnostic needs."""

from __future__ import annotations

import json
from typing import Any

from provisioner.sandbox.provider.plan import Path


class ProviderError(Exception):
    """A failure that Terraform shows: ``summary`` in one line, ``detail`` below it, ``path`` to the attribute."""

    def __init__(self, summary: str, detail: str = "", path: Path = ()) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.path = path


class PartialCreate(ProviderError):
    """A create that failed half-way: ``state`` is kept and Terraform marks it as tainted."""

    def __init__(self, error: ProviderError, state: dict[str, Any]) -> None:
        super().__init__(error.summary, error.detail, error.path)
        self.state = state


class GoogleError(ProviderError):
    """An error answer of an API, worded as Google's Go client words it."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        error = _error_object(body)
        self.message = str(error.get("message") or body.decode(errors="replace").strip())
        self.reasons = tuple(str(part.get("reason", "")) for part in error.get("errors", []) if isinstance(part, dict))
        self.error_status = str(error.get("status", ""))
        super().__init__(f"googleapi: Error {status}: {self.message}{self._more(error)}")

    def _more(self, error: dict[str, Any]) -> str:
        if len(self.reasons) == 1:
            return f", {self.reasons[0]}"
        details = error.get("details")
        return "\nDetails:\n" + json.dumps(details, indent=2) if details else ""


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}

"""A request of the log as a command that asks again, in a shell that ``sandbox env`` has prepared."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.control.redaction import HIDDEN

_GITHUB = ("github.com", "githubusercontent.com")
_BODILESS = frozenset(("", "(stream)"))


def command(entry: Mapping[str, Any]) -> str:
    """Return the curl command; tokens and hidden values are variables, a body that was not kept is ``@FILE``."""
    url = f"https://{entry['host']}{entry['path']}"
    if entry["query"]:
        url += f"?{entry['query']}"
    token = "GITHUB_TOKEN" if entry["host"].endswith(_GITHUB) else "GOOGLE_OAUTH_ACCESS_TOKEN"
    parts = ["curl", "-sS", "-X", shlex.quote(entry["method"]), _with_variables(url)]
    parts += ["-H", f'"Authorization: Bearer ${token}"']
    return " ".join([*parts, *_body(str(entry.get("request", "")))])


def _body(text: str) -> list[str]:
    if text in _BODILESS:
        return []
    kind = ["-H", "'Content-Type: application/json'"] if text.startswith(("{", "[")) else []
    if text.startswith("(") or text.endswith("…"):
        return [*kind, "--data-binary", "@FILE"]
    return [*kind, "--data-raw", _with_variables(text)]


def _with_variables(text: str) -> str:
    """Quote a text for the shell; what was hidden becomes ``$SECRET``."""
    if HIDDEN not in text:
        return shlex.quote(text)
    return '"$SECRET"'.join("'" + piece.replace("'", "'\"'\"'") + "'" for piece in text.split(HIDDEN))

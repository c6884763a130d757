"""Terraform's diagnostics as values.

The JSON form is that of the machine-readable UI
(https://developer.hashicorp.com/terraform/internals/machine-readable-ui#diagnostic).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_HEADING = re.compile(r"^(Error|Warning): (.+)$")
_BOX = re.compile(r"^[╷│╵]\s?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning.

    ``address`` is the resource it concerns and ``where`` a ``file:line:column`` of the root; each may be empty.
    """

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    where: str = ""

    @property
    def is_error(self) -> bool:
        """Tell an error from a warning."""
        return self.severity == "error"

    @property
    def text(self) -> str:
        """Return summary and detail as one text."""
        return f"{self.summary}\n{self.detail}".strip()


def from_json(document: Mapping[str, Any]) -> Diagnostic:
    """Read the ``diagnostic`` object of an event; what is missing or of another type becomes empty."""
    return Diagnostic(
        severity=_text(document, "severity") or "error",
        summary=_text(document, "summary"),
        detail=_text(document, "detail"),
        address=_text(document, "address"),
        where=_place(document.get("range")),
    )


def from_text(lines: Iterable[str]) -> tuple[Diagnostic, ...]:
    """Read the human form, for the commands that have no JSON output.

    A heading ``Error: …`` starts a diagnostic, all that follows is its detail. Text without any heading becomes one
    error, so that nothing Terraform said is lost.
    """
    found: list[tuple[str, str, list[str]]] = []
    stray: list[str] = []
    for line in lines:
        plain = _BOX.sub("", _COLOUR.sub("", line.rstrip()))
        heading = _HEADING.match(plain)
        if heading:
            found.append((heading[1].lower(), heading[2], []))
        else:
            (found[-1][2] if found else stray).append(plain)
    if not found:
        said = "\n".join(stray).strip()
        return (Diagnostic("error", said.partition("\n")[0], said.partition("\n")[2].strip()),) if said else ()
    return tuple(Diagnostic(severity, summary, "\n".join(detail).strip()) for severity, summary, detail in found)


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _place(span: object) -> str:
    if not isinstance(span, Mapping) or not isinstance(span.get("start"), Mapping):
        return ""
    start = span["start"]
    return f"{span.get('filename', '')}:{start.get('line', 0)}:{start.get('column', 0)}"

"""Terraform's machine-readable UI as values.

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. New types may appear in any version:
they are ignored, as that page asks. What is not JSON (a panic, a line cut off, output of init) stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.terraform.diagnostics import Diagnostic, from_json


@dataclass(frozen=True)
class Started:
    """Terraform said who it is."""

    version: str


@dataclass(frozen=True)
class Message:
    """A line for people."""

    text: str


@dataclass(frozen=True)
class Planned:
    """A change that the plan holds (``drift`` false) or that was found in the world (``drift`` true)."""

    address: str
    action: str
    reason: str = ""
    drift: bool = False


@dataclass(frozen=True)
class Operation:
    """One resource on its way; ``stage`` is start, progress, complete or errored.

    ``action`` is create, update, delete, read or refresh; ``elapsed`` whole seconds; ``id`` the resource's id when
    it is known.
    """

    stage: str
    address: str
    action: str
    elapsed: int = 0
    id: str = ""


@dataclass(frozen=True)
class Summary:
    """The counts at the end of a plan, apply or destroy (``operation``)."""

    operation: str
    add: int
    change: int
    remove: int
    imported: int


@dataclass(frozen=True)
class Outputs:
    """The outputs; values are present after an apply and for outputs that are not sensitive."""

    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """A diagnostic, as it was reported."""

    diagnostic: Diagnostic


@dataclass(frozen=True)
class Raw:
    """A line that is not an event."""

    text: str


Event = Started | Message | Planned | Operation | Summary | Outputs | Problem | Raw

_Document = Mapping[str, Any]


def parse(line: str) -> Event | None:
    """Read one line; None for an empty line and for event types that we do not know."""
    if not line.strip():
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return Raw(line)
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        return Raw(line)
    reader = _READERS.get(document["type"])
    return reader(document) if reader else None


def _section(document: _Document, key: str) -> _Document:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _string(document: _Document, key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _number(document: _Document, key: str) -> int:
    value = document.get(key)
    return int(value) if isinstance(value, (int, float)) else 0


def _started(document: _Document) -> Event:
    return Started(_string(document, "terraform") or _string(document, "tofu"))


def _message(document: _Document) -> Event:
    return Message(_string(document, "@message"))


def _planned(*, drift: bool) -> Callable[[_Document], Event]:
    def read(document: _Document) -> Event:
        change = _section(document, "change")
        address = _string(_section(change, "resource"), "addr")
        return Planned(address, _string(change, "action"), _string(change, "reason"), drift)

    return read


def _operation(stage: str, action: str = "") -> Callable[[_Document], Event]:
    def read(document: _Document) -> Event:
        hook = _section(document, "hook")
        return Operation(
            stage,
            _string(_section(hook, "resource"), "addr"),
            action or _string(hook, "action"),
            _number(hook, "elapsed_seconds"),
            _string(hook, "id_value"),
        )

    return read


def _summary(document: _Document) -> Event:
    counts = _section(document, "changes")
    add, change, remove, imported = (_number(counts, key) for key in ("add", "change", "remove", "import"))
    return Summary(_string(counts, "operation"), add, change, remove, imported)


def _outputs(document: _Document) -> Event:
    outputs = _section(document, "outputs")
    known = {name: each["value"] for name, each in outputs.items() if isinstance(each, dict) and "value" in each}
    return Outputs(known)


def _problem(document: _Document) -> Event:
    return Problem(from_json(_section(document, "diagnostic")))


_READERS: Mapping[str, Callable[[_Document], Event]] = {
    "version": _started,
    "log": _message,
    "init_output": _message,
    "planned_change": _planned(drift=False),
    "resource_drift": _planned(drift=True),
    "refresh_start": _operation("start", "refresh"),
    "refresh_complete": _operation("complete", "refresh"),
    "apply_start": _operation("start"),
    "apply_progress": _operation("progress"),
    "apply_complete": _operation("complete"),
    "apply_errored": _operation("errored"),
    "change_summary": _summary,
    "outputs": _outputs,
    "diagnostic": _problem,
}

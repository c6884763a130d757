"""What every call of the protocol works with, and how values and failures go into messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.provider import protocol, values
from provisioner.sandbox.provider.client import Pace, Transport
from provisioner.sandbox.provider.configuration import Configuration, Configurations
from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.plan import Path
from provisioner.sandbox.provider.registry import Registry
from provisioner.sandbox.provider.values import Type, Value

Message = Any  # message classes are made at run time


@dataclass(frozen=True)
class Session:
    """The served types, the way out, and the configurations of the Terraform processes that are connected."""

    registry: Registry
    transport: Transport
    default_token: str
    pace: Pace
    legacy: bool
    configurations: Configurations = field(default_factory=Configurations)


@dataclass(frozen=True)
class Caller:
    """One call's session and the address of the process that makes it."""

    session: Session
    peer: str

    @property
    def configuration(self) -> Configuration:
        """Return the provider block of the calling process. Raises ProviderError when it sent none."""
        return self.session.configurations.get(self.peer)


def decoded(message: Message, kind: Type) -> Value:
    """Return the value of a DynamicValue message; numbers that came as text become numbers."""
    if message.msgpack:
        return values.conform(values.decode(message.msgpack), kind)
    return json.loads(message.json) if message.json else None


def encode(message: Message, kind: Type, value: Mapping[str, Value] | None) -> None:
    """Put a value into a DynamicValue message."""
    message.msgpack = values.encode(None if value is None else dict(value), kind)


def report(response: Message, errors: Iterable[ProviderError]) -> None:
    """Add errors to a response as diagnostics; a function's response has one error of its own."""
    if "diagnostics" not in response.DESCRIPTOR.fields_by_name:
        response.error.text = "; ".join(error.summary for error in errors)
        return
    for error in errors:
        diagnostic = response.diagnostics.add(
            severity=protocol.SEVERITY_ERROR, summary=error.summary, detail=error.detail
        )
        add_steps(diagnostic.attribute, error.path)


def add_steps(message: Message, path: Path) -> None:
    """Append a path to an AttributePath message."""
    for step in path:
        if isinstance(step, int):
            message.steps.add(element_key_int=step)
        else:
            message.steps.add(attribute_name=step)


def absent(kind: str, name: str) -> ProviderError:
    """Return the error for a type that only the real provider has."""
    return ProviderError(
        f"{kind} {name} is not part of the sandbox's stand-in provider",
        "Use --provider registry to run the real provider against the sandbox.",
    )

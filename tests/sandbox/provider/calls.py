"""The provider's protocol without Terraform: requests and answers as bytes, one connected process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.provider import protocol, registry, service, values
from provisioner.sandbox.provider.client import Pace, Transport
from provisioner.sandbox.provider.configuration import provider_type
from provisioner.sandbox.provider.registry import Registry
from provisioner.sandbox.provider.session import Session

Value = Any
PEER = "ipv4:127.0.0.1:1"
CONFIG = {"project": "acme-payments-dev", "region": "europe-west1", "add_terraform_attribution_label": False}


class Refused(Exception):
    """Diagnostics of one answer."""

    def __init__(self, diagnostics: Any) -> None:
        self.diagnostics = list(diagnostics)
        super().__init__("; ".join(f"{each.summary} {each.detail}" for each in self.diagnostics))


@dataclass
class Provider:
    """A configured stand-in whose requests go to ``transport``."""

    transport: Transport
    known: Registry = field(default_factory=registry.load)

    def __post_init__(self) -> None:
        session = Session(self.known, self.transport, "t", Pace(0.0), legacy=True)
        self._handlers = service.handlers(session)
        self._call("ConfigureProvider", config=values.encode(CONFIG, provider_type()))

    def problems(self, kind: str, config: Value) -> list[Any]:
        """Return the diagnostics of a validation."""
        try:
            self._call("ValidateResourceConfig", type_name=kind, config=self._encoded(kind, config))
        except Refused as refused:
            return refused.diagnostics
        return []

    def plan(self, kind: str, prior: Value, config: Value) -> tuple[Value, bool]:
        """Return the planned state and whether it needs a new object."""
        answer = self._call(
            "PlanResourceChange",
            type_name=kind,
            prior_state=self._encoded(kind, prior),
            proposed_new_state=self._encoded(kind, config),
            config=self._encoded(kind, config),
        )
        return self._decoded(kind, answer.planned_state), bool(answer.requires_replace)

    def apply(self, kind: str, prior: Value, planned: Value, config: Value) -> Value:
        """Carry out a plan and return the new state."""
        answer = self._call(
            "ApplyResourceChange",
            type_name=kind,
            prior_state=self._encoded(kind, prior),
            planned_state=self._encoded(kind, planned),
            config=self._encoded(kind, config),
        )
        return self._decoded(kind, answer.new_state)

    def read(self, kind: str, state: Value) -> Value:
        """Refresh a state."""
        return self._decoded(
            kind, self._call("ReadResource", type_name=kind, current_state=self._encoded(kind, state)).new_state
        )

    @staticmethod
    def without_unknown(state: Value) -> Value:
        """Return a planned state as if it had been applied: what is not known is null, a block like that is gone."""
        if isinstance(state, dict):
            return {name: Provider.without_unknown(part) for name, part in state.items()}
        if isinstance(state, list):
            return [Provider.without_unknown(part) for part in state if part is not values.UNKNOWN]
        return values.without_unknown(state)

    def _call(self, method: str, **parts: Any) -> Any:
        known = protocol.messages()
        request = getattr(known, f"{method}_Request")()
        for name, part in parts.items():
            if isinstance(part, bytes):
                getattr(request, name).msgpack = part
            else:
                setattr(request, name, part)
        answer = getattr(known, f"{method}_Response").FromString(
            self._handlers[method](request.SerializeToString(), PEER)
        )
        if answer.diagnostics:
            raise Refused(answer.diagnostics)
        return answer

    def _encoded(self, kind: str, value: Value) -> bytes:
        return values.encode(value, self.known.resources[kind].type)

    def _decoded(self, kind: str, message: Any) -> Value:
        return values.conform(values.decode(message.msgpack), self.known.resources[kind].type)

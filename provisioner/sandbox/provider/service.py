"""The protocol's calls: messages in, messages out, every failure a diagnostic."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from provisioner.sandbox.provider import configuration, protocol, schema, values
from provisioner.sandbox.provider.client import Pace, Transport
from provisioner.sandbox.provider.configuration import Configurations
from provisioner.sandbox.provider.errors import PartialCreate, ProviderError
from provisioner.sandbox.provider.registry import Registry
from provisioner.sandbox.provider.resource import Resource, State

Message = Any  # message classes are made at run time
Peer = str
_ADVICE: Final = "This is a fault of the sandbox's stand-in provider; --provider registry runs the real one."


class Service:
    """All RPCs; ``peer`` is the address of the Terraform process that calls."""

    def __init__(
        self, registry: Registry, transport: Transport, default_token: str, pace: Pace, *, legacy: bool
    ) -> None:
        self._registry = registry
        self._transport = transport
        self._default_token = default_token
        self._pace = pace
        self._legacy = legacy
        self._configurations = Configurations()
        self._messages = protocol.messages()

    def handler(self, method: str) -> Callable[[bytes, Peer], bytes]:
        """Return the function from request bytes to response bytes of one method."""
        respond = getattr(self, f"_{method}", None)
        request_class = getattr(self._messages, f"{method}_Request", self._messages.Empty)
        response_class = getattr(self._messages, f"{method}_Response")

        def handle(data: bytes, peer: Peer) -> bytes:
            response = response_class()
            if respond is not None:
                request = request_class.FromString(data)
                self._guarded(respond, request, response, peer)
            return bytes(response.SerializeToString())

        return self._GetProviderSchema if method == "GetProviderSchema" else handle

    def _guarded(self, respond: Callable[..., None], request: Message, response: Message, peer: Peer) -> None:
        try:
            respond(request, response, peer)
        except ProviderError as error:
            self._report(response, [error])
        except Exception as error:  # noqa: BLE001 - Terraform must get a diagnostic, whatever happened
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
            self._report(response, [ProviderError(text, _ADVICE, ("id",))])

    def _report(self, response: Message, errors: Iterable[ProviderError]) -> None:
        if not hasattr(response, "diagnostics"):  # a function's error has its own place
            response.error.text = "; ".join(error.summary for error in errors)
            return
        for error in errors:
            diagnostic = response.diagnostics.add(
                severity=protocol.SEVERITY_ERROR, summary=error.summary, detail=error.detail
            )
            add_steps(diagnostic.attribute, error.path)

    # -- schema ---------------------------------------------------------------------------------------------------

    def _GetProviderSchema(self, _data: bytes, _peer: Peer) -> bytes:  # noqa: N802 - the protocol's name
        return self._schema

    @cached_property
    def _schema(self) -> bytes:
        response = self._messages.GetProviderSchema_Response(
            provider=schema.schema_message(configuration.provider_fields()),
            provider_meta=schema.schema_message(()),
            server_capabilities=self._capabilities(),
        )
        for name, resource in self._registry.resources.items():
            message = schema.schema_message(
                resource.fields, version=resource.spec.version, timeouts=resource.spec.timeouts
            )
            response.resource_schemas.add(key=name, value=message)
        return bytes(response.SerializeToString())

    def _capabilities(self) -> Message:
        return self._messages.ServerCapabilities(
            plan_destroy=True, get_provider_schema_optional=True, move_resource_state=True
        )

    def _GetMetadata(self, _request: Message, response: Message, _peer: Peer) -> None:  # noqa: N802 - protocol
        response.capabilities.CopyFrom(self._capabilities())
        for name in self._registry.resources:
            response.resources.add(type_name=name)

    # -- provider block -------------------------------------------------------------------------------------------

    def _ValidateProviderConfig(self, request: Message, response: Message, _peer: Peer) -> None:  # noqa: N802 - protocol
        self._report(response, configuration.problems(_decoded(request.config)))

    def _ConfigureProvider(self, request: Message, _response: Message, peer: Peer) -> None:  # noqa: N802 - protocol
        self._configurations.forget(peer)
        config = _decoded(request.config)
        made = configuration.configure(config, self._transport, self._default_token, self._pace)
        self._configurations.put(peer, made)

    # -- resources ------------------------------------------------------------------------------------------------

    def _resource(self, name: str) -> Resource:
        found = self._registry.resources.get(name)
        if found is None:
            raise ProviderError(
                f"{name} is not part of the sandbox's stand-in provider",
                "Use --provider registry to run the real provider against the sandbox.",
            )
        return found

    def _ValidateResourceConfig(self, request: Message, response: Message, _peer: Peer) -> None:  # noqa: N802 - protocol
        self._report(response, self._resource(request.type_name).validate(_decoded(request.config)))

    def _UpgradeResourceState(self, request: Message, response: Message, _peer: Peer) -> None:  # noqa: N802 - protocol
        resource = self._resource(request.type_name)
        state = resource.upgrade(request.version, json.loads(request.raw_state.json or b"{}"))
        _encode(response.upgraded_state, resource, state)

    def _ReadResource(self, request: Message, response: Message, peer: Peer) -> None:  # noqa: N802 - protocol
        resource = self._resource(request.type_name)
        state = resource.read(self._configurations.get(peer), _decoded(request.current_state))
        _encode(response.new_state, resource, state)
        response.private = request.private

    def _PlanResourceChange(self, request: Message, response: Message, peer: Peer) -> None:  # noqa: N802 - protocol
        resource = self._resource(request.type_name)
        response.legacy_type_system = self._legacy
        response.planned_private = request.prior_private
        if _decoded(request.proposed_new_state) is None:
            _encode(response.planned_state, resource, None)
            return
        prior, config = _decoded(request.prior_state), _decoded(request.config)
        planned, paths = resource.plan(self._configurations.get(peer), prior, config)
        _encode(response.planned_state, resource, planned)
        for path in paths:
            add_steps(response.requires_replace.add(), path)

    def _ApplyResourceChange(self, request: Message, response: Message, peer: Peer) -> None:  # noqa: N802 - protocol
        resource = self._resource(request.type_name)
        response.legacy_type_system = self._legacy
        response.private = request.planned_private
        prior, planned = _decoded(request.prior_state), _decoded(request.planned_state)
        response.new_state.msgpack = request.prior_state.msgpack  # what stays true when the call fails
        try:
            state = self._applied(resource, peer, prior, planned, _decoded(request.config))
        except PartialCreate as error:
            _encode(response.new_state, resource, resource.sealed(error.state))
            raise
        _encode(response.new_state, resource, state)

    def _applied(
        self, resource: Resource, peer: Peer, prior: State | None, planned: State | None, config: State | None
    ) -> State | None:
        configured = self._configurations.get(peer)
        if planned is None:
            resource.delete(configured, prior or {})
            return None
        wanted = {**planned, **{name: (config or {}).get(name) for name in resource.from_config}}
        if prior is None:
            return resource.sealed(resource.create(configured, wanted))
        return resource.sealed(resource.update(configured, prior, wanted))

    def _ImportResourceState(self, request: Message, response: Message, peer: Peer) -> None:  # noqa: N802 - protocol
        resource = self._resource(request.type_name)
        imported = response.imported_resources.add(type_name=request.type_name)
        try:
            state = resource.import_state(self._configurations.get(peer), request.id)
        except ProviderError:
            del response.imported_resources[:]
            raise
        _encode(imported.state, resource, state)

    def _MoveResourceState(self, request: Message, _response: Message, _peer: Peer) -> None:  # noqa: N802 - protocol
        raise ProviderError(
            "Move Resource State Not Supported",
            f"{request.source_type_name} cannot become {request.target_type_name}.",
        )


def add_steps(message: Message, path: Iterable[str | int]) -> None:
    """Append a path to an AttributePath message."""
    for step in path:
        if isinstance(step, int):
            message.steps.add(element_key_int=step)
        else:
            message.steps.add(attribute_name=step)


def _decoded(message: Message) -> Any:  # noqa: ANN401 - any Terraform value
    if message.msgpack:
        return values.decode(message.msgpack)
    return json.loads(message.json) if message.json else None


def _encode(message: Message, resource: Resource, state: Mapping[str, Any] | None) -> None:
    message.msgpack = values.encode(None if state is None else dict(state), resource.type)

"""The protocol's methods: from request bytes to response bytes, every failure a diagnostic."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Final

from provisioner.sandbox.provider import configuration, lookups, managed, protocol, schema, values
from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.functions import Function
from provisioner.sandbox.provider.registry import Registry
from provisioner.sandbox.provider.session import Caller, Message, Session, decoded, report

Respond = Callable[[Message, Message, Caller], None]
Handler = Callable[[bytes, str], bytes]
_ADVICE: Final = "This is a fault of the sandbox's stand-in provider; --provider registry runs the real one."


def handlers(session: Session) -> Mapping[str, Handler]:
    """Return a function from request bytes and the peer's address to response bytes for every method."""
    made = {name: _handler(session, name, _METHODS.get(name, _nothing)) for name in protocol.method_names()}
    described = _describe(session.registry).SerializeToString()
    return {**made, "GetProviderSchema": lambda _data, _peer: described}


def _handler(session: Session, method: str, respond: Respond) -> Handler:
    known = protocol.messages()
    request_class = getattr(known, f"{method}_Request", known.Empty)
    response_class = getattr(known, f"{method}_Response")

    def handle(data: bytes, peer: str) -> bytes:
        response = response_class()
        try:
            respond(request_class.FromString(data), response, Caller(session, peer))
        except ProviderError as error:
            report(response, [error])
        except Exception as error:  # noqa: BLE001 - Terraform must get a diagnostic, whatever happened
            report(response, [_fault(error)])
        return bytes(response.SerializeToString())

    return handle


def _fault(error: Exception) -> ProviderError:
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.filename.rsplit('/', 1)[-1]}:{where.lineno}"
    return ProviderError(f"{type(error).__name__}: {error} ({place})", _ADVICE, ("id",))


def _nothing(_request: Message, _response: Message, _caller: Caller) -> None:
    """Answer empty: nothing to identify, renew, close or stop."""


def _validate_provider(request: Message, response: Message, _caller: Caller) -> None:
    report(response, configuration.problems(decoded(request.config, configuration.provider_type())))


def _configure(request: Message, _response: Message, caller: Caller) -> None:
    session = caller.session
    session.configurations.forget(caller.peer)
    config = decoded(request.config, configuration.provider_type())
    made = configuration.configure(config, session.transport, session.default_token, session.pace)
    session.configurations.put(caller.peer, made)


def _metadata(_request: Message, response: Message, caller: Caller) -> None:
    registry = caller.session.registry
    response.capabilities.CopyFrom(_capabilities())
    for name in registry.resources:
        response.resources.add(type_name=name)
    for name in registry.data_sources:
        response.data_sources.add(type_name=name)
    for name in registry.ephemeral:
        response.ephemeral_resources.add(type_name=name)
    for name in registry.functions:
        response.functions.add(name=name)


def _functions(_request: Message, response: Message, caller: Caller) -> None:
    for function in caller.session.registry.functions.values():
        response.functions.add(key=function.name, value=_signature(function))


def _describe(registry: Registry) -> Message:
    response = protocol.messages().GetProviderSchema_Response(
        provider=schema.schema_message(configuration.provider_fields()),
        provider_meta=schema.schema_message(()),
        server_capabilities=_capabilities(),
    )
    for name, resource in registry.resources.items():
        spec = resource.spec
        message = schema.schema_message(resource.fields, version=spec.version, timeouts=spec.timeouts)
        response.resource_schemas.add(key=name, value=message)
    for name, source in registry.data_sources.items():
        response.data_source_schemas.add(key=name, value=schema.schema_message(source.fields))
    for name, ephemeral in registry.ephemeral.items():
        response.ephemeral_resource_schemas.add(key=name, value=schema.schema_message(ephemeral.fields))
    for name, function in registry.functions.items():
        response.functions.add(key=name, value=_signature(function))
    return response


def _signature(function: Function) -> Message:
    known, text = protocol.messages(), values.type_json("string")
    message = known.Function(summary=function.summary, description=function.summary)
    message.parameters.add(name=function.parameter, type=text)
    getattr(message, "return").type = text
    return message


def _capabilities() -> Message:
    return protocol.messages().ServerCapabilities(
        plan_destroy=True, get_provider_schema_optional=True, move_resource_state=True
    )


_METHODS: Final[Mapping[str, Respond]] = {
    "GetMetadata": _metadata,
    "GetFunctions": _functions,
    "ValidateProviderConfig": _validate_provider,
    "ConfigureProvider": _configure,
    "ValidateResourceConfig": managed.validate,
    "UpgradeResourceState": managed.upgrade,
    "ReadResource": managed.read,
    "PlanResourceChange": managed.plan,
    "ApplyResourceChange": managed.apply,
    "ImportResourceState": managed.import_state,
    "MoveResourceState": managed.move,
    "ValidateDataResourceConfig": lookups.validate_data,
    "ReadDataSource": lookups.read_data,
    "ValidateEphemeralResourceConfig": lookups.validate_ephemeral,
    "OpenEphemeralResource": lookups.open_ephemeral,
    "CallFunction": lookups.call_function,
}

"""The calls that concern data sources, ephemeral resources and functions."""

from __future__ import annotations

from provisioner.sandbox.provider import validate, values
from provisioner.sandbox.provider.data import DataSource
from provisioner.sandbox.provider.ephemeral import Ephemeral
from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.session import Caller, Message, absent, decoded, encode, report


def validate_data(request: Message, response: Message, caller: Caller) -> None:
    """Report what is wrong with a data block."""
    source = _source(request, caller)
    report(response, validate.problems(source.fields, decoded(request.config, source.type)))


def read_data(request: Message, response: Message, caller: Caller) -> None:
    """Read a data source."""
    source = _source(request, caller)
    encode(response.state, source.type, source.read(caller.configuration, decoded(request.config, source.type)))


def validate_ephemeral(request: Message, response: Message, caller: Caller) -> None:
    """Report what is wrong with an ephemeral block."""
    ephemeral = _ephemeral(request, caller)
    report(response, validate.problems(ephemeral.fields, decoded(request.config, ephemeral.type)))


def open_ephemeral(request: Message, response: Message, caller: Caller) -> None:
    """Open an ephemeral resource; it needs neither renewing nor closing."""
    ephemeral = _ephemeral(request, caller)
    encode(
        response.result, ephemeral.type, ephemeral.open(caller.configuration, decoded(request.config, ephemeral.type))
    )


def call_function(request: Message, response: Message, caller: Caller) -> None:
    """Call a function; its failure belongs to its only argument."""
    function = caller.session.registry.functions.get(request.name)
    if function is None:
        raise absent("function", request.name)
    try:
        result = function.call(decoded(request.arguments[0], "string"))
    except ValueError as error:
        response.error.function_argument = 0
        raise ProviderError(str(error)) from error
    response.result.msgpack = values.encode(result, "string")


def _source(request: Message, caller: Caller) -> DataSource:
    found = caller.session.registry.data_sources.get(request.type_name)
    if found is None:
        raise absent("data source", request.type_name)
    return found


def _ephemeral(request: Message, caller: Caller) -> Ephemeral:
    found = caller.session.registry.ephemeral.get(request.type_name)
    if found is None:
        raise absent("ephemeral resource", request.type_name)
    return found

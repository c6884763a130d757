"""The calls that concern managed resources."""

from __future__ import annotations

import json

from provisioner.sandbox.provider.errors import PartialCreate, ProviderError
from provisioner.sandbox.provider.resource import Resource
from provisioner.sandbox.provider.session import Caller, Message, absent, add_steps, decoded, encode, report
from provisioner.sandbox.provider.values import Value


def validate(request: Message, response: Message, caller: Caller) -> None:
    """Report what is wrong with a resource block."""
    resource = _resource(request, caller)
    report(response, resource.validate(decoded(request.config, resource.type)))


def upgrade(request: Message, response: Message, caller: Caller) -> None:
    """Bring a stored state into today's shape."""
    resource = _resource(request, caller)
    stored = json.loads(request.raw_state.json or b"{}")
    encode(response.upgraded_state, resource.type, resource.upgrade(request.version, stored))


def read(request: Message, response: Message, caller: Caller) -> None:
    """Refresh a resource; one that is gone becomes null."""
    resource = _resource(request, caller)
    response.private = request.private
    response.new_state.CopyFrom(request.current_state)
    state = resource.read(caller.configuration, decoded(request.current_state, resource.type))
    encode(response.new_state, resource.type, None if state is None else resource.sealed(state))


def plan(request: Message, response: Message, caller: Caller) -> None:
    """Plan a create, a change or a destroy."""
    resource = _resource(request, caller)
    response.legacy_type_system = caller.session.legacy
    response.planned_private = request.prior_private
    if decoded(request.proposed_new_state, resource.type) is None:
        encode(response.planned_state, resource.type, None)
        return
    prior, config = decoded(request.prior_state, resource.type), decoded(request.config, resource.type)
    planned, paths = resource.plan(caller.configuration, prior, config)
    encode(response.planned_state, resource.type, planned)
    for path in paths:
        add_steps(response.requires_replace.add(), path)


def apply(request: Message, response: Message, caller: Caller) -> None:
    """Carry out what was planned; on failure the old state stays, or a tainted new one."""
    resource = _resource(request, caller)
    response.legacy_type_system = caller.session.legacy
    response.private = request.planned_private
    response.new_state.CopyFrom(request.prior_state)
    try:
        state = _applied(resource, caller, request)
    except PartialCreate as error:
        encode(response.new_state, resource.type, resource.sealed(error.state))
        raise
    encode(response.new_state, resource.type, None if state is None else resource.sealed(state))


def import_state(request: Message, response: Message, caller: Caller) -> None:
    """Start an import; Terraform reads the rest."""
    resource = _resource(request, caller)
    state = resource.import_state(caller.configuration, request.id)
    encode(response.imported_resources.add(type_name=request.type_name).state, resource.type, state)


def move(request: Message, _response: Message, _caller: Caller) -> None:
    """Refuse to turn one type into another, as the real provider does for its types here."""
    raise ProviderError(
        "Move Resource State Not Supported",
        f"{request.source_type_name} cannot become {request.target_type_name}.",
    )


def _applied(resource: Resource, caller: Caller, request: Message) -> dict[str, Value] | None:
    prior, planned = decoded(request.prior_state, resource.type), decoded(request.planned_state, resource.type)
    if planned is None:
        resource.delete(caller.configuration, prior)
        return None
    config = decoded(request.config, resource.type) or {}
    wanted = resource.with_config(planned, config, new=prior is None)
    if prior is None:
        return resource.create(caller.configuration, wanted)
    return resource.update(caller.configuration, prior, wanted)


def _resource(request: Message, caller: Caller) -> Resource:
    found = caller.session.registry.resources.get(request.type_name)
    if found is None:
        raise absent("resource", request.type_name)
    return found

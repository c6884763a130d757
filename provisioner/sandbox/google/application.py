"""Google Cloud as one function from request to response.

    host -> services (catalog) -> method (discovery) or route -> caller -> parameters and body -> API enabled?
         -> permission -> handler -> fields mask -> JSON

Everything from the caller on happens inside one store transaction, rolled back when the answer is an error.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qsl

from provisioner.sandbox.google import batch, masks
from provisioner.sandbox.google.auditlog import write_audit_logs
from provisioner.sandbox.google.background import take_on_errands
from provisioner.sandbox.google.discovery import Match
from provisioner.sandbox.google.errors import ApiError, invalid_argument, unimplemented
from provisioner.sandbox.google.hierarchy import project, service_disabled_error, service_enabled
from provisioner.sandbox.google.media import read_upload
from provisioner.sandbox.google.method import (
    Answer,
    Call,
    Caller,
    Identity,
    Later,
    MethodMark,
    Resource,
    unauthenticated_request,
)
from provisioner.sandbox.google.parameters import read_parameters
from provisioner.sandbox.google.payload import parse
from provisioner.sandbox.google.quotas import check_quota
from provisioner.sandbox.google.routing import LoadedService, Routing, Target
from provisioner.sandbox.google.schema import Validator
from provisioner.sandbox.http import Request, Response, json_response
from provisioner.sandbox.store import Transaction, Unwritable
from provisioner.sandbox.world import World

_FIRST_ERROR = 400
_LOG = logging.getLogger(__name__)


def google_application(world: World, identity: Identity | None = None) -> GoogleApplication:
    """Build the Google side on a world; ``identity`` replaces the real one in tests of the kernel."""
    if identity is None:
        from provisioner.sandbox.google.identity import identity as build  # noqa: PLC0415 - loads cryptography

        identity = build(world)
    return GoogleApplication(world, identity)


class GoogleApplication:
    """An ``Application``; also names requests for the log and for faults."""

    def __init__(self, world: World, identity: Identity) -> None:
        self._world = world
        self._identity = identity
        self._routing = Routing()
        take_on_errands(world, self)

    def identify(self, request: Request) -> str:
        """Return the method id of a request (``storage.buckets.get``), or verb, host and path if there is none."""
        if batch.is_batch(request):
            return "batch"
        target = self._routing.find(request)
        return target.name if target else f"{request.method} {request.host}{request.path}"

    def __call__(self, request: Request) -> Response:
        """Answer one request. Raises Unwritable when the disk is full, nothing else."""
        if batch.is_batch(request):
            return batch.answer(request, self)
        target = self._routing.find(request)
        if target is None:
            return _unknown(request)
        try:
            with self._world.store.transaction() as tx:
                answer = self._answer(tx, request, target)
            return answer.work() if isinstance(answer, Later) else answer
        except ApiError as error:
            return target.refusal(error)
        except Unwritable:
            raise
        except Exception:  # noqa: BLE001 - a bug in a handler is this request's 500, not the server's end
            _LOG.exception("%s failed", target.name)
            return target.refusal(ApiError("INTERNAL", "Internal error encountered."))

    def _answer(self, tx: Transaction, request: Request, target: Target) -> Response | Later:
        now = self._world.clock.now()
        caller = Caller("allUsers") if target.blind else self._identity.authenticate(tx, request, now)
        call = Call(request, self._world, tx, self._identity, caller, now)
        if caller.anonymous and not target.open_to_anonymous:
            raise unauthenticated_request()
        if target.match is None:
            call.params = dict(request.query_pairs()) | dict(target.groups)
            return _audited(call, _respond(target.handler_for(call)(call)))
        mask = _prepare(call, target, target.match)
        return _audited(call, _respond(_handle(call, target), mask))


def _prepare(call: Call, target: Target, match: Match) -> masks.Tree:
    """Fill the call from the request; return the parsed fields mask."""
    api = target.service.api(target.document)
    spec = match.spec
    call.spec = spec
    call.schemas = api.schemas
    call.params = read_parameters(api, match, call.request.query_pairs())
    if target.download:
        call.params["alt"] = "media"
    content = call.request.body
    if spec.upload:
        call.upload = call.params.get("uploadType", "")
        upload = read_upload(call.request, call.upload)
        content, call.media, call.media_type = upload.metadata, upload.content, upload.content_type
    call.body = _read_body(call.request, content, Validator(api.schemas, legacy=api.legacy), spec.request)
    mask = masks.parse_fields(call.params["fields"]) if call.params.get("fields") else {}
    if mask and spec.response:
        masks.check_fields(mask, api.schemas[spec.response], api.schemas)
    return mask


def _handle(call: Call, target: Target) -> Answer:
    handler = target.handler_for(call)
    mark = target.mark
    if mark is not None and mark.on is not None:
        resource = mark.on(call)
        _check_enabled(call, target.service, resource)
        check_quota(call, target.service.facts.name, resource.project)
        for permission in _permissions(call, mark):
            call.require(permission, resource)
    return handler(call)


def _audited(call: Call, answer: Response | Later) -> Response | Later:
    """Write to the audit log what was done; an answer that is an error did nothing."""
    if isinstance(answer, Later) or answer.status < _FIRST_ERROR:
        write_audit_logs(call)
    return answer


def _permissions(call: Call, mark: MethodMark) -> tuple[str, ...]:
    wanted = mark.permissions
    if callable(wanted):
        wanted = wanted(call)
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def _check_enabled(call: Call, service: LoadedService, resource: Resource) -> None:
    facts = service.facts
    if facts.optional and resource.project and not service_enabled(call.tx, resource.project, facts.name):
        raise service_disabled_error(project(call.tx, resource.project), facts.name, facts.title)


def _read_body(request: Request, content: bytes, validator: Validator, schema: str) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        document: object = dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        document = parse(content)
    if schema:
        return validator.body(document, schema)
    if document in (None, {}):
        return {}
    raise invalid_argument("Invalid JSON payload received. The method takes no request body.")


def _respond(answer: Answer, mask: masks.Tree | None = None) -> Response | Later:
    if isinstance(answer, Response | Later):
        return answer
    document = answer or {}
    return json_response(masks.trim(document, mask) if mask else document)


def _unknown(request: Request) -> Response:
    message = f"The sandbox does not implement {request.method} https://{request.host}{request.path}."
    return json_response(unimplemented(message).envelope(), 501)

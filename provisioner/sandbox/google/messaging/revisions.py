"""Revisions of Pub/Sub's schemas, and what topics require of messages because of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, unimplemented
from provisioner.sandbox.google.messaging.avro import AvroError, AvroSchema
from provisioner.sandbox.google.messaging.records import (
    DELETED_SCHEMA,
    SCHEMAS,
    canonical_name,
    missing,
    pubsub_resource,
)
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]


def check_definition(schema: Json) -> None:
    """Raise ApiError for a definition that is none; protocol buffers are refused by name."""
    if schema.get("type") == "PROTOCOL_BUFFER":
        raise unimplemented("The sandbox does not read schemas of type PROTOCOL_BUFFER; use AVRO.")
    if schema.get("type") != "AVRO":
        raise invalid_argument("The schema's type must be AVRO or PROTOCOL_BUFFER.", ("schema.type", "required"))
    try:
        _parsed(schema.get("definition", ""))
    except AvroError as error:
        raise invalid_argument(f"Invalid schema definition: {error}", ("schema.definition", str(error))) from None


def check_message(definition: str, content: bytes, encoding: str) -> None:
    """Raise ApiError INVALID_ARGUMENT for a message that does not fit."""
    try:
        if encoding == "BINARY":
            _parsed(definition).check_binary(content)
        else:
            _parsed(definition).check_json(content)
    except AvroError as error:
        text = "Invalid data in message: Message failed schema validation."
        raise ApiError("INVALID_ARGUMENT", text, details=[_why(error)]) from None


def revisions(tx: Transaction, name: str) -> Iterator[Document]:
    """Yield the revisions of a schema, oldest first."""
    for _, revision in tx.scan(SCHEMAS, f"{name}@"):
        yield revision


def found_schema(tx: Transaction, name: str) -> Document:
    """Return a revision (``…/schemas/s@1a2b3c4d``) or the newest one. Raises ApiError NOT_FOUND."""
    plain, _, wanted = canonical_name(tx, name).partition("@")
    kept = [each for each in revisions(tx, plain) if not wanted or each["revisionId"] == wanted]
    if not kept:
        raise missing(name)
    return kept[-1]


def check_schema_settings(call: Call, topic: Document) -> None:
    """Raise ApiError unless a topic's schema exists, the caller may attach it and its revisions are there."""
    settings = topic.get("schemaSettings") or {}
    if not settings or settings.get("schema") == DELETED_SCHEMA:
        return
    if settings.get("encoding") not in {"JSON", "BINARY"}:
        raise invalid_argument("schema_settings.encoding must be JSON or BINARY.")
    name = canonical_name(call.tx, settings["schema"])
    call.require("pubsub.schemas.attach", pubsub_resource(call.tx, name))
    for revision in ("", settings.get("firstRevisionId"), settings.get("lastRevisionId")):
        found_schema(call.tx, f"{name}@{revision}" if revision else name)


def check_against_schema(tx: Transaction, topic: Document, messages: Sequence[Json]) -> None:
    """Raise ApiError INVALID_ARGUMENT unless each message fits a revision that the topic allows."""
    settings = topic.get("schemaSettings") or {}
    if not settings or settings.get("schema") == DELETED_SCHEMA:
        return
    allowed = [each["definition"] for each in _allowed(tx, settings)]
    for message in messages:
        content = base64.b64decode(message.get("data", ""), altchars=b"-_" if "_" in message.get("data", "") else None)
        problems = [_problem(definition, content, settings["encoding"]) for definition in reversed(allowed)]
        if all(problems) and problems[0] is not None:
            raise problems[0]


def _allowed(tx: Transaction, settings: Json) -> list[Document]:
    kept = list(revisions(tx, canonical_name(tx, settings["schema"])))
    ids = [each["revisionId"] for each in kept]
    first = ids.index(settings["firstRevisionId"]) if settings.get("firstRevisionId") in ids else 0
    last = ids.index(settings["lastRevisionId"]) if settings.get("lastRevisionId") in ids else len(ids) - 1
    return kept[first : last + 1]


def _problem(definition: str, content: bytes, encoding: str) -> ApiError | None:
    try:
        check_message(definition, content, encoding)
    except ApiError as error:
        return error
    return None


def _why(error: AvroError) -> Json:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "INVALID_MESSAGE",
        "domain": "pubsub.googleapis.com",
        "metadata": {"message": str(error)},
    }


@lru_cache(maxsize=64)
def _parsed(definition: str) -> AvroSchema:
    return AvroSchema(definition)

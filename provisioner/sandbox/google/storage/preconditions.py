"""ifGenerationMatch and its three sisters. https://cloud.google.com/storage/docs/request-preconditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.storage.refusals import condition_not_met
from provisioner.sandbox.http import Response

_MATCHES = (("ifGenerationMatch", "generation"), ("ifMetagenerationMatch", "metageneration"))
_DIFFERENCES = (("ifGenerationNotMatch", "generation"), ("ifMetagenerationNotMatch", "metageneration"))


def check(params: Mapping[str, Any], current: Mapping[str, Any] | None, prefix: str = "") -> None:
    """Raise ApiError 412 unless the conditions hold for the current resource (None: there is none, generation 0).

    ``prefix`` reads the conditions on a source: ``Source`` for ``ifSourceGenerationMatch``.
    """
    for name, field in _MATCHES:
        wanted = _value(params, name, prefix)
        if wanted is not None and wanted != _number(current, field):
            raise condition_not_met()
    for name, field in _DIFFERENCES:
        unwanted = _value(params, name, prefix)
        if unwanted is not None and unwanted == _number(current, field):
            raise condition_not_met("If-None-Match")


def not_modified(params: Mapping[str, Any], current: Mapping[str, Any]) -> Response | None:
    """Return 304 for a read whose "not match" conditions fail; raises ApiError 412 when a "match" condition does."""
    for name, field in _DIFFERENCES:
        if params.get(name) is not None and params[name] == _number(current, field):
            return Response(304)
    check(params, current)
    return None


def _value(params: Mapping[str, Any], name: str, prefix: str) -> str | None:
    value = params.get(name.replace("if", f"if{prefix}", 1))
    return None if value is None else str(value)


def _number(current: Mapping[str, Any] | None, field: str) -> str:
    return str(current[field]) if current else "0"

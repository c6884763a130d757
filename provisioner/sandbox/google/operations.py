"""Long-running operations: made by a handler, read by ``operations.get`` of any API.

The work itself is done at once; the setting ``lro_polls`` makes an operation answer ``done: false`` that many times
before it shows its result. https://cloud.google.com/apis/design/design_patterns#long_running_operations.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError, not_found
from provisioner.sandbox.google.method import Call

Json = dict[str, Any]
_COLLECTION = "google/operations"


def succeeded(call: Call, name: str, response: Json, metadata: Json | None = None) -> Json:
    """Record an operation that worked; return its first answer.

    ``name`` is the full resource name (``projects/p/locations/l/operations/…``); ``response`` needs its ``@type``
    where the API has one.
    """
    return _start(call, {"name": name, "metadata": metadata or {}, "response": response})


def failed(call: Call, name: str, error: ApiError, metadata: Json | None = None) -> Json:
    """Record an operation that was accepted and then went wrong; return its first answer."""
    return _start(call, {"name": name, "metadata": metadata or {}, "error": error.rpc_status()})


def poll(call: Call) -> Json:
    """Answer ``operations.get``: handler for every API."""
    api = call.method.partition(".")[0]
    name = str(call.params.get("name") or call.params.get("operation"))
    kept = call.tx.get(_COLLECTION, f"{api}/{name}")
    if kept is None:
        raise not_found(f'Resource "{name}" was not found')
    left = kept["polls"]
    if left > 0:
        call.tx.put(_COLLECTION, f"{api}/{name}", kept | {"polls": left - 1})
    return _shown(kept["operation"], done=left <= 0)


def _start(call: Call, operation: Json) -> Json:
    api = call.method.partition(".")[0]
    polls = int(call.world.settings["lro_polls"])
    if not operation["metadata"]:
        del operation["metadata"]
    call.tx.put(_COLLECTION, f"{api}/{operation['name']}", {"operation": operation, "polls": polls - 1})
    return _shown(operation, done=polls <= 0)


def _shown(operation: Json, *, done: bool) -> Json:
    if done:
        result = {key: operation[key] for key in ("error", "response") if key in operation}
        return {key: operation[key] for key in ("name", "metadata") if key in operation} | {"done": True} | result
    return {key: operation[key] for key in ("name", "metadata") if key in operation}

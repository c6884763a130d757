"""Long-running operations: made by a handler, read by ``operations.get`` of any API.

The work itself is done at once; the setting ``lro_polls`` makes an operation answer ``done: false`` that many times
before it shows its result. https://cloud.google.com/apis/design/design_patterns#long_running_operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import ApiError, not_found
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.store import Transaction

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


def begun(call: Call, name: str, metadata: Json | None = None) -> Json:
    """Record an operation whose work goes on after this request; ``finish`` ends it. Return its first answer."""
    operation = {"name": name} | ({"metadata": metadata} if metadata else {})
    call.tx.put(_COLLECTION, _key(call, name), {"operation": operation, "polls": 0, "pending": True})
    return _shown(operation, done=False)


def finish(tx: Transaction, api: str, name: str, result: Json | ApiError) -> None:
    """End an operation that was ``begun``, if it is still known; ``api`` is the first word of its method's id."""
    kept = tx.get(_COLLECTION, f"{api}/{name}")
    if kept is None:
        return
    outcome = {"error": result.rpc_status()} if isinstance(result, ApiError) else {"response": result}
    tx.put(_COLLECTION, f"{api}/{name}", {"operation": kept["operation"] | outcome, "polls": 0})


def operations_under(call: Call, prefix: str) -> Iterator[tuple[str, Json]]:
    """Yield (name, operation as it is shown) of all that were begun below a resource name, by name."""
    for key, kept in call.tx.scan(_COLLECTION, _key(call, prefix)):
        yield key.partition("/")[2], _shown(kept["operation"], done=_done(kept))


def forget(call: Call, name: str) -> None:
    """Delete an operation's record; what it does goes on. Raises ApiError NOT_FOUND."""
    if not call.tx.delete(_COLLECTION, _key(call, name)):
        raise not_found(f'Resource "{name}" was not found')


def poll(call: Call) -> Json:
    """Answer ``operations.get``: handler for every API."""
    name = str(call.params.get("name") or call.params.get("operation"))
    kept = call.tx.get(_COLLECTION, _key(call, name))
    if kept is None:
        raise not_found(f'Resource "{name}" was not found')
    left = kept["polls"]
    if left > 0:
        call.tx.put(_COLLECTION, _key(call, name), kept | {"polls": left - 1})
    return _shown(kept["operation"], done=_done(kept))


def cancel(call: Call) -> Json:
    """Answer ``operations.cancel``: the work was done at once, so it goes on; success is not promised anywhere."""
    name = str(call.params["name"])
    if call.tx.get(_COLLECTION, _key(call, name)) is None:
        raise not_found(f'Resource "{name}" was not found')
    return {}


def delete(call: Call) -> Json:
    """Answer ``operations.delete``: forget the record."""
    forget(call, str(call.params["name"]))
    return {}


def _start(call: Call, operation: Json) -> Json:
    polls = int(call.world.settings["lro_polls"])
    if not operation["metadata"]:
        del operation["metadata"]
    call.tx.put(_COLLECTION, _key(call, operation["name"]), {"operation": operation, "polls": polls - 1})
    return _shown(operation, done=polls <= 0)


def _key(call: Call, name: str) -> str:
    return f"{call.method.partition('.')[0]}/{name}"


def _done(kept: Json) -> bool:
    return kept["polls"] <= 0 and not kept.get("pending")


def _shown(operation: Json, *, done: bool) -> Json:
    if done:
        result = {key: operation[key] for key in ("error", "response") if key in operation}
        return {key: operation[key] for key in ("name", "metadata") if key in operation} | {"done": True} | result
    return {key: operation[key] for key in ("name", "metadata") if key in operation}

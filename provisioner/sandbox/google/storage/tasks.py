"""Long-running operations of Cloud Storage: ``projects/_/buckets/<bucket>/operations/<id>``.

They are done when they are first heard of, unless the setting ``lro_polls`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_OPERATIONS = "google/storage.operations"  # "<bucket>/<id>": {"operation", "polls"}
_EMPTY = "type.googleapis.com/google.protobuf.Empty"


def finished(call: Call, name: str, metadata: Json, response: Json | None = None) -> Json:
    """Record an operation that worked; return its first answer."""
    bucket_name, identifier = name.split("/")[3], name.rpartition("/")[2]
    moment = timestamp(call.now)
    common = {"createTime": moment, "updateTime": moment, "endTime": moment, "requestedCancellation": False}
    operation = {
        "kind": "storage#operation",
        "name": name,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket_name}/operations/{identifier}",
        "metadata": metadata | {"commonMetadata": common | metadata.get("commonMetadata", {})},
        "response": response or {"@type": _EMPTY},
    }
    entry = {"operation": operation, "polls": int(call.world.settings["lro_polls"])}
    call.tx.put(_OPERATIONS, f"{bucket_name}/{identifier}", entry)
    return _shown(entry)


def polled(call: Call, bucket_name: str, identifier: str) -> Json:
    """Return an operation, one poll nearer to its end. Raises ApiError NOT_FOUND."""
    key = f"{bucket_name}/{identifier}"
    entry = call.tx.get(_OPERATIONS, key)
    if entry is None:
        raise ApiError("NOT_FOUND", f"The operation {identifier} does not exist.")
    entry["polls"] = max(int(entry["polls"]) - 1, 0)
    call.tx.put(_OPERATIONS, key, entry)
    return _shown(entry)


def operations(call: Call, bucket_name: str) -> Iterator[tuple[str, Json]]:
    """Yield (id, operation) of a bucket."""
    for key, entry in call.tx.scan(_OPERATIONS, f"{bucket_name}/"):
        yield key.partition("/")[2], _shown(entry)


def _shown(entry: Document) -> Json:
    operation: Json = entry["operation"]
    if entry["polls"] <= 0:
        return operation | {"done": True}
    return {key: value for key, value in operation.items() if key != "response"} | {"done": False}

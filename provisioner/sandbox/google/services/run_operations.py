"""Long-running operations of Cloud Run, as both of its APIs show them."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.run.deploying import TYPE
from provisioner.sandbox.google.run.knative_services import show_service
from provisioner.sandbox.google.run.names import canonical_name, location_resource
from provisioner.sandbox.google.run.starting import resume
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]
_API = "run.projects.locations.operations"


def _operation(call: Call) -> Resource:
    return location_resource(call.tx, call.params["name"])


@method(f"v2/{_API}.get", f"v2/{_API}.wait", permission="run.operations.get", on=_operation)
def get(call: Call) -> Json:
    """Return an operation; ``wait`` answers at once with what is known, as it may."""
    call.params["name"] = canonical_name(call.tx, call.params["name"])
    found = operations.poll(call)
    if "done" not in found:
        resume(call.world)
    return found


@method(f"v1/{_API}.get", f"v1/{_API}.wait", permission="run.operations.get", on=_operation)
def get_v1(call: Call) -> Json:
    """Return an operation; a service in it is said in the words of v1."""
    found = get(call)
    result = found.get("response", {})
    if result.get("@type") == TYPE and "deleteTime" not in result:
        shown = show_service(call, {key: value for key, value in result.items() if key != "@type"})
        found["response"] = {"@type": "type.googleapis.com/google.cloud.run.v1.Service", **shown}
    return found


@method(f"{_API}.list", permission="run.operations.list", on=_operation)
def list_operations(call: Call) -> Json:
    """Return a page of a location's operations."""
    prefix = f"{canonical_name(call.tx, call.params['name'])}/operations/"
    items, token = page(call, operations.operations_under(call, prefix))
    return ({"operations": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.delete", permission="run.operations.delete", on=_operation)
def delete(call: Call) -> None:
    """Forget an operation; what it does goes on."""
    operations.forget(call, canonical_name(call.tx, call.params["name"]))

"""What creating, changing and deleting a service does, whichever API asked for it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import already_exists
from provisioner.sandbox.google.hierarchy import project
from provisioner.sandbox.google.identity.accounts import default_compute_email
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.checks import check_act_as
from provisioner.sandbox.google.run.names import (
    ADDRESSES,
    LAST_OPERATIONS,
    SERVICE,
    SERVICES,
    last,
    location_of,
    operation_name,
    uris,
    who,
)
from provisioner.sandbox.google.run.revisions import delete_revisions, new_revision, settle, template_changed
from provisioner.sandbox.google.run.starting import begin
from provisioner.sandbox.google.run.stopping import stop
from provisioner.sandbox.google.services.run_defaults import check_service_id, with_defaults
from provisioner.sandbox.google.wire import fresh_etag, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
TYPE = "type.googleapis.com/google.cloud.run.v2.Service"
_SERVER_FIELDS = frozenset(
    (
        "name",
        "uid",
        "createTime",
        "creator",
        "uri",
        "urls",
        "generation",
        "latestCreatedRevision",
        "latestReadyRevision",
        "terminalCondition",
    )
)


def create_service(call: Call, parent: str, service_id: str, sent: Json) -> Json:
    """Create a service and its first revision; return the operation. A revision that fails leaves the service.

    ``parent`` has the project's id. Raises ApiError for a name against the rules or in use.
    """
    check_service_id(service_id)
    name = f"{parent}/services/{service_id}"
    if call.tx.get(SERVICES, name) is not None:
        raise already_exists(f"Resource '{service_id}' already exists.")
    addresses = uris(project(call.tx, name.split("/")[1])["projectNumber"], location_of(name), service_id)
    for address in addresses:
        call.tx.put(ADDRESSES, address.removeprefix("https://"), {"name": name})
    fixed = {
        "name": name,
        "uid": str(uuid4()),
        "createTime": timestamp(call.now),
        "creator": who(call),
        "uri": addresses[-1],
        "urls": addresses,
        "generation": "0",
    }
    return roll_out(call, fixed, sent)


def roll_out(call: Call, found: Document, sent: Json, *, force: bool = False) -> Json:
    """Give a service the user's part ``sent``; a changed template makes a revision. Return the operation."""
    owner = project(call.tx, found["name"].split("/")[1])
    wanted = with_defaults(sent, default_compute_email(owner))
    check_act_as(call, wanted["template"]["serviceAccount"])
    changed = {key: value for key, value in found.items() if key in _SERVER_FIELDS} | wanted
    changed["generation"] = str(int(found["generation"]) + 1)
    changed |= {"lastModifier": who(call), "updateTime": timestamp(call.now), "etag": f'"{fresh_etag(call.tx)}"'}
    state, failure = "", None
    if force or template_changed(call.tx, changed):
        decision = new_revision(call, owner, changed)
        state, failure = decision.state, decision.failure
    settle(call.tx, changed, state, failure, call.now)
    call.tx.put(SERVICES, changed["name"], changed)
    name, metadata = operation_name(changed["name"]), {"@type": TYPE}
    call.tx.put(LAST_OPERATIONS, changed["name"], {"name": name})
    if failure:
        return operations.failed(call, name, failure.error(last(changed["latestCreatedRevision"])), metadata)
    if state == "starting":
        begin(call, changed["latestCreatedRevision"], name)
        return operations.begun(call, name, metadata)
    return operations.succeeded(call, name, {"@type": TYPE, **changed}, metadata)


def delete_service(call: Call, found: Document) -> Json:
    """Delete a service with its revisions; return the operation."""
    call.tx.delete(SERVICES, found["name"])
    call.tx.delete(LAST_OPERATIONS, found["name"])
    delete_revisions(call.tx, found["name"])
    for address in found["urls"]:
        call.tx.delete(ADDRESSES, address.removeprefix("https://"))
    stop(call, found["name"])
    delete_policy(call.tx, f"//{SERVICE}/{found['name']}")
    gone = {"@type": TYPE, **found, "deleteTime": timestamp(call.now)}
    return operations.succeeded(call, operation_name(found["name"]), gone, {"@type": TYPE})

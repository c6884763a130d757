"""Revisions of Cloud Run services (v2): one per changed template, and the traffic between them."""

from __future__ import annotations

import secrets
import string
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.run_rollout import Failure, find_failure
from provisioner.sandbox.google.wire import fresh_etag, page, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
REVISIONS = "google/run.revisions"  # by name with the project's id; fields as run v2
_API = "run.projects.locations.services.revisions"
_SERVICE = "run.googleapis.com"
_TYPE = "type.googleapis.com/google.cloud.run.v2.Revision"
_OWN_FIELDS = frozenset(("revision", "annotations", "labels"))
_SUCCEEDED = "CONDITION_SUCCEEDED"
_FAILED = "CONDITION_FAILED"


def template_changed(tx: Transaction, service: Document) -> bool:
    """Tell whether a service's template asks for another revision than its latest one."""
    latest = tx.get(REVISIONS, service.get("latestCreatedRevision", ""))
    return latest is None or latest["template"] != service["template"]


def new_revision(call: Call, owner: Document, service: Document) -> Failure | None:
    """Create the revision a service's template asks for and note it in the service; return why it is not ready."""
    template = service["template"]
    short = template.get("revision") or _fresh_name(service)
    name = f"{service['name']}/revisions/{short}"
    if not short.startswith(f"{service['name'].rpartition('/')[2]}-"):
        raise invalid_argument(f"Revision name {short} must start with the service's name and a hyphen.")
    if call.tx.get(REVISIONS, name) is not None:
        raise already_exists(f"Revision named '{short}' with different configuration already exists.")
    failure = find_failure(call, owner, template)
    stamp = timestamp(call.now)
    shown = {key: value for key, value in template.items() if key not in _OWN_FIELDS}
    shown |= {
        "name": name,
        "uid": str(uuid4()),
        "generation": "1",
        "observedGeneration": "1",
        "createTime": stamp,
        "updateTime": stamp,
        "creator": service["lastModifier"],
        "service": service["name"].rpartition("/")[2],
        "launchStage": service["launchStage"],
        "etag": f'"{fresh_etag(call.tx)}"',
        "conditions": [_condition(call, kind, failure) for kind in ("Ready", "ContainerReady", "ResourcesAvailable")],
    }
    call.tx.put(REVISIONS, name, {"shown": shown, "template": template})
    service["latestCreatedRevision"] = name
    if failure is None:
        service["latestReadyRevision"] = name
    return failure


def settle(call: Call, service: Document, failure: Failure | None) -> None:
    """Fill in what follows from revisions and traffic: conditions, statuses, the observed generation."""
    _check_targets(call.tx, service)
    service["observedGeneration"] = service["generation"]
    latest = service["latestCreatedRevision"].rpartition("/")[2]
    ready = _condition(call, "Ready", None)
    if failure:
        text = f"Revision '{latest}' is not ready and cannot serve traffic. {failure.message}"
        ready = {"type": "Ready", "state": _FAILED, "message": text, "lastTransitionTime": timestamp(call.now)}
        ready |= {"reason": "REVISION_FAILED"}
    elif service["latestCreatedRevision"] != service.get("latestReadyRevision"):
        ready = service["terminalCondition"]
    service["terminalCondition"] = ready
    configured = ready | {"type": "ConfigurationsReady"}
    service["conditions"] = [_condition(call, "RoutesReady", None) if not failure else ready | {"type": "RoutesReady"}]
    service["conditions"].append(configured)
    service["trafficStatuses"] = [_traffic_status(service, target) for target in service["traffic"]]


def delete_revisions(tx: Transaction, service: str) -> None:
    """Forget all revisions of a service."""
    for name, _ in list(tx.scan(REVISIONS, f"{service}/revisions/")):
        tx.delete(REVISIONS, name)


def _revision(call: Call) -> Resource:
    parts = (call.params.get("name") or call.params["parent"]).split("/")
    own = "/".join(["projects", project(call.tx, parts[1])["projectId"], *parts[2:6]])
    return inside_project(
        call.tx, parts[1], name=own, kind=f"{_SERVICE}/Service", service=_SERVICE, policy=f"//{_SERVICE}/{own}"
    )


def _existing(call: Call) -> Document:
    parts = call.params["name"].split("/")
    found = call.tx.get(REVISIONS, f"{_revision(call).name}/revisions/{parts[-1]}")
    if found is None:
        raise not_found(
            f"Resource '{parts[-1]}' of kind 'REVISION' in region '{parts[3]}' in project '{parts[1]}' does not exist."
        )
    return found


@method(f"{_API}.get", permission="run.revisions.get", on=_revision)
def get(call: Call) -> Json:
    """Return a revision."""
    shown: Json = _existing(call)["shown"]
    return shown


@method(f"{_API}.list", permission="run.revisions.list", on=_revision)
def list_revisions(call: Call) -> Json:
    """Return a page of a service's revisions."""
    rows = call.tx.scan(REVISIONS, f"{_revision(call).name}/revisions/")
    items, token = page(call, ((name, revision["shown"]) for name, revision in rows))
    return ({"revisions": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.delete", permission="run.revisions.delete", on=_revision)
def delete(call: Call) -> Json:
    """Delete a revision that serves nothing."""
    shown = _existing(call)["shown"]
    service = call.tx.get("google/run.services", _revision(call).name) or {}
    short = shown["name"].rpartition("/")[2]
    named = {target.get("revision") for target in service.get("traffic", [])}
    if shown["name"] == service.get("latestCreatedRevision") or short in named:
        raise failed_precondition(f"Revision '{short}' cannot be deleted: it is the latest one or receives traffic.")
    call.tx.delete(REVISIONS, shown["name"])
    operation = f"{shown['name'].partition('/services/')[0]}/operations/{uuid4()}"
    return operations.succeeded(call, operation, {"@type": _TYPE, **shown}, {"@type": _TYPE})


def _fresh_name(service: Document) -> str:
    suffix = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3))
    return f"{service['name'].rpartition('/')[2]}-{int(service['generation']):05d}-{suffix}"


def _condition(call: Call, kind: str, failure: Failure | None) -> Json:
    condition = {"type": kind, "state": _FAILED if failure else _SUCCEEDED, "lastTransitionTime": timestamp(call.now)}
    return condition | ({"reason": failure.reason, "message": failure.message} if failure else {})


def _check_targets(tx: Transaction, service: Document) -> None:
    for target in service["traffic"]:
        revision = target.get("revision")
        if revision and tx.get(REVISIONS, f"{service['name']}/revisions/{revision}") is None:
            raise invalid_argument(f"Revision '{revision}' of service '{service['name']}' does not exist.")


def _traffic_status(service: Document, target: Json) -> Json:
    if not target.get("tag"):
        return target
    return target | {"uri": service["uri"].replace("https://", f"https://{target['tag']}---")}

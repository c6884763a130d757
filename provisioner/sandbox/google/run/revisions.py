"""Revisions of services: one per changed template; what follows from them for the service."""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.decisions import Decision, decide
from provisioner.sandbox.google.run.names import REVISIONS, SERVICES, last
from provisioner.sandbox.google.services.run_rollout import Failure, image_digest
from provisioner.sandbox.google.wire import fresh_etag, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_OWN_FIELDS = frozenset(("revision", "annotations", "labels"))
_CONDITIONS = ("Ready", "ContainerReady", "ResourcesAvailable")
_SUCCEEDED, _FAILED, _UNDER_WAY = "CONDITION_SUCCEEDED", "CONDITION_FAILED", "CONDITION_RECONCILING"


def template_changed(tx: Transaction, service: Document) -> bool:
    """Tell whether a service's template asks for another revision than its latest one."""
    latest = tx.get(REVISIONS, service.get("latestCreatedRevision", ""))
    return latest is None or latest["template"] != service["template"]


def new_revision(call: Call, owner: Document, service: Document) -> Decision:
    """Create the revision a service's template asks for and note it in the service; return whether it comes up."""
    template = service["template"]
    short = template.get("revision") or _fresh_name(service)
    name = f"{service['name']}/revisions/{short}"
    if not short.startswith(f"{last(service['name'])}-"):
        raise invalid_argument(f"Revision name {short} must start with the service's name and a hyphen.")
    if call.tx.get(REVISIONS, name) is not None:
        raise already_exists(f"Revision named '{short}' with different configuration already exists.")
    decision = decide(call, owner, template)
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
        "service": last(service["name"]),
        "launchStage": service["launchStage"],
        "etag": f'"{fresh_etag(call.tx)}"',
    }
    digest = image_digest(call.tx, template["containers"][0]["image"])
    kept = {"shown": shown, "template": template, "decision": decision.document()}
    call.tx.put(REVISIONS, name, kept | ({"imageDigest": digest} if digest else {}))
    service["latestCreatedRevision"] = name
    _note(call.tx, name, decision.state, decision.failure, call.now)
    if decision.state == "ready":
        service["latestReadyRevision"] = name
    return decision


def conclude(tx: Transaction, name: str, failure: Failure | None, now: datetime) -> Document | None:
    """Note how a revision that was being started came out, and what follows for its service; return the service."""
    revision = tx.get(REVISIONS, name)
    service = tx.get(SERVICES, name.partition("/revisions/")[0])
    if revision is None or service is None:
        return None
    _note(tx, name, "failed" if failure else "ready", failure, now)
    ready = tx.get(REVISIONS, service.get("latestReadyRevision", ""))
    if failure is None and (ready is None or ready["shown"]["createTime"] <= revision["shown"]["createTime"]):
        service["latestReadyRevision"] = name
    if service["latestCreatedRevision"] == name:
        service.pop("reconciling", None)
        settle(tx, service, "failed" if failure else "ready", failure, now)
    tx.put(SERVICES, service["name"], service)
    return service


def settle(tx: Transaction, service: Document, state: str, failure: Failure | None, now: datetime) -> None:
    """Fill in what follows from revisions and traffic: conditions, statuses, the observed generation.

    ``state`` is that of the revision just made (ready, failed, starting), or empty when none was made.
    """
    _check_targets(tx, service)
    service["observedGeneration"] = service["generation"]
    ready = _condition("Ready", "ready", None, now)
    if failure:
        text = failure.error(last(service["latestCreatedRevision"])).message
        ready = _condition("Ready", "failed", Failure(failure.status, "REVISION_FAILED", text), now)
    elif state == "starting":
        ready = _condition("Ready", state, None, now) | {"message": "Deploying Revision."}
        service["reconciling"] = True
    elif service["latestCreatedRevision"] != service.get("latestReadyRevision"):
        ready = service["terminalCondition"]
    service["terminalCondition"] = ready
    service["conditions"] = [ready | {"type": "RoutesReady"}, ready | {"type": "ConfigurationsReady"}]
    service["trafficStatuses"] = [_traffic_status(service, target) for target in service["traffic"]]


def delete_revision(tx: Transaction, name: str) -> Json:
    """Delete a revision that serves nothing; return it. Raises ApiError FAILED_PRECONDITION otherwise."""
    shown: Json = (tx.get(REVISIONS, name) or {})["shown"]
    service = tx.get(SERVICES, name.partition("/revisions/")[0]) or {}
    named = {target.get("revision") for target in service.get("traffic", [])}
    if name == service.get("latestCreatedRevision") or last(name) in named:
        raise failed_precondition(
            f"Revision '{last(name)}' cannot be deleted: it is the latest one or receives traffic."
        )
    tx.delete(REVISIONS, name)
    return shown


def delete_revisions(tx: Transaction, service: str) -> None:
    """Forget all revisions of a service."""
    for name, _ in list(tx.scan(REVISIONS, f"{service}/revisions/")):
        tx.delete(REVISIONS, name)


def _note(tx: Transaction, name: str, state: str, failure: Failure | None, now: datetime) -> None:
    revision = tx.get(REVISIONS, name)
    if revision is not None:
        revision["shown"]["conditions"] = [_condition(kind, state, failure, now) for kind in _CONDITIONS]
        revision["shown"]["updateTime"] = timestamp(now)
        tx.put(REVISIONS, name, revision)


def _fresh_name(service: Document) -> str:
    suffix = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3))
    return f"{last(service['name'])}-{int(service['generation']):05d}-{suffix}"


def _condition(kind: str, state: str, failure: Failure | None, now: datetime) -> Json:
    shown = {"ready": _SUCCEEDED, "failed": _FAILED, "starting": _UNDER_WAY}[state]
    condition = {"type": kind, "state": shown, "lastTransitionTime": timestamp(now)}
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

"""Service Usage: which APIs are enabled in a project.

https://cloud.google.com/service-usage/docs/reference/rest/v1/services. Answers name projects by number.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.compute import create_default_network
from provisioner.sandbox.google.discovery import known_services
from provisioner.sandbox.google.errors import ApiError, failed_precondition, invalid_argument, permission_denied
from provisioner.sandbox.google.hierarchy import ENABLED_SERVICES, find_project, project_resource, service_enabled
from provisioner.sandbox.google.identity.accounts import create_default_compute_account
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_TYPES = "type.googleapis.com/google.api.serviceusage.v1."
_NOTHING_TO_DO = "operations/noop.DONE_OPERATION"
_MOST_AT_ONCE = 20
_STATES = {"": None, "state:ENABLED": "ENABLED", "state:DISABLED": "DISABLED"}
# Which services need a service: what people were seen to be told when they disabled it.
_DEPENDENTS = {
    "bigquery": ("bigquerystorage", "bigquerymigration", "bigqueryconnection", "bigquerydatapolicy"),
    "compute": ("container", "dataproc", "dataflow"),
    "oslogin": ("compute",),
    "pubsub": ("cloudfunctions", "eventarc"),
    "storage-api": ("cloudfunctions", "storage-component"),
    "artifactregistry": ("containerregistry", "containeranalysis"),
}
# APIs without a discovery document of this version here, yet enabled by name.
_MORE_SERVICES = frozenset(
    (
        *("cloudapis", "servicemanagement", "storage-api", "storage-component", "sql-component", "bigquerystorage"),
        *("containerscanning", "iap", "oslogin", "cloudasset", "cloudidentity", "orgpolicy", "eventarc"),
    )
)


def _owner(call: Call) -> Document:
    key = (call.params.get("name") or call.params["parent"]).split("/")[1]
    found = find_project(call.tx, key)
    if found is None or found["lifecycleState"] != "ACTIVE":
        raise permission_denied(f"Project '{key}' not found or permission denied.")
    return found


def _project(call: Call) -> Resource:
    return project_resource(call.tx, _owner(call)["projectId"])


@method("serviceusage.services.list", permission="serviceusage.services.list", on=_project)
def list_services(call: Call) -> Json:
    """Return services; ``filter`` is ``state:ENABLED``, ``state:DISABLED`` or nothing."""
    text = call.params.get("filter", "").replace(" ", "")
    if text not in _STATES:
        raise invalid_argument(f"Invalid filter: {call.params['filter']}")
    owner, state = _owner(call), _STATES[text]
    enabled = _enabled(call, owner)
    names = sorted(enabled if state == "ENABLED" else enabled | _known())
    entries = [(name, _shown(owner, name, enabled=name in enabled)) for name in names]
    if state == "DISABLED":
        entries = [(name, entry) for name, entry in entries if name not in enabled]
    shown, token = page(call, entries, default=50, maximum=200)
    return ({"services": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("serviceusage.services.get", permission="serviceusage.services.get", on=_project)
def get(call: Call) -> Json:
    """Return one service."""
    owner, name = _owner(call), _service(call.params["name"].rpartition("/")[2])
    return _shown(owner, name, enabled=service_enabled(call.tx, owner["projectId"], name))


@method("serviceusage.services.batchGet", permission="serviceusage.services.get", on=_project)
def batch_get(call: Call) -> Json:
    """Return several services."""
    owner, enabled = _owner(call), _enabled(call, _owner(call))
    names = [_service(name.rpartition("/")[2]) for name in call.params.get("names", [])]
    return {"services": [_shown(owner, name, enabled=name in enabled) for name in names]}


@method("serviceusage.services.enable", permission="serviceusage.services.enable", on=_project)
def enable(call: Call) -> Json:
    """Enable one service."""
    owner, name = _owner(call), _service(call.params["name"].rpartition("/")[2])
    response = {"@type": f"{_TYPES}EnableServiceResponse", "service": _shown(owner, name, enabled=True)}
    return _switch_on(call, owner, [name], response, "acf")


@method("serviceusage.services.batchEnable", permission="serviceusage.services.enable", on=_project)
def batch_enable(call: Call) -> Json:
    """Enable up to 20 services, all or none."""
    owner = _owner(call)
    names = [_service(name) for name in call.body.get("serviceIds") or []]
    if not 0 < len(names) <= _MOST_AT_ONCE:
        raise invalid_argument(f"The batch must have 1 to {_MOST_AT_ONCE} services.")
    shown = [_shown(owner, name, enabled=True) for name in names]
    response = {"@type": f"{_TYPES}BatchEnableServicesResponse", "services": shown}
    return _switch_on(call, owner, names, response, "acat")


@method("serviceusage.services.disable", permission="serviceusage.services.disable", on=_project)
def disable(call: Call) -> Json:
    """Disable one service; what was made with it stays. Others that need it are disabled too when the body says so."""
    owner, name = _owner(call), _service(call.params["name"].rpartition("/")[2])
    dependents = _active_dependents(call, owner, name)
    if dependents and not call.body.get("disableDependentServices"):
        raise _depended_on(name, dependents)
    for each in dependents:
        call.tx.delete(ENABLED_SERVICES, f"{owner['projectId']}/{each}")
    response = {"@type": f"{_TYPES}DisableServiceResponse", "service": _shown(owner, name, enabled=False)}
    if not call.tx.delete(ENABLED_SERVICES, f"{owner['projectId']}/{name}"):
        return {"name": _NOTHING_TO_DO, "done": True, "response": response}
    return _operation(call, owner, "acf", response)


@method("serviceusage.operations.get")
def get_operation(call: Call) -> Json:
    """Return an operation; the one that stands for nothing to do is always done."""
    if call.params["name"] == _NOTHING_TO_DO:
        return {"name": _NOTHING_TO_DO, "done": True}
    return operations.poll(call)


def _active_dependents(call: Call, owner: Document, name: str) -> list[str]:
    """Return the enabled services that need a service, directly or not, in the order of their names."""
    enabled = _enabled(call, owner)
    found: set[str] = set()
    waiting = [name]
    while waiting:
        more = {f"{each}.googleapis.com" for each in _DEPENDENTS.get(waiting.pop().partition(".")[0], ())}
        waiting += (more & enabled) - found
        found |= more & enabled
    return sorted(found)


def _depended_on(name: str, dependents: list[str]) -> ApiError:
    what = "service" if len(dependents) == 1 else "services"
    text = (
        f"The service {name} is depended on by the following active {what}: {','.join(dependents)}; Please specify "
        "disable_dependent_services=true if you want to proceed with disabling all services."
    )
    violation = {"type": "googleapis.com", "subject": "100001", "description": text}
    return failed_precondition(
        text, [{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]}]
    )


def _switch_on(call: Call, owner: Document, names: list[str], response: Json, letters: str) -> Json:
    fresh = [name for name in names if not service_enabled(call.tx, owner["projectId"], name)]
    if not fresh:
        return {"name": _NOTHING_TO_DO, "done": True, "response": response}
    for name in fresh:
        call.tx.put(ENABLED_SERVICES, f"{owner['projectId']}/{name}", {})
    if "compute.googleapis.com" in fresh:
        create_default_compute_account(call.tx, owner, call.now)
        create_default_network(call.tx, owner, call.now)
    return _operation(call, owner, letters, response)


def _operation(call: Call, owner: Document, letters: str, response: Json) -> Json:
    name = f"operations/{letters}.p2-{owner['projectNumber']}-{uuid.uuid4()}"
    return operations.succeeded(call, name, response, {"@type": f"{_TYPES}OperationMetadata"})


def _shown(owner: Document, name: str, *, enabled: bool) -> Json:
    parent = f"projects/{owner['projectNumber']}"
    state = "ENABLED" if enabled else "DISABLED"
    return {"name": f"{parent}/services/{name}", "config": {"name": name}, "state": state, "parent": parent}


def _enabled(call: Call, owner: Document) -> frozenset[str]:
    prefix = f"{owner['projectId']}/"
    return frozenset(key.removeprefix(prefix) for key, _ in call.tx.scan(ENABLED_SERVICES, prefix))


def _known() -> frozenset[str]:
    return frozenset(f"{name}.googleapis.com" for name in known_services() | _MORE_SERVICES)


def _service(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+\.googleapis\.com", name) or name not in _known():
        raise ApiError("NOT_FOUND", f"Not found or permission denied for service(s): {name}.")
    return name

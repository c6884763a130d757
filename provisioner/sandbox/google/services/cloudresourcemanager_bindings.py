"""Bindings of tags to resources, what a resource inherits, and holds on values, of Resource Manager v3."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import invalid_argument, not_found, permission_denied
from provisioner.sandbox.google.hierarchy import find_project, parent_policies, project_policies
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import tags
from provisioner.sandbox.google.resourcemanager.projects import stamp
from provisioner.sandbox.google.services.cloudresourcemanager_tags import tag_resource
from provisioner.sandbox.google.wire import page, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "cloudresourcemanager"
_SERVICE = "cloudresourcemanager.googleapis.com"
_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v3"
_BUCKETS = "//storage.googleapis.com/projects/_/buckets/"
# Service of the full resource name, and the kinds whose permissions say who may tag them.
_KINDS = {
    "run.googleapis.com": ("services", "jobs"),
    "artifactregistry.googleapis.com": ("repositories",),
    "secretmanager.googleapis.com": ("secrets",),
    "pubsub.googleapis.com": ("topics", "subscriptions"),
    "cloudkms.googleapis.com": ("keyRings",),
    "bigquery.googleapis.com": ("datasets",),
}
_MOST = 50


def _resource(call: Call, full_name: str) -> Resource:
    """Return a tagged resource by its full name. Raises ApiError for one that cannot have tags or does not exist."""
    name = tags.canonical(call.tx, full_name)
    service, _, path = name.removeprefix("//").partition("/")
    return Resource(path, f"{service}/Resource", service, (name, *_above(call, name, service, path)))


def _above(call: Call, name: str, service: str, path: str) -> tuple[str, ...]:
    if service == _SERVICE and path.startswith(("folders/", "organizations/")):
        return parent_policies(call.tx, path)[1:]
    if name.startswith(_BUCKETS):
        bucket = call.tx.get("google/storage.buckets", name.removeprefix(_BUCKETS))
        owner = find_project(call.tx, str(bucket["projectNumber"])) if bucket else None
    else:
        owner = find_project(call.tx, path.split("/")[1]) if path.startswith("projects/") else None
    if owner is None:
        raise permission_denied(f"Permission denied on resource '{name}' (or it may not exist).")
    policies = project_policies(call.tx, owner)
    return policies[1:] if service == _SERVICE else policies


def _permission(name: str, verb: str) -> str:
    service, _, path = name.removeprefix("//").partition("/")
    if service == _SERVICE:
        return f"resourcemanager.hierarchyNodes.{verb}"
    if name.startswith(_BUCKETS):
        return f"storage.buckets.{verb}"
    kind = next((kind for kind in _KINDS.get(service, ()) if f"/{kind}/" in path), None)
    if kind is None:
        raise invalid_argument(f"Tags cannot be bound to {name}.", ("parent", "unsupported resource"))
    return f"{service.partition('.')[0]}.{kind}.{verb}"


@method(f"{_API}.tagBindings.create")
def create(call: Call) -> Json:
    """Bind a value to a resource; needs the permission on both."""
    parent = call.body.get("parent", "")
    resource = _resource(call, parent)
    call.require(_permission(resource.policies[0], "createTagBinding"), resource)
    value = _value(call)
    call.require("resourcemanager.tagValueBindings.create", tag_resource(call, value["name"]))
    if len(tags.bindings_of(call.tx, resource.policies[0])) >= _MOST:
        raise invalid_argument(f"A resource can have at most {_MOST} tags.")
    return _done(call, _shown(tags.bind(call.tx, resource.policies[0], parent, value)), "TagBinding")


@method(f"{_API}.tagBindings.delete")
def delete(call: Call) -> Json:
    """Take a value off a resource."""
    encoded, _, value_name = call.params["name"].removeprefix("tagBindings/").partition("/")
    if not value_name:
        raise invalid_argument("A binding's name is tagBindings/RESOURCE/tagValues/NUMBER.", ("name", "invalid"))
    resource = _resource(call, unquote(unquote(encoded)))
    call.require(_permission(resource.policies[0], "deleteTagBinding"), resource)
    value = tags.find_value(call.tx, value_name)
    call.require("resourcemanager.tagValueBindings.delete", tag_resource(call, value["name"]))
    place = f"{resource.policies[0]} {value['parent'].removeprefix('tagKeys/')}"
    held = call.tx.get(tags.BINDINGS, place)
    if held is None or held["tagValue"] != value["name"]:
        raise not_found("Requested entity was not found.")
    call.tx.delete(tags.BINDINGS, place)
    return _done(call, {}, "")


@method(f"{_API}.tagBindings.list")
def list_bindings(call: Call) -> Json:
    """Return a page of what is bound to this very resource."""
    resource = _resource(call, call.params.get("parent") or "")
    call.require(_permission(resource.policies[0], "listTagBindings"), resource)
    rows = ((binding["tagValue"], binding) for binding in tags.bindings_of(call.tx, resource.policies[0]))
    found, token = page(call, sorted(rows, key=lambda row: str(row[0])))
    shown = [_shown(binding) for binding in found]
    return ({"tagBindings": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.effectiveTags.list")
def list_effective(call: Call) -> Json:
    """Return a page of the tags that count for a resource, its own and inherited ones."""
    resource = _resource(call, call.params.get("parent") or "")
    call.require(_permission(resource.policies[0], "listEffectiveTags"), resource)
    counted = tags.effective(call.tx, resource.policies)
    found, token = page(call, sorted((binding["tagKey"], (binding, below)) for binding, below in counted))
    shown = [_effective(call, binding, inherited=inherited) for binding, inherited in found]
    return ({"effectiveTags": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


def _held_value(call: Call) -> Resource:
    name = call.params.get("parent") or call.params["name"].partition("/tagHolds/")[0]
    return tag_resource(call, name)


@method(f"{_API}.tagValues.tagHolds.create", permission="resourcemanager.tagHolds.create", on=_held_value)
def create_hold(call: Call) -> Json:
    """Hold a value: it cannot be deleted."""
    if not call.body.get("holder"):
        raise invalid_argument("The holder must be set.", ("tag_hold.holder", "required"))
    number = tags.new_number()
    name = f"{call.params['parent']}/tagHolds/{number}"
    taken = {key: call.body[key] for key in ("holder", "origin", "helpLink") if call.body.get(key)}
    made = {"name": name, "createTime": stamp(call.now)} | taken
    if not call.params.get("validateOnly"):
        call.tx.put(tags.HOLDS, f"{call.params['parent'].removeprefix('tagValues/')}/{number}", made)
    return _done(call, made, "TagHold")


@method(f"{_API}.tagValues.tagHolds.list", permission="resourcemanager.tagHolds.list", on=_held_value)
def list_holds(call: Call) -> Json:
    """Return a page of a value's holds."""
    found, token = page(call, call.tx.scan(tags.HOLDS, f"{call.params['parent'].removeprefix('tagValues/')}/"))
    return ({"tagHolds": found} if found else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.tagValues.tagHolds.delete", permission="resourcemanager.tagHolds.delete", on=_held_value)
def delete_hold(call: Call) -> Json:
    """Let a value go."""
    _, number, _, hold = call.params["name"].split("/")
    if not call.tx.delete(tags.HOLDS, f"{number}/{hold}"):
        raise not_found("Requested entity was not found.")
    return _done(call, {}, "")


def _value(call: Call) -> Document:
    namespaced = call.body.get("tagValueNamespacedName", "")
    if namespaced:
        return tags.named_value(call.tx, namespaced)
    return tags.find_value(call.tx, call.body.get("tagValue", ""))


def _shown(binding: Document) -> Json:
    name = f"tagBindings/{quote(binding['parent'], safe='')}/{binding['tagValue']}"
    return {"name": name} | {key: binding[key] for key in ("parent", "tagValue", "tagValueNamespacedName")}


def _effective(call: Call, binding: Document, *, inherited: bool) -> Json:
    key = tags.find_key(call.tx, binding["tagKey"])
    return {
        "tagValue": binding["tagValue"],
        "namespacedTagValue": binding["tagValueNamespacedName"],
        "tagKey": key["name"],
        "namespacedTagKey": key["namespacedName"],
        "tagKeyParentName": key["parent"],
    } | ({"inherited": True} if inherited else {})


def _done(call: Call, made: Json, kind: str) -> Json:
    response = {"@type": f"{_TYPE}.{kind}"} | made if kind else {"@type": "type.googleapis.com/google.protobuf.Empty"}
    return operations.succeeded(call, f"operations/rctb.{random_number(19)}", response)

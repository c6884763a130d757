"""Writing an object, from what a request says to the new version.

``plan`` asks permission and fixes everything that depends on the request and its caller; ``carry_out`` needs only the
plan and the bytes, which may come in later requests that carry no credentials (a resumable upload).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import acl, folders, objects, preconditions
from provisioner.sandbox.google.storage.buckets import DEFAULT_OBJECT_ACL, bucket
from provisioner.sandbox.google.storage.encryption import key_facts
from provisioner.sandbox.google.storage.resources import object_resource
from provisioner.sandbox.store import Document

Json = dict[str, Any]
# The query parameters by which a method names a predefined list and a key.
_LISTS = ("predefinedAcl", "destinationPredefinedAcl")
_KEYS = ("kmsKeyName", "destinationKmsKeyName")


def plan(
    call: Call, bucket_name: str, name: str, settings: Mapping[str, Any], conditions: Mapping[str, Any] | None = None
) -> Json:
    """Return a JSON plan of a write that the caller may do. Raises ApiError.

    ``conditions`` are the preconditions of the request (by default its parameters).
    """
    resource = object_resource(call, name, bucket_name)
    call.require("storage.objects.create", resource)
    old = objects.live(call.tx, bucket_name, name)
    wanted = {
        key: value for key, value in (call.params if conditions is None else conditions).items() if key.startswith("if")
    }
    preconditions.check(wanted, old)
    if old is not None:
        call.require("storage.objects.delete", resource)
    if settings.get("retention"):
        call.require("storage.objects.setRetention", resource)
    holder = bucket(call.tx, bucket_name)
    objects.check_settings(holder, settings, call.now)
    facts = key_facts(call, holder, str(settings.get("kmsKeyName") or _parameter(call, _KEYS)))
    grants = _grants(call, holder, settings)
    if grants and call.caller.email:
        facts["owner"] = {"entity": f"user-{call.caller.email}"}
    return {
        "bucket": bucket_name,
        "name": name,
        "settings": dict(settings),
        "conditions": wanted,
        "facts": facts,
        "grants": grants,
    }


def carry_out(call: Call, planned: Mapping[str, Any], data: bytes, facts: Mapping[str, Any] | None = None) -> Document:
    """Write what was planned; return the new version. Raises ApiError when the plan does not hold any more."""
    holder = bucket(call.tx, planned["bucket"])
    preconditions.check(planned["conditions"], objects.live(call.tx, holder["name"], planned["name"]))
    grants = () if acl.uniform(holder) else tuple((entity, role) for entity, role in planned["grants"])
    folders.make_parents(call, holder, planned["name"])
    draft = objects.Draft(planned["name"], planned["settings"], data, planned["facts"] | dict(facts or {}), grants)
    return objects.create(call, holder, draft)


def write(call: Call, bucket_name: str, name: str, settings: Mapping[str, Any], data: bytes) -> Document:
    """Plan a write and carry it out in one request."""
    return carry_out(call, plan(call, bucket_name, name, settings), data)


def _grants(call: Call, holder: Document, settings: Mapping[str, Any]) -> list[acl.Grant]:
    """Return the list of a new version: as the request says, else the bucket's default. Raises ApiError."""
    name, sent = _parameter(call, _LISTS), settings.get("acl")
    if name or sent:
        acl.refuse_uniform(holder, "insert legacy ACL for an object")
    if acl.uniform(holder):
        return []
    author = call.caller.email
    if name:
        return acl.predefined("object", name, holder, author)
    default = holder.get(DEFAULT_OBJECT_ACL)
    if sent is not None:
        grants = acl.checked(call.tx, holder, sent, "object")
    elif default is None:
        return acl.predefined("object", "projectPrivate", holder, author)
    else:
        grants = [(entity, role) for entity, role in default]
    return sorted({*grants, (f"user-{author}", "OWNER")}) if author else grants


def _parameter(call: Call, names: tuple[str, ...]) -> str:
    return next((str(call.params[name]) for name in names if call.params.get(name)), "")

"""What a client gets to see of buckets and objects: with their access control lists (full) or without (noAcl)."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import acl, objects
from provisioner.sandbox.google.storage.buckets import DEFAULT_OBJECT_ACL, policy_name
from provisioner.sandbox.google.storage.resources import bucket_resource, object_resource
from provisioner.sandbox.store import Document

Json = dict[str, Any]


def shown_bucket(call: Call, found: Document, default: str = "noAcl") -> Json:
    """Return a bucket as the call's ``projection`` (else ``default``) shows it. Raises ApiError.

    Who asks for the lists needs storage.buckets.getIamPolicy; who gets them by default and may not see them gets
    the rest.
    """
    document = {key: value for key, value in found.items() if key != DEFAULT_OBJECT_ACL}
    asked = call.params.get("projection", "")
    if (asked or default) != "full" or acl.uniform(found) or "softDeleteTime" in found:
        return document
    resource = bucket_resource(call, found["name"])
    if asked:
        call.require("storage.buckets.getIamPolicy", resource)
    elif not call.holds("storage.buckets.getIamPolicy", resource):
        return document
    own = bucket_list(call, found)
    number = found["projectNumber"]
    return document | {
        "acl": own,
        "defaultObjectAcl": default_list(found),
        "owner": {"entity": f"project-owners-{number}"},
    }


def shown_object(call: Call, found: Document, holder: Document, default: str = "noAcl") -> Json:
    """Return a version as the call's ``projection`` (else ``default``) shows it. Raises ApiError."""
    document = objects.shown(found, holder)
    asked = call.params.get("projection", "")
    if (asked or default) != "full" or acl.uniform(holder):
        return document
    resource = object_resource(call, found["name"], holder["name"], found["generation"])
    if asked:
        call.require("storage.objects.getIamPolicy", resource)
    elif not call.holds("storage.objects.getIamPolicy", resource):
        return document
    owner = {"owner": found["owner"]} if "owner" in found else {}
    return document | owner | {"acl": object_list(call, found)}


def bucket_list(call: Call, found: Document) -> list[Json]:
    """Return a bucket's access controls."""
    grants = acl.read(call.tx, policy_name(found["name"]), acl.BUCKET_ROLES)
    return [acl.entry("bucket", {"bucket": found["name"]}, grant) for grant in grants]


def default_list(found: Document) -> list[Json]:
    """Return the access controls that new objects of a bucket get."""
    kept = found.get(DEFAULT_OBJECT_ACL)
    grants = (
        acl.predefined("object", "projectPrivate", found) if kept is None else [(name, role) for name, role in kept]
    )
    return [acl.entry("object", {}, grant) for grant in grants]


def object_list(call: Call, found: Document) -> list[Json]:
    """Return the access controls of a version."""
    policy = acl.object_policy(found["bucket"], found["name"], found["generation"])
    place = {"bucket": found["bucket"], "object": found["name"], "generation": found["generation"]}
    return [acl.entry("object", place, grant) for grant in acl.read(call.tx, policy, acl.OBJECT_ROLES)]

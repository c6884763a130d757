"""Cloud Storage JSON API: buckets."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import project, project_resource
from provisioner.sandbox.google.identity.policies import grant
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import acl, trash
from provisioner.sandbox.google.storage.buckets import (
    BUCKETS,
    DEFAULT_OBJECT_ACL,
    bucket,
    changed_bucket,
    check_name,
    merge,
    new_bucket,
    policy_name,
)
from provisioner.sandbox.google.storage.encryption import check_kms_key, service_agent
from provisioner.sandbox.google.storage.preconditions import check, not_modified
from provisioner.sandbox.google.storage.projections import shown_bucket
from provisioner.sandbox.google.storage.refusals import conflict, invalid
from provisioner.sandbox.google.storage.resources import bucket_resource
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_LISTS = ("acl", "defaultObjectAcl", "predefinedAcl", "predefinedDefaultObjectAcl")


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["project"])


@method("storage.buckets.insert", permission="storage.buckets.create", on=_project)
def insert(call: Call) -> Json:
    """Create a bucket; the name must be free in the whole sandbox."""
    owner = project(call.tx, call.params["project"])
    name = check_name(call.body.get("name"))
    taken = call.tx.get(BUCKETS, name)
    if taken:
        raise _name_taken(mine=taken["projectNumber"] == owner["projectNumber"])
    made = new_bucket(call.body, owner, call.now)
    if call.params.get("enableObjectRetention"):
        call.require("storage.buckets.enableObjectRetention", _project(call))
        made["objectRetention"] = {"mode": "Enabled"}
    _check_key(call, made)
    call.tx.put(BUCKETS, name, made)
    identifier = owner["projectId"]
    owners = [f"projectEditor:{identifier}", f"projectOwner:{identifier}"]
    grant(call.tx, policy_name(name), "roles/storage.legacyBucketOwner", owners, call.now)
    grant(call.tx, policy_name(name), "roles/storage.legacyBucketReader", [f"projectViewer:{identifier}"], call.now)
    return shown_bucket(call, _with_lists(call, made), default="full" if _sent_lists(call) else "noAcl")


def _kept_bucket(call: Call) -> Resource:
    """Return the bucket; a deleted generation of one is asked for at its project."""
    if not call.params.get("softDeleted"):
        return bucket_resource(call)
    return project_resource(call.tx, _deleted(call)["projectNumber"])


@method("storage.buckets.get", permission="storage.buckets.get", on=_kept_bucket)
def get(call: Call) -> Json | Response:
    """Return a bucket, or one of the generations that were deleted."""
    if call.params.get("softDeleted"):
        return shown_bucket(call, _deleted(call))
    found = bucket(call.tx, call.params["bucket"])
    return not_modified(call.params, found) or shown_bucket(call, found)


@method("storage.buckets.list", permission="storage.buckets.list", on=_project)
def list_buckets(call: Call) -> Json:
    """Return the buckets of a project, by name; with ``softDeleted`` those that can be restored."""
    number = project(call.tx, call.params["project"])["projectNumber"]
    prefix = call.params.get("prefix", "")
    if call.params.get("softDeleted"):
        deleted = trash.deleted_buckets(call.tx, prefix, call.now)
        mine = ((name, found) for name, found in deleted if found["projectNumber"] == number)
    else:
        owned = call.tx.find(BUCKETS, "projectNumber", number)
        mine = ((name, found) for name, found in owned if name.startswith(prefix))
    items, token = page(call, mine, size="maxResults", default=1000)
    shown = [shown_bucket(call, found) for found in items]
    answer: Json = {"kind": "storage#buckets"}
    return answer | ({"items": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("storage.buckets.patch", permission="storage.buckets.update", on=bucket_resource)
def patch(call: Call) -> Json:
    """Change some settings; null clears one."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    sent = {key: value for key, value in call.body.items() if key not in _LISTS}
    if not sent and not _sent_lists(call):
        return shown_bucket(call, found, default="full")
    return _changed(call, found, merge(found, sent))


@method("storage.buckets.update", permission="storage.buckets.update", on=bucket_resource)
def update(call: Call) -> Json:
    """Replace all settings."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    return _changed(call, found, call.body)


@method("storage.buckets.delete", permission="storage.buckets.delete", on=bucket_resource)
def delete(call: Call) -> Response:
    """Delete an empty bucket: neither live nor noncurrent objects nor folders."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    if not trash.is_empty(call.tx, found["name"]):
        raise conflict("The bucket you tried to delete is not empty.")
    trash.delete_bucket(call, found)
    return Response(204)


@method("storage.buckets.restore", permission=())
def restore(call: Call) -> Json:
    """Bring a deleted generation of a bucket back, with its soft-deleted objects; the name must be free."""
    name, found = call.params["bucket"], _deleted(call)
    call.require("storage.buckets.restore", project_resource(call.tx, found["projectNumber"]))
    if call.tx.get(BUCKETS, name):
        raise conflict(f"A bucket named {name} exists already; the deleted one cannot be restored.")
    return shown_bucket(call, trash.restore_bucket(call, found))


@method("storage.buckets.lockRetentionPolicy", permission="storage.buckets.update", on=bucket_resource)
def lock_retention_policy(call: Call) -> Json:
    """Make the retention policy permanent."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    if not found.get("retentionPolicy"):
        raise invalid("The bucket has no retention policy to lock.")
    made = changed_bucket(found, dict(found), call.now)
    made["retentionPolicy"]["isLocked"] = True
    call.tx.put(BUCKETS, found["name"], made)
    return shown_bucket(call, made)


@method("storage.buckets.getStorageLayout", permission="storage.objects.list", on=bucket_resource)
def get_storage_layout(call: Call) -> Json:
    """Return where a bucket is; the one fact that readers of objects may know of it."""
    found = bucket(call.tx, call.params["bucket"])
    names = ("location", "locationType", "customPlacementConfig", "hierarchicalNamespace")
    shown = {key: found[key] for key in names if key in found}
    return {"kind": "storage#storageLayout", "bucket": found["name"], **shown}


@method("storage.anywhereCaches.list", permission="storage.anywhereCaches.list", on=bucket_resource)
def list_anywhere_caches(call: Call) -> Json:
    """Return the caches of a bucket: the sandbox makes none."""
    bucket(call.tx, call.params["bucket"])
    return {"kind": "storage#anywhereCaches"}


def _service_agent_project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["projectId"])


@method("storage.projects.serviceAccount.get", permission="resourcemanager.projects.get", on=_service_agent_project)
def get_service_agent(call: Call) -> Json:
    """Return the address of a project's Cloud Storage service agent."""
    number = project(call.tx, call.params["projectId"])["projectNumber"]
    return {"kind": "storage#serviceAccount", "email_address": service_agent(number)}


def _deleted(call: Call) -> Document:
    if not call.params.get("generation"):
        raise invalid("Required parameter: generation", reason="required", location="generation")
    return trash.deleted_bucket(call.tx, call.params["bucket"], call.params["generation"], call.now)


def _changed(call: Call, found: Document, settings: Json) -> Json:
    made = changed_bucket(found, settings, call.now)
    if made.get("encryption") != found.get("encryption"):
        _check_key(call, made)
    call.tx.put(BUCKETS, found["name"], made)
    if _sent_lists(call):
        call.require("storage.buckets.setIamPolicy", bucket_resource(call))
    return shown_bucket(call, _with_lists(call, made), default="full")


def _check_key(call: Call, made: Document) -> None:
    name = (made.get("encryption") or {}).get("defaultKmsKeyName")
    if name:
        check_kms_key(call, made, name)


def _sent_lists(call: Call) -> bool:
    return any(call.body.get(name) or call.params.get(name) for name in _LISTS)


def _with_lists(call: Call, made: Document) -> Document:
    """Write the access control lists a request brings along; return the bucket. Raises ApiError."""
    if _sent_lists(call):
        acl.refuse_uniform(made, "use ACL API to update bucket policy")
    own = _list_of(call, made, "bucket", "acl", "predefinedAcl")
    if own is not None:
        acl.write(call.tx, policy_name(made["name"]), acl.BUCKET_ROLES, own, call.now)
    default = _list_of(call, made, "object", "defaultObjectAcl", "predefinedDefaultObjectAcl")
    if default is not None:
        made |= {DEFAULT_OBJECT_ACL: [list(entry) for entry in default]}
        call.tx.put(BUCKETS, made["name"], made)
    return made


def _list_of(call: Call, made: Document, kind: str, field: str, parameter: str) -> list[acl.Grant] | None:
    if call.params.get(parameter):
        return acl.predefined(kind, call.params[parameter], made)
    return acl.checked(call.tx, made, call.body[field], kind) if call.body.get(field) else None


def _name_taken(*, mine: bool) -> ApiError:
    if mine:
        return conflict("Your previous request to create the named bucket succeeded and you already own it.")
    return conflict(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )

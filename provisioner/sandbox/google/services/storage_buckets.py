"""Cloud Storage JSON API: buckets."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import project, project_resource
from provisioner.sandbox.google.identity.policies import delete_policy, grant
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import objects
from provisioner.sandbox.google.storage.buckets import (
    BUCKETS,
    bucket,
    bucket_resource,
    changed_bucket,
    check_name,
    merge,
    new_bucket,
    policy_name,
)
from provisioner.sandbox.google.storage.preconditions import check, not_modified
from provisioner.sandbox.google.storage.refusals import conflict, invalid
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response

Json = dict[str, Any]
_ACL_PARAMETERS = ("predefinedAcl", "predefinedDefaultObjectAcl")


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["project"])


@method("storage.buckets.insert", permission="storage.buckets.create", on=_project)
def insert(call: Call) -> Json:
    """Create a bucket; the name must be free in the whole sandbox."""
    owner = project(call.tx, call.params["project"])
    name = check_name(call.body.get("name"))
    _refuse_acls(call)
    taken = call.tx.get(BUCKETS, name)
    if taken:
        raise _name_taken(mine=taken["projectNumber"] == owner["projectNumber"])
    made = new_bucket(call.body, owner, call.now)
    if call.params.get("enableObjectRetention"):
        made["objectRetention"] = {"mode": "Enabled"}
    call.tx.put(BUCKETS, name, made)
    identifier = owner["projectId"]
    owners = [f"projectEditor:{identifier}", f"projectOwner:{identifier}"]
    grant(call.tx, policy_name(name), "roles/storage.legacyBucketOwner", owners, call.now)
    grant(call.tx, policy_name(name), "roles/storage.legacyBucketReader", [f"projectViewer:{identifier}"], call.now)
    return made


@method("storage.buckets.get", permission="storage.buckets.get", on=bucket_resource)
def get(call: Call) -> Json | Response:
    """Return a bucket."""
    found = bucket(call.tx, call.params["bucket"])
    return not_modified(call.params, found) or found


@method("storage.buckets.list", permission="storage.buckets.list", on=_project)
def list_buckets(call: Call) -> Json:
    """Return the buckets of a project, by name."""
    number = project(call.tx, call.params["project"])["projectNumber"]
    prefix = call.params.get("prefix", "")
    if call.params.get("softDeleted"):
        return {"kind": "storage#buckets"}
    owned = call.tx.find(BUCKETS, "projectNumber", number)
    mine = ((name, found) for name, found in owned if name.startswith(prefix))
    items, token = page(call, mine, size="maxResults", default=1000)
    answer: Json = {"kind": "storage#buckets"}
    return answer | ({"items": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method("storage.buckets.patch", permission="storage.buckets.update", on=bucket_resource)
def patch(call: Call) -> Json:
    """Change some settings; null clears one."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    _refuse_acls(call)
    return _changed(call, found, merge(found, call.body)) if call.body else found


@method("storage.buckets.update", permission="storage.buckets.update", on=bucket_resource)
def update(call: Call) -> Json:
    """Replace all settings."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    _refuse_acls(call)
    return _changed(call, found, call.body)


@method("storage.buckets.delete", permission="storage.buckets.delete", on=bucket_resource)
def delete(call: Call) -> Response:
    """Delete an empty bucket: neither live nor noncurrent objects nor managed folders."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    inside = f"{found['name']}/"
    for collection in (objects.LIVE, objects.NONCURRENT, objects.MANAGED_FOLDERS):
        if next(call.tx.scan(collection, inside), None):
            raise conflict("The bucket you tried to delete is not empty.")
    objects.purge(call.tx, found["name"])
    call.tx.delete(BUCKETS, found["name"])
    delete_policy(call.tx, policy_name(found["name"]))
    return Response(204)


@method("storage.buckets.lockRetentionPolicy", permission="storage.buckets.update", on=bucket_resource)
def lock_retention_policy(call: Call) -> Json:
    """Make the retention policy permanent."""
    found = bucket(call.tx, call.params["bucket"])
    check(call.params, found)
    if not found.get("retentionPolicy"):
        raise invalid("The bucket has no retention policy to lock.")
    made = _changed(call, found, dict(found))
    made["retentionPolicy"]["isLocked"] = True
    call.tx.put(BUCKETS, found["name"], made)
    return made


@method("storage.buckets.getStorageLayout", permission="storage.objects.list", on=bucket_resource)
def get_storage_layout(call: Call) -> Json:
    """Return where a bucket is; the one fact that readers of objects may know of it."""
    found = bucket(call.tx, call.params["bucket"])
    shown = {key: found[key] for key in ("location", "locationType")}
    return {"kind": "storage#storageLayout", "bucket": found["name"], **shown}


@method("storage.anywhereCaches.list", permission="storage.anywhereCaches.list", on=bucket_resource)
def list_anywhere_caches(call: Call) -> Json:
    """Return the caches of a bucket: the sandbox makes none."""
    bucket(call.tx, call.params["bucket"])
    return {"kind": "storage#anywhereCaches"}


@method("storage.notifications.list", permission="storage.buckets.get", on=bucket_resource)
def list_notifications(call: Call) -> Json:
    """Return the notifications of a bucket: the sandbox makes none."""
    bucket(call.tx, call.params["bucket"])
    return {"kind": "storage#notifications"}


def _service_agent_project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["projectId"])


@method("storage.projects.serviceAccount.get", permission="resourcemanager.projects.get", on=_service_agent_project)
def get_service_agent(call: Call) -> Json:
    """Return the address of a project's Cloud Storage service agent."""
    number = project(call.tx, call.params["projectId"])["projectNumber"]
    return {
        "kind": "storage#serviceAccount",
        "email_address": f"service-{number}@gs-project-accounts.iam.gserviceaccount.com",
    }


def _changed(call: Call, found: Json, settings: Json) -> Json:
    made = changed_bucket(found, settings, call.now)
    call.tx.put(BUCKETS, found["name"], made)
    return made


def _refuse_acls(call: Call) -> None:
    for name in _ACL_PARAMETERS:
        if call.params.get(name):
            raise invalid(f"{name} cannot be used: the sandbox's buckets are governed by IAM alone.", location=name)


def _name_taken(*, mine: bool) -> ApiError:
    if mine:
        return conflict("Your previous request to create the named bucket succeeded and you already own it.")
    return conflict(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )

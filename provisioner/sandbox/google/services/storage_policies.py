"""Cloud Storage JSON API: IAM policies of buckets, managed folders and objects."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity.policies import EMPTY_ETAG, read_policy, write_policy
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.storage_folders import folder_resource, managed_folder
from provisioner.sandbox.google.storage import acl, objects
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.storage.resources import bucket_resource, object_resource

Json = dict[str, Any]
_FIRST_ETAG = "CAE="
_PUBLIC = frozenset(("allUsers", "allAuthenticatedUsers"))


@method("storage.buckets.getIamPolicy", permission="storage.buckets.getIamPolicy", on=bucket_resource)
def get_bucket_policy(call: Call) -> Json:
    """Return a bucket's policy."""
    return _read(call, bucket_resource(call))


@method("storage.buckets.setIamPolicy", permission="storage.buckets.setIamPolicy", on=bucket_resource)
def set_bucket_policy(call: Call) -> Json:
    """Replace a bucket's policy."""
    _check_public(call)
    return _write(call, bucket_resource(call))


@method("storage.buckets.testIamPermissions", on=bucket_resource)
def test_bucket_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return _test(call, bucket_resource(call))


@method("storage.managedFolders.getIamPolicy", permission="storage.managedFolders.getIamPolicy", on=folder_resource)
def get_folder_policy(call: Call) -> Json:
    """Return a managed folder's policy."""
    managed_folder(call)
    return _read(call, folder_resource(call))


@method("storage.managedFolders.setIamPolicy", permission="storage.managedFolders.setIamPolicy", on=folder_resource)
def set_folder_policy(call: Call) -> Json:
    """Replace a managed folder's policy."""
    managed_folder(call)
    _check_public(call)
    return _write(call, folder_resource(call))


@method("storage.managedFolders.testIamPermissions", on=folder_resource)
def test_folder_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return _test(call, folder_resource(call))


def _object(call: Call) -> Resource:
    return object_resource(call)


def _own_policy(call: Call) -> Resource:
    """Return the object with its own policy first. Raises ApiError where IAM of the bucket alone decides."""
    acl.refuse_uniform(bucket(call.tx, call.params["bucket"]), "use the object's own policy")
    found = objects.version(call.tx, call.params["bucket"], call.params["object"], call.params.get("generation"))
    resource = object_resource(call)
    own = acl.object_policy(found["bucket"], found["name"], found["generation"])
    return Resource(resource.name, resource.kind, resource.service, (own, *resource.policies), denial=resource.denial)


@method("storage.objects.getIamPolicy", permission="storage.objects.getIamPolicy", on=_object)
def get_object_policy(call: Call) -> Json:
    """Return the policy of a version, which is its access control list."""
    return _read(call, _own_policy(call))


@method("storage.objects.setIamPolicy", permission="storage.objects.setIamPolicy", on=_object)
def set_object_policy(call: Call) -> Json:
    """Replace the policy of a version: its access control list, so only legacy roles of objects."""
    _check_public(call)
    for binding in call.body.get("bindings") or []:
        if binding.get("role") not in acl.OBJECT_ROLES.values() or binding.get("condition"):
            raise invalid(f"Role {binding.get('role')} is not supported for this resource.")
    return _write(call, _own_policy(call))


@method("storage.objects.testIamPermissions", on=_object)
def test_object_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return _test(call, object_resource(call))


def _read(call: Call, resource: Resource) -> Json:
    version = int(call.params.get("optionsRequestedPolicyVersion") or 1)
    return _shown(read_policy(call.tx, resource.policies[0], version), resource)


def _write(call: Call, resource: Resource) -> Json:
    seconds = float(call.world.settings["propagation_seconds"])
    # What nobody has written yet is shown with Cloud Storage's own first etag.
    etag = EMPTY_ETAG if call.body.get("etag") == _FIRST_ETAG else call.body.get("etag", "")
    policy = call.body | {"etag": etag}
    written = write_policy(call.tx, resource.policies[0], policy, now=call.now, propagation_seconds=seconds)
    return _shown(written, resource)


def _test(call: Call, resource: Resource) -> Json:
    held = call.identity.granted(call.tx, call.caller, call.params["permissions"], resource, call.now)
    answer: Json = {"kind": "storage#testIamPermissionsResponse"}
    return answer | ({"permissions": held} if held else {})


def _shown(policy: Json, resource: Resource) -> Json:
    etag = _FIRST_ETAG if policy["etag"] == EMPTY_ETAG else policy["etag"]
    return {"kind": "storage#policy", "resourceId": resource.name, "version": 1} | policy | {"etag": etag}


def _check_public(call: Call) -> None:
    prevention = bucket(call.tx, call.params["bucket"])["iamConfiguration"]["publicAccessPrevention"]
    members = {member for binding in call.body.get("bindings") or [] for member in binding.get("members") or []}
    if prevention == "enforced" and members & _PUBLIC:
        raise ApiError(
            "FAILED_PRECONDITION",
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is "
            "enforced.",
            code=412,
            reason="conditionNotMet",
        )

"""Cloud Storage JSON API: access control lists of buckets and objects, and the list that new objects get.

https://cloud.google.com/storage/docs/access-control/lists. Buckets with uniform access refuse all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import acl, objects
from provisioner.sandbox.google.storage.buckets import BUCKETS, DEFAULT_OBJECT_ACL, bucket, policy_name
from provisioner.sandbox.google.storage.checksums import bucket_etag
from provisioner.sandbox.google.storage.projections import bucket_list, default_list, object_list
from provisioner.sandbox.google.storage.resources import bucket_resource, object_resource
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_READ_BUCKET = ("storage.buckets.get", "storage.buckets.getIamPolicy")
_WRITE_BUCKET = (*_READ_BUCKET, "storage.buckets.setIamPolicy", "storage.buckets.update")
_READ_OBJECT = ("storage.objects.get", "storage.objects.getIamPolicy")
_WRITE_OBJECT = (*_READ_OBJECT, "storage.objects.setIamPolicy", "storage.objects.update")
_BUCKET, _DEFAULT, _OBJECT = "bucketAccessControls", "defaultObjectAccessControls", "objectAccessControls"


def _resource(call: Call) -> Resource:
    return object_resource(call) if _kind(call) == _OBJECT else bucket_resource(call)


def _reading(call: Call) -> tuple[str, ...]:
    return _READ_OBJECT if _kind(call) == _OBJECT else _READ_BUCKET


def _writing(call: Call) -> tuple[str, ...]:
    return _WRITE_OBJECT if _kind(call) == _OBJECT else _WRITE_BUCKET


@method(*(f"storage.{kind}.list" for kind in (_BUCKET, _DEFAULT, _OBJECT)), permission=_reading, on=_resource)
def list_entries(call: Call) -> Json:
    """Return all entries of a list."""
    kind = "bucket" if _kind(call) == _BUCKET else "object"
    shown = _shown(call, "get")
    return {"kind": f"storage#{kind}AccessControls"} | ({"items": shown} if shown else {})


@method(*(f"storage.{kind}.get" for kind in (_BUCKET, _DEFAULT, _OBJECT)), permission=_reading, on=_resource)
def get(call: Call) -> Json:
    """Return the entry of an entity."""
    return _entry(call, call.params["entity"], "get")


@method(*(f"storage.{kind}.insert" for kind in (_BUCKET, _DEFAULT, _OBJECT)), permission=_writing, on=_resource)
def insert(call: Call) -> Json:
    """Add an entry, or change the one of that entity."""
    return _written(call, call.body.get("entity"), call.body.get("role"))


@method(
    *(f"storage.{kind}.{verb}" for kind in (_BUCKET, _DEFAULT, _OBJECT) for verb in ("patch", "update")),
    permission=_writing,
    on=_resource,
)
def change(call: Call) -> Json:
    """Give an entity another role."""
    kept = _entry(call, call.params["entity"], "update")
    return _written(call, kept["entity"], call.body.get("role") or kept["role"])


@method(*(f"storage.{kind}.delete" for kind in (_BUCKET, _DEFAULT, _OBJECT)), permission=_writing, on=_resource)
def delete(call: Call) -> Response:
    """Take an entry away."""
    entity = _entry(call, call.params["entity"], "update")["entity"]
    _keep(call, [grant for grant in _grants(call) if grant[0] != entity])
    return Response(204)


def _kind(call: Call) -> str:
    return call.method.split(".")[1]


def _holder(call: Call, what: str) -> Document:
    holder = bucket(call.tx, call.params["bucket"])
    thing = "an object" if _kind(call) == _OBJECT else "a bucket"
    wording = "use ACL API to update bucket policy" if what == "update" else f"get legacy ACL for {thing}"
    acl.refuse_uniform(holder, wording)
    return holder


def _version(call: Call) -> Document:
    return objects.version(call.tx, call.params["bucket"], call.params["object"], call.params.get("generation"))


def _shown(call: Call, what: str) -> list[Json]:
    """Return the entries of the call's list as the API shows them. Raises ApiError."""
    holder = _holder(call, what)
    shows: dict[str, Callable[[], list[Json]]] = {
        _BUCKET: lambda: bucket_list(call, holder),
        _DEFAULT: lambda: default_list(holder),
        _OBJECT: lambda: object_list(call, _version(call)),
    }
    return shows[_kind(call)]()


def _grants(call: Call) -> list[acl.Grant]:
    return [(entry["entity"], entry["role"]) for entry in _shown(call, "update")]


def _entry(call: Call, entity: str, what: str) -> Json:
    found = next((entry for entry in _shown(call, what) if entry["entity"] == entity), None)
    if found is None:
        raise ApiError("NOT_FOUND", f"The specified ACL entry for {entity} does not exist.")
    return found


def _written(call: Call, entity: object, role: object) -> Json:
    holder = _holder(call, "update")
    grant = acl.checked_entry(call.tx, holder, entity, role, "bucket" if _kind(call) == _BUCKET else "object")
    _keep(call, [*(other for other in _grants(call) if other[0] != grant[0]), grant])
    return _entry(call, grant[0], "get")


def _keep(call: Call, grants: list[acl.Grant]) -> None:
    if _kind(call) == _OBJECT:
        found = _version(call)
        policy = acl.object_policy(found["bucket"], found["name"], found["generation"])
        acl.write(call.tx, policy, acl.OBJECT_ROLES, grants, call.now)
        objects.put_back(call.tx, objects.touched(found, call.now))
        return
    holder = bucket(call.tx, call.params["bucket"])
    if _kind(call) == _BUCKET:
        acl.write(call.tx, policy_name(holder["name"]), acl.BUCKET_ROLES, grants, call.now)
    else:
        holder |= {DEFAULT_OBJECT_ACL: [list(grant) for grant in sorted(grants)]}
    metageneration = int(holder["metageneration"]) + 1
    changed = {"metageneration": str(metageneration), "etag": bucket_etag(metageneration)}
    call.tx.put(BUCKETS, holder["name"], holder | changed | {"updated": timestamp(call.now)})

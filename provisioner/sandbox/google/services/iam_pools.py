"""Workload identity pools of the IAM API (v1).

Deleting is soft: for 30 days the name is taken, reading shows state DELETED, and ``undelete`` brings it back.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project, project_resource
from provisioner.sandbox.google.identity.members import POOLS
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page, parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "iam.googleapis.com"
_API = "iam.projects.locations.workloadIdentityPools"
_ID = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")
_LIMITS = {"displayName": 32, "description": 256}
_MUTABLE = frozenset(("displayName", "description", "disabled"))
_KEPT = timedelta(days=30)


def find_pool(tx: Transaction, name: str, now: datetime) -> Document | None:
    """Return a pool, deleted ones included until they are purged; ``name`` may have the project's id or number."""
    kept = tx.get(POOLS, canonical_name(tx, name))
    return None if kept is None or purged(kept, now) else kept


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's number. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, rest = name.split("/", 2)
    return f"projects/{project(tx, owner)['projectNumber']}/{rest}"


def purged(kept: Document, now: datetime) -> bool:
    """Tell whether a deleted thing is past its 30 days."""
    return kept["state"] == "DELETED" and parse_timestamp(kept["expireTime"]) <= now


def mark_deleted(kept: Document, now: datetime) -> Document:
    """Return a pool or provider as it is after its deletion. Raises ApiError FAILED_PRECONDITION when it was before."""
    if kept["state"] == "DELETED":
        raise failed_precondition("Precondition check failed.")
    return kept | {"state": "DELETED", "expireTime": timestamp(now + _KEPT)}


def mark_restored(kept: Document) -> Document:
    """Return a pool or provider as it is after its undeletion. Raises ApiError FAILED_PRECONDITION when it is live."""
    if kept["state"] != "DELETED":
        raise failed_precondition("Precondition check failed.")
    return {key: value for key, value in kept.items() if key != "expireTime"} | {"state": "ACTIVE"}


def check_new_name(kind: str, name: str, existing: Document | None, now: datetime) -> None:
    """Raise ApiError for an id against the rules (400) or in use, soft-deleted included (409)."""
    if not _ID.fullmatch(name):
        text = f"The {kind} id must be 4-32 characters of [a-z0-9-] and must not start with gcp-: {name!r}"
        raise invalid_argument(text, (f"workload_identity_{kind}_id", text))
    if existing is not None and not purged(existing, now):
        raise already_exists("Requested entity already exists")


def check_texts(document: Json) -> None:
    """Raise ApiError INVALID_ARGUMENT for a display name or description that is too long."""
    for name, limit in _LIMITS.items():
        if len(document.get(name, "")) > limit:
            text = f"The {name} must not be longer than {limit} characters."
            raise invalid_argument(text, (name, text))


def finished(call: Call, kind: str, document: Document) -> Json:
    """Record the operation of a change; its result is the pool or provider."""
    return operations.succeeded(
        call,
        f"{document['name']}/operations/{uuid4().hex[:20]}",
        {"@type": f"type.googleapis.com/google.iam.v1.{kind}"} | document,
        {"@type": f"type.googleapis.com/google.iam.v1.{kind}OperationMetadata"},
    )


def listed(call: Call, collection: str, parent: str, kind: str) -> Json:
    """Return a page of the things below a parent; deleted ones when asked for."""
    rows = (
        (key, kept)
        for key, kept in call.tx.scan(collection, f"{parent}/")
        if not purged(kept, call.now) and (kept["state"] == "ACTIVE" or call.params.get("showDeleted"))
    )
    items, token = page(call, rows, default=50, maximum=1000)
    return ({kind: items} if items else {}) | ({"nextPageToken": token} if token else {})


def pool_resource(call: Call, name: str) -> Resource:
    """Return a pool as a thing that permissions are asked for."""
    full = canonical_name(call.tx, name)
    return inside_project(
        call.tx,
        full.split("/")[1],
        name=full,
        kind=f"{SERVICE}/WorkloadIdentityPool",
        service=SERVICE,
        policy=f"//{SERVICE}/{full}",
    )


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _pool(call: Call) -> Resource:
    return pool_resource(call, call.params["name"])


def _policy(call: Call) -> Resource:
    return pool_resource(call, call.params["resource"])


def _existing(call: Call, parameter: str = "name") -> Document:
    kept = find_pool(call.tx, call.params[parameter], call.now)
    if kept is None:
        raise not_found("Requested entity was not found.")
    return kept


def _put(call: Call, pool: Document) -> Json:
    call.tx.put(POOLS, pool["name"], pool)
    return finished(call, "WorkloadIdentityPool", pool)


@method(f"{_API}.create", permission="iam.googleapis.com/workloadIdentityPools.create", on=_parent)
def create(call: Call) -> Json:
    """Create a pool."""
    pool_id = call.params["workloadIdentityPoolId"]
    name = f"{canonical_name(call.tx, call.params['parent'])}/workloadIdentityPools/{pool_id}"
    check_new_name("pool", pool_id, call.tx.get(POOLS, name), call.now)
    check_texts(call.body)
    unsupported = {"inlineCertificateIssuanceConfig", "inlineTrustConfig"} & call.body.keys()
    if unsupported or call.body.get("mode", "FEDERATION_ONLY") != "FEDERATION_ONLY":
        raise invalid_argument("The sandbox has pools of mode FEDERATION_ONLY without inline certificates only.")
    return _put(call, {key: value for key, value in call.body.items() if value} | {"name": name, "state": "ACTIVE"})


@method(f"{_API}.get", permission="iam.googleapis.com/workloadIdentityPools.get", on=_pool)
def get(call: Call) -> Json:
    """Return a pool, a deleted one too."""
    return _existing(call)


@method(f"{_API}.list", permission="iam.googleapis.com/workloadIdentityPools.list", on=_parent)
def list_pools(call: Call) -> Json:
    """Return a page of a project's pools."""
    parent = f"{canonical_name(call.tx, call.params['parent'])}/workloadIdentityPools"
    return listed(call, POOLS, parent, "workloadIdentityPools")


@method(f"{_API}.patch", permission="iam.googleapis.com/workloadIdentityPools.update", on=_pool)
def patch(call: Call) -> Json:
    """Change display name, description or the disabled flag."""
    pool = _existing(call)
    if pool["state"] == "DELETED":
        raise not_found("Requested entity was not found.")
    paths = read_update_mask(call.params.get("updateMask", ""), "WorkloadIdentityPool", call.schemas)
    if not paths or any(path[0] not in _MUTABLE for path in paths):
        raise invalid_argument("The update mask may name display_name, description and disabled only.")
    check_texts(call.body)
    changed = apply_update(pool, call.body, paths)
    return _put(call, {key: value for key, value in changed.items() if value})


@method(f"{_API}.delete", permission="iam.googleapis.com/workloadIdentityPools.delete", on=_pool)
def delete(call: Call) -> Json:
    """Delete a pool; its tokens are refused at once."""
    return _put(call, mark_deleted(_existing(call), call.now))


@method(f"{_API}.undelete", permission="iam.googleapis.com/workloadIdentityPools.undelete", on=_pool)
def undelete(call: Call) -> Json:
    """Bring a deleted pool back."""
    return _put(call, mark_restored(_existing(call)))


@method(
    f"{_API}.listAttestationRules",
    permission="iam.googleapis.com/workloadIdentityPools.getAttestationRules",
    on=_policy,
)
def list_attestation_rules(call: Call) -> Json:
    """Return no rules: they belong to managed identities, which the sandbox does not have."""
    _existing(call, "resource")
    return {}


@method(f"{_API}.getIamPolicy", permission="iam.googleapis.com/workloadIdentityPools.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may administer the pool."""
    _existing(call, "resource")
    return get_iam_policy(call, _policy(call))


@method(f"{_API}.setIamPolicy", permission="iam.googleapis.com/workloadIdentityPools.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may administer the pool."""
    _existing(call, "resource")
    return set_iam_policy(call, _policy(call))


@method(f"{_API}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    _existing(call, "resource")
    return test_iam_permissions(call, _policy(call))

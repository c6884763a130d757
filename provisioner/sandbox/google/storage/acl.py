"""Access control lists, kept as what they mean: IAM bindings with legacy roles.

A bucket's list is a view of its policy; each version of an object in a bucket without uniform access has a small
policy of its own. https://cloud.google.com/storage/docs/access-control/lists,
https://cloud.google.com/storage/docs/access-control/iam#acls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.identity.policies import delete_policy, read_policy, write_policy
from provisioner.sandbox.google.storage.buckets import policy_name
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
Grant = tuple[str, str]  # (entity, role): ("user-ada@example.com", "READER")

BUCKET_ROLES = {
    "READER": "roles/storage.legacyBucketReader",
    "WRITER": "roles/storage.legacyBucketWriter",
    "OWNER": "roles/storage.legacyBucketOwner",
}
OBJECT_ROLES = {"READER": "roles/storage.legacyObjectReader", "OWNER": "roles/storage.legacyObjectOwner"}
_POLICY_VERSION = 3
_PUBLIC = ("allUsers", "allAuthenticatedUsers")
_TEAMS = {"owners": "projectOwner", "editors": "projectEditor", "viewers": "projectViewer"}
_ROBOTS = "gserviceaccount.com"
_READ_MORE = "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"


def uniform(holder: Mapping[str, Any]) -> bool:
    """Tell whether IAM alone decides in a bucket."""
    return bool(holder["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"])


def refuse_uniform(holder: Mapping[str, Any], what: str) -> None:
    """Raise ApiError INVALID_ARGUMENT, with ``what`` cannot be done, in a bucket with uniform access."""
    if uniform(holder):
        raise invalid(f"Cannot {what} when uniform bucket-level access is enabled. {_READ_MORE}")


def object_policy(bucket_name: str, name: str, generation: str) -> str:
    """Return the full name under which the policy of one version of an object is kept."""
    return f"{policy_name(bucket_name)}/objects/{name}#{generation}"


def read(tx: Transaction, policy: str, roles: Mapping[str, str]) -> list[Grant]:
    """Return the list of a bucket or object: unconditional bindings of its legacy roles, by entity."""
    short = {full: role for role, full in roles.items()}
    found = [
        (_entity(tx, member), short[binding["role"]])
        for binding in read_policy(tx, policy, _POLICY_VERSION).get("bindings") or []
        if binding["role"] in short and "condition" not in binding
        for member in binding["members"]
    ]
    return sorted((entity, role) for entity, role in found if entity)


def write(tx: Transaction, policy: str, roles: Mapping[str, str], grants: Iterable[Grant], now: datetime) -> None:
    """Replace the list of a bucket or object; bindings of other roles stay. Raises ApiError."""
    kept = [
        binding
        for binding in read_policy(tx, policy, _POLICY_VERSION).get("bindings") or []
        if binding["role"] not in roles.values() or "condition" in binding
    ]
    added = [{"role": roles[role], "members": [_member(tx, entity)]} for entity, role in grants]
    write_policy(tx, policy, {"bindings": [*kept, *added], "version": _POLICY_VERSION}, now=now)


def forget(tx: Transaction, policy: str) -> None:
    """Drop the list of an object that is gone for good."""
    delete_policy(tx, policy)


def checked(tx: Transaction, holder: Document, entries: Iterable[Mapping[str, Any]], kind: str) -> list[Grant]:
    """Return the grants of access controls as a client sends them. Raises ApiError INVALID_ARGUMENT."""
    return [checked_entry(tx, holder, entry.get("entity"), entry.get("role"), kind) for entry in entries]


def checked_entry(tx: Transaction, holder: Document, entity: object, role: object, kind: str) -> Grant:
    """Return one valid grant; ``kind`` is bucket or object. Raises ApiError INVALID_ARGUMENT."""
    roles = BUCKET_ROLES if kind == "bucket" else OBJECT_ROLES
    if not isinstance(entity, str) or not entity:
        raise invalid("Required", reason="required", location="entity")
    if role not in roles:
        raise invalid(f"Invalid value for role: {role}" if role else "Required", reason="invalid", location="role")
    if entity in _PUBLIC and holder["iamConfiguration"]["publicAccessPrevention"] == "enforced":
        raise ApiError(
            "FAILED_PRECONDITION",
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is "
            "enforced.",
            code=412,
            reason="conditionNotMet",
        )
    return _entity(tx, _member(tx, entity)), str(role)


def predefined(kind: str, name: str, holder: Mapping[str, Any], author: str = "") -> list[Grant]:
    """Return the grants of a predefined list (``projectPrivate``); ``author`` is the e-mail of an object's owner.

    https://cloud.google.com/storage/docs/access-control/lists#predefined-acl. Raises ApiError INVALID_ARGUMENT.
    """
    number = holder["projectNumber"]
    owners = (f"project-owners-{number}", "OWNER")
    mine = (f"user-{author}", "OWNER") if author else owners
    team = [owners, (f"project-editors-{number}", "OWNER"), (f"project-viewers-{number}", "READER")]
    first = owners if kind == "bucket" else mine
    lists: dict[str, list[Grant]] = {
        "authenticatedRead": [first, ("allAuthenticatedUsers", "READER")],
        "private": [first],
        "projectPrivate": [*({first, *team} if kind == "object" else team)],
        "publicRead": [first, ("allUsers", "READER")],
    }
    if kind == "bucket":
        lists["publicReadWrite"] = [first, ("allUsers", "WRITER")]
    else:
        lists |= {"bucketOwnerFullControl": [mine, owners], "bucketOwnerRead": [mine, (owners[0], "READER")]}
        lists["bucketOwnerRead"] = lists["bucketOwnerRead"] if mine != owners else [owners]
    if name not in lists:
        raise invalid(f"Invalid value for predefined ACL: {name}", location="predefinedAcl")
    return sorted(set(lists[name]))


def entry(kind: str, place: Mapping[str, str], grant: Grant) -> Json:
    """Return an access control as the API shows it; ``place`` is bucket, object and generation (none for a default)."""
    entity, role = grant
    shown = {"kind": f"storage#{kind}AccessControl", "entity": entity, "role": role, "etag": "CAE="}
    if place:
        below = f"/o/{place['object'].replace('/', '%2F')}/acl" if "object" in place else "/acl"
        link = f"https://www.googleapis.com/storage/v1/b/{place['bucket']}{below}/{entity}"
        shown |= {**place, "id": f"{'/'.join(place.values())}/{entity}", "selfLink": link}
    return shown | _details(entity)


def _details(entity: str) -> Json:
    kind, _, rest = entity.partition("-")
    if kind in {"user", "group"}:
        return {"email": rest}
    if kind == "domain":
        return {"domain": rest}
    if kind == "project":
        team, _, number = rest.partition("-")
        return {"projectTeam": {"projectNumber": number, "team": team}}
    return {}


def _entity(tx: Transaction, member: str) -> str:
    """Return a member of a binding as lists spell it; empty for one that lists cannot name."""
    if member in _PUBLIC:
        return member
    kind, _, rest = member.partition(":")
    if kind in {"user", "serviceAccount"}:
        return f"user-{rest}"
    if kind in {"group", "domain"}:
        return f"{kind}-{rest}"
    team = next((name for name, spelling in _TEAMS.items() if spelling == kind), "")
    owner = find_project(tx, rest) if team else None
    return f"project-{team}-{owner['projectNumber']}" if owner else ""


def _member(tx: Transaction, entity: str) -> str:
    if entity in _PUBLIC:
        return entity
    kind, _, rest = entity.partition("-")
    if kind == "user" and "@" in rest:
        return f"serviceAccount:{rest}" if rest.endswith(_ROBOTS) else f"user:{rest}"
    if kind in {"group", "domain"} and rest:
        return f"{kind}:{rest}"
    team, _, place = rest.partition("-")
    owner = find_project(tx, place) if kind == "project" and team in _TEAMS else None
    if owner is None:
        raise invalid(f"Could not parse entity '{entity}'.", location="entity")
    return f"{_TEAMS[team]}:{owner['projectId']}"

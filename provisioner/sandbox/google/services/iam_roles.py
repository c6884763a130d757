"""Roles of the IAM API (v1): custom ones of projects and organisations, and the predefined ones to read.

A deleted role grants nothing, keeps its name, and can be brought back for a week.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import parent_policies, project_id, project_resource
from provisioner.sandbox.google.identity.roles import CUSTOM_ROLES, predefined
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_PLACES = ("projects", "organizations")
_ROLE_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_PERMISSION = re.compile(r"[a-z][a-z0-9.]*(/[a-zA-Z]+)?(\.[a-zA-Z0-9]+)+")
# A project's role cannot hold what only makes sense above projects.
_ABOVE_PROJECTS = re.compile(r"resourcemanager\.(organizations|folders)\..*|resourcemanager\.projects\.list")
_UNDELETE_WINDOW = timedelta(days=7)
_PURGED_AFTER = timedelta(days=37)
_MUTABLE = frozenset(("title", "description", "includedPermissions", "stage"))


def _ids(verb: str) -> tuple[str, ...]:
    return tuple(f"iam.{place}.roles.{verb}" for place in _PLACES)


def _place(call: Call) -> Resource:
    kind, owner, *_ = (call.params.get("parent") or call.params["name"]).split("/")
    if kind == "projects":
        return project_resource(call.tx, owner)
    name = f"organizations/{owner}"
    service = "cloudresourcemanager.googleapis.com"
    return Resource(name, f"{service}/Organization", service, parent_policies(call.tx, name))


@method(*_ids("create"), permission="iam.roles.create", on=_place)
def create(call: Call) -> Json:
    """Create a custom role."""
    parent, role_id = _canonical(call.tx, call.params["parent"]), call.body.get("roleId", "")
    if not _ROLE_ID.fullmatch(role_id):
        raise invalid_argument(f"The role_id ({role_id}) must be 3 to 64 characters of [a-zA-Z0-9_.].")
    name = f"{parent}/roles/{role_id}"
    kept = _kept(call, name)
    if kept is not None and kept.get("deleted"):
        raise failed_precondition(
            f"You can't create a role with role_id ({role_id}) where there is an existing role with that role_id in a "
            "deleted state."
        )
    if kept is not None:
        raise already_exists(f"A role named {role_id} in {parent} already exists.")
    sent = {key: value for key, value in call.body.get("role", {}).items() if key in _MUTABLE and value}
    return _shown(_put(call, {"stage": "ALPHA"} | sent | {"name": name}))


@method(*_ids("get"), permission="iam.roles.get", on=_place)
def get(call: Call) -> Json:
    """Return a custom role, a deleted one too."""
    return _shown(_existing(call))


@method(*_ids("list"), permission="iam.roles.list", on=_place)
def list_custom(call: Call) -> Json:
    """Return a page of custom roles; without their permissions unless ``view=FULL``."""
    parent = _canonical(call.tx, call.params["parent"])
    rows = ((key, role) for key, role in call.tx.scan(CUSTOM_ROLES, f"{parent}/roles/") if _listed(call, role))
    return _page(call, rows)


@method("iam.roles.get")
def get_predefined(call: Call) -> Json:
    """Return a predefined role: anyone with a token may."""
    permissions = predefined().get(call.params["name"])
    if permissions is None:
        raise not_found(f"The role named {call.params['name']} was not found.")
    return _shown(predefined_role(call.params["name"], permissions))


@method("iam.roles.list")
def list_predefined(call: Call) -> Json:
    """Return a page of the predefined roles."""
    return _page(call, _predefined_rows())


@method(*_ids("patch"), permission="iam.roles.update", on=_place)
def patch(call: Call) -> Json:
    """Change a custom role; without a mask everything the body has."""
    role = _existing(call)
    check_etag(call.body.get("etag", ""), role["etag"])
    if role.get("deleted"):
        raise failed_precondition(f"You can't update role {role['name']} because it is deleted.")
    mask = call.params.get("updateMask") or ",".join(name for name in call.body if name in _MUTABLE)
    paths = read_update_mask(mask, "Role", call.schemas)
    if any(path[0] not in _MUTABLE for path in paths):
        raise invalid_argument("The update mask may name title, description, included_permissions and stage only.")
    return _shown(_put(call, apply_update(role, call.body, paths)))


@method(*_ids("delete"), permission="iam.roles.delete", on=_place)
def delete(call: Call) -> Json:
    """Delete a custom role, softly."""
    role = _existing(call)
    check_etag(call.params.get("etag") or "", role["etag"])
    if role.get("deleted"):
        raise failed_precondition(f"You can't delete role {role['name']} because it is deleted already.")
    return _shown(_put(call, role | {"deleted": True, "deleteTime": timestamp(call.now)}))


@method(*_ids("undelete"), permission="iam.roles.undelete", on=_place)
def undelete(call: Call) -> Json:
    """Bring a deleted custom role back."""
    role = _existing(call)
    check_etag(call.body.get("etag", ""), role["etag"])
    if not role.get("deleted") or parse_timestamp(role["deleteTime"]) + _UNDELETE_WINDOW <= call.now:
        raise failed_precondition(f"The role {role['name']} cannot be undeleted.")
    return _shown(_put(call, {key: value for key, value in role.items() if key not in {"deleted", "deleteTime"}}))


def predefined_role(name: str, permissions: frozenset[str]) -> Json:
    """Return a predefined role as the API shows it; its title is made from its name."""
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("roles/").replace(".", " ")).title()
    return {"name": name, "title": title, "stage": "GA", "etag": "AA==", "includedPermissions": sorted(permissions)}


def _canonical(tx: Transaction, name: str) -> str:
    kind, owner, *rest = name.split("/")
    return "/".join([kind, project_id(tx, owner) if kind == "projects" else owner, *rest])


def _kept(call: Call, name: str) -> Document | None:
    role = call.tx.get(CUSTOM_ROLES, name)
    return None if role is None or _purged(role, call.now) else role


def _existing(call: Call) -> Document:
    name = _canonical(call.tx, call.params["name"])
    role = _kept(call, name)
    if role is None:
        raise not_found(f"The role named {name} was not found.")
    return role


def _purged(role: Document, now: datetime) -> bool:
    return bool(role.get("deleted")) and parse_timestamp(role["deleteTime"]) + _PURGED_AFTER <= now


def _listed(call: Call, role: Document) -> bool:
    return not role.get("deleted") or bool(call.params.get("showDeleted") and not _purged(role, call.now))


def _put(call: Call, role: Document) -> Document:
    for permission in role.get("includedPermissions", ()):
        above = role["name"].startswith("projects/") and _ABOVE_PROJECTS.fullmatch(permission)
        if above or not _PERMISSION.fullmatch(permission):
            raise invalid_argument(f"Permission {permission} is not valid.")
    changed = role | {"etag": fresh_etag(call.tx)}
    call.tx.put(CUSTOM_ROLES, role["name"], changed)
    return changed


def _predefined_rows() -> Iterator[tuple[str, Document]]:
    for name, permissions in sorted(predefined().items()):
        yield name, predefined_role(name, permissions)


def _page(call: Call, rows: Iterator[tuple[str, Document]]) -> Json:
    roles, token = page(call, rows, default=300, maximum=1000)
    hidden = () if call.params.get("view") == "FULL" else ("includedPermissions",)
    shown = [{key: value for key, value in _shown(role).items() if key not in hidden} for role in roles]
    return ({"roles": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


def _shown(role: Document) -> Json:
    return {key: value for key, value in role.items() if key != "deleteTime"}

"""Folders and organisations, in the fields of v3.

https://cloud.google.com/resource-manager/docs/creating-managing-folders.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, permission_denied
from provisioner.sandbox.google.hierarchy import FOLDERS, ORGANIZATIONS, PROJECTS, parent_policies
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.google.resourcemanager.projects import stamp
from provisioner.sandbox.google.wire import fresh_etag, random_number
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_SERVICE = "cloudresourcemanager.googleapis.com"
_KINDS = {"folders": "Folder", "organizations": "Organization"}
_DISPLAY_NAME = re.compile(r"[\w][\w .-]{1,28}[\w]")
_DEEPEST = 10


def find(tx: Transaction, name: str) -> Document:
    """Return a folder or organisation by its name (``folders/1``). Raises ApiError PERMISSION_DENIED."""
    kind, _, number = name.partition("/")
    collection = {"folders": FOLDERS, "organizations": ORGANIZATIONS}.get(kind)
    found = tx.get(collection, number) if collection else None
    if found is None:
        raise permission_denied("The caller does not have permission")
    return found


def container_resource(tx: Transaction, name: str) -> Resource:
    """Return a folder or organisation as a thing that permissions are asked for. Raises ApiError."""
    find(tx, name)
    kind = _KINDS[name.partition("/")[0]]
    return Resource(name, f"{_SERVICE}/{kind}", _SERVICE, parent_policies(tx, name))


def named(call: Call) -> Resource:
    """Return the container that a call's ``name`` or ``resource`` means."""
    return container_resource(call.tx, call.params.get("name") or call.params["resource"])


def create_folder(tx: Transaction, parent: str, display_name: str, now: datetime, number: str = "") -> Document:
    """Make a folder; names are unique among siblings. Raises ApiError."""
    find(tx, parent)
    check_display_name(tx, parent, display_name)
    if len(parent_policies(tx, parent)) > _DEEPEST:
        raise failed_precondition("The folder operation violates height constraints.")
    number = number or random_number(12)
    made: Document = {
        "name": f"folders/{number}",
        "parent": parent,
        "displayName": display_name,
        "state": "ACTIVE",
        "createTime": stamp(now),
        "updateTime": stamp(now),
        "etag": fresh_etag(tx),
    }
    tx.put(FOLDERS, number, made)
    return made


def move_folder(call: Call, name: str, target: str) -> Document:
    """Put a folder below another parent; needs the permission on both. Raises ApiError."""
    found = find(call.tx, name)
    call.require("resourcemanager.folders.move", container_resource(call.tx, target))
    if found["state"] != "ACTIVE":
        raise failed_precondition("The folder is not active.")
    above = parent_policies(call.tx, target)
    if f"//{_SERVICE}/{name}" in above:
        raise failed_precondition("The folder operation violates the cycle constraint: it would be below itself.")
    if len(above) + _height(call.tx, name) > _DEEPEST + 1:
        raise failed_precondition("The folder operation violates height constraints.")
    check_display_name(call.tx, target, found["displayName"])
    return keep_folder(call.tx, found | {"parent": target}, call.now)


def _height(tx: Transaction, name: str) -> int:
    """Return how many levels of folders a folder is, itself included."""
    inside = [found["name"] for _, found in tx.find(FOLDERS, "parent", name) if found["state"] == "ACTIVE"]
    return 1 + max((_height(tx, child) for child in inside), default=0)


def check_display_name(tx: Transaction, parent: str, display_name: str) -> None:
    """Raise ApiError for a name that is not valid or taken by a sibling."""
    if not _DISPLAY_NAME.fullmatch(display_name):
        raise invalid_argument("folder.display_name is not valid", ("folder.display_name", "3 to 30 characters"))
    siblings = (found for _, found in tx.find(FOLDERS, "parent", parent) if found["state"] == "ACTIVE")
    if any(found["displayName"].lower() == display_name.lower() for found in siblings):
        raise failed_precondition(
            "Folder reservation failed for parent: the folder operation violates display name uniqueness."
        )


def keep_folder(tx: Transaction, made: Document, now: datetime) -> Document:
    """Write a changed folder."""
    made |= {"updateTime": stamp(now), "etag": fresh_etag(tx)}
    tx.put(FOLDERS, made["name"].partition("/")[2], made)
    return made


def has_children(tx: Transaction, name: str) -> bool:
    """Tell whether something active lies in a folder."""
    kind, _, number = name.partition("/")
    wanted = {"type": kind.removesuffix("s"), "id": number}
    inside = (found for _, found in tx.find(FOLDERS, "parent", name) if found["state"] == "ACTIVE")
    below = (found for _, found in tx.find(PROJECTS, "parent.id", number) if found["parent"] == wanted)
    projects = (found for found in below if found["lifecycleState"] == "ACTIVE")
    return next(inside, None) is not None or next(projects, None) is not None


def create_organization(tx: Transaction, number: str, domain: str, now: datetime) -> Document:
    """Make an organisation: no public API does; a customer gets one with the domain."""
    made: Document = {
        "name": f"organizations/{number}",
        "displayName": domain,
        "directoryCustomerId": f"C{random_number(8)}",
        "state": "ACTIVE",
        "createTime": stamp(now),
        "updateTime": stamp(now),
        "etag": fresh_etag(tx),
    }
    tx.put(ORGANIZATIONS, number, made)
    return made

"""Projects: creation, life and death, and how each API version shows them.

https://cloud.google.com/resource-manager/docs/creating-managing-projects. A project is kept in the fields of v1, with
``updateTime``, ``deleteTime`` and ``etag`` beside them. Deleted projects can be brought back for 30 days; their ids are
never free again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, permission_denied
from provisioner.sandbox.google.hierarchy import (
    ENABLED_SERVICES,
    FOLDERS,
    ORGANIZATIONS,
    PROJECT_NUMBERS,
    PROJECTS,
    find_project,
)
from provisioner.sandbox.google.wire import fresh_etag, parse_timestamp, random_number
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ID_RULE = (
    "project_id must be 6 to 30 lowercase letters, digits, or hyphens. It must start with a letter. Trailing hyphens "
    "are prohibited."
)
_NAME = re.compile(r"[A-Za-z0-9'\"! -]{4,30}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64
_GRACE = timedelta(days=30)
# Enabled in every project from the start (https://cloud.google.com/service-usage/docs/enabled-service).
_FIRST_SERVICES = (
    *("analyticshub", "bigquery", "bigqueryconnection", "bigquerydatapolicy", "bigquerymigration"),
    *("bigqueryreservation", "bigquerystorage", "cloudapis", "cloudtrace", "dataform", "dataplex", "datastore"),
    *("logging", "monitoring", "servicemanagement", "serviceusage", "sql-component", "storage", "storage-api"),
    "storage-component",
)


def stamp(moment: datetime) -> str:
    """Return an instant with milliseconds, as projects carry them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def create(tx: Transaction, wanted: Mapping[str, Any], now: datetime, number: str = "") -> Document:
    """Make a project: ``projectId``, optional ``name``, ``parent`` ({type, id}), ``labels``. Raises ApiError.

    ``number`` is only given where the sandbox is set up; else it is drawn.
    """
    project_id = str(wanted.get("projectId") or "")
    if not _ID.fullmatch(project_id) or "google" in project_id or "ssl" in project_id.split("-"):
        raise invalid_argument("Request contains an invalid argument.", ("project.project_id", _ID_RULE))
    if tx.get(PROJECTS, project_id) is not None:
        raise already_exists("Requested entity already exists")
    name = str(wanted.get("name") or project_id)
    if not _NAME.fullmatch(name):
        raise invalid_argument("field [display_name] has issue [project display name contains invalid characters]")
    check_labels(wanted.get("labels") or {})
    parent = wanted.get("parent") or {}
    check_parent(tx, parent)
    made: Document = {
        "projectId": project_id,
        "projectNumber": number or _free_number(tx),
        "name": name,
        "lifecycleState": "ACTIVE",
        "createTime": stamp(now),
        "updateTime": stamp(now),
        "etag": fresh_etag(tx),
    }
    made |= {"parent": dict(parent)} if parent else {}
    made |= {"labels": dict(wanted["labels"])} if wanted.get("labels") else {}
    tx.put(PROJECTS, project_id, made)
    tx.put(PROJECT_NUMBERS, made["projectNumber"], {"projectId": project_id})
    for service in _FIRST_SERVICES:
        tx.put(ENABLED_SERVICES, f"{project_id}/{service}.googleapis.com", {})
    return made


def change(tx: Transaction, found: Document, changes: Mapping[str, Any], now: datetime) -> Document:
    """Change name, labels or parent of an active project; None clears labels. Raises ApiError."""
    if found["lifecycleState"] != "ACTIVE":
        raise failed_precondition("Cannot modify a project that is pending deletion.")
    check_labels(changes.get("labels") or {})
    made = {key: value for key, value in (found | dict(changes)).items() if value not in (None, {})}
    return _keep(tx, made, now)


def delete(tx: Transaction, found: Document, now: datetime) -> Document:
    """Begin the 30 days after which a project is gone. Raises ApiError."""
    if found["lifecycleState"] != "ACTIVE":
        raise failed_precondition("Project is already pending deletion.")
    return _keep(tx, found | {"lifecycleState": "DELETE_REQUESTED", "deleteTime": stamp(now + _GRACE)}, now)


def undelete(tx: Transaction, found: Document, now: datetime) -> Document:
    """Bring a deleted project back. Raises ApiError."""
    if found["lifecycleState"] != "DELETE_REQUESTED":
        raise failed_precondition("Project is not pending deletion.")
    kept = {key: value for key, value in found.items() if key != "deleteTime"}
    return _keep(tx, kept | {"lifecycleState": "ACTIVE"}, now)


def known(tx: Transaction, id_or_number: str, now: datetime) -> Document:
    """Return a project in any state but gone. Raises ApiError PERMISSION_DENIED, as Google does for a missing one."""
    found = find_project(tx, id_or_number)
    if found is None or gone(found, now):
        raise permission_denied("The caller does not have permission")
    return found


def gone(found: Document, now: datetime) -> bool:
    """Tell whether the days of a deleted project are over."""
    return "deleteTime" in found and parse_timestamp(found["deleteTime"]) <= now


def shown_v1(found: Document) -> Json:
    """Return a project as v1 shows it."""
    return {key: value for key, value in found.items() if key not in {"updateTime", "deleteTime", "etag"}}


def shown_v3(found: Document) -> Json:
    """Return a project as v3 shows it."""
    parent = found.get("parent")
    made = {
        "name": f"projects/{found['projectNumber']}",
        "projectId": found["projectId"],
        "state": found["lifecycleState"],
        "displayName": found["name"],
        "createTime": found["createTime"],
        "updateTime": found["updateTime"],
        "etag": found["etag"],
    }
    made |= {"parent": f"{parent['type']}s/{parent['id']}"} if parent else {}
    return made | {key: found[key] for key in ("labels", "deleteTime") if key in found}


def check_parent(tx: Transaction, parent: Mapping[str, Any]) -> None:
    """Raise ApiError unless a parent ({type, id}; empty for none) exists."""
    if not parent:
        return
    collection = {"folder": FOLDERS, "organization": ORGANIZATIONS}.get(str(parent.get("type")))
    if collection is None:
        raise invalid_argument("Request contains an invalid argument.", ("project.parent", "unknown parent type"))
    if tx.get(collection, str(parent.get("id"))) is None:
        raise permission_denied("The caller does not have permission")


def check_labels(labels: Mapping[str, Any]) -> None:
    """Raise ApiError for labels that Resource Manager refuses."""
    valid = all(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(str(value)) for key, value in labels.items())
    if not valid or len(labels) > _MOST_LABELS:
        raise invalid_argument("Request contains an invalid argument.", ("project.labels", "invalid label"))


def _keep(tx: Transaction, made: Document, now: datetime) -> Document:
    made |= {"updateTime": stamp(now), "etag": fresh_etag(tx)}
    tx.put(PROJECTS, made["projectId"], made)
    return made


def _free_number(tx: Transaction) -> str:
    while True:
        number = random_number(12)
        if tx.get(PROJECT_NUMBERS, number) is None:
            return number

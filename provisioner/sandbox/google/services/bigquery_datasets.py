"""BigQuery API v2: projects and datasets."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.hierarchy import PROJECTS, project_id, service_enabled
from provisioner.sandbox.google.hierarchy import project_resource as any_project
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage.buckets import merge
from provisioner.sandbox.google.warehouse.access import accepted_entries, default_entries, write_entries
from provisioner.sandbox.google.warehouse.records import (
    DATASETS,
    DELETED,
    SERVICE,
    TABLES,
    check_etag,
    check_key,
    check_labels,
    check_location,
    dataset_id,
    dataset_policy,
    dataset_resource,
    find_dataset,
    forget_table,
    link,
    milliseconds,
    project_resource,
    refuse_unbuilt,
    service_account,
    stamped,
    time_travel,
)
from provisioner.sandbox.google.warehouse.refusals import duplicate, in_use, invalid, missing
from provisioner.sandbox.google.wire import page, parse_timestamp
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_UNBUILT = ("externalDatasetReference", "linkedDatasetSource", "externalCatalogDatasetOptions")
_SERVER_MADE = frozenset(
    (
        *("kind", "etag", "id", "selfLink", "datasetReference", "creationTime", "lastModifiedTime", "location", "type"),
        *("satisfiesPzs", "satisfiesPzi"),
    )
)
_SHORTEST_EXPIRATION = 3_600_000
_TRAVEL_RANGE = (48, 168)


def _dataset(call: Call) -> Resource:
    return dataset_resource(call)


@method("bigquery.projects.list")
def list_projects(call: Call) -> Json:
    """Return the projects with BigQuery that the caller may see."""
    rows = [(found["projectId"], found) for _, found in call.tx.scan(PROJECTS) if _visible(call, found)]
    items, token = page(call, rows, size="maxResults", default=50)
    shown = [
        {
            "kind": "bigquery#project",
            "id": found["projectId"],
            "numericId": found["projectNumber"],
            "projectReference": {"projectId": found["projectId"]},
            "friendlyName": found.get("name") or found["projectId"],
        }
        for found in items
    ]
    answer: Json = {"kind": "bigquery#projectList", "totalItems": len(rows)}
    return answer | ({"projects": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("bigquery.projects.getServiceAccount", on=project_resource)
def get_service_account(call: Call) -> Json:
    """Return the address of the agent that uses KMS keys."""
    return {"kind": "bigquery#getServiceAccountResponse", "email": service_account(call)}


@method("bigquery.datasets.insert", permission="bigquery.datasets.create", on=project_resource)
def insert(call: Call) -> Json:
    """Create a dataset; without access entries the project's basic roles and its maker have access."""
    owner = project_id(call.tx, call.params["projectId"])
    name = dataset_id(call.body, owner)
    key = f"{owner}/{name}"
    if call.tx.get(DATASETS, key):
        raise duplicate("Dataset", f"{owner}:{name}")
    settings = _settings(call, {key: value for key, value in call.body.items() if value is not None})
    made = settings | {
        "kind": "bigquery#dataset",
        "id": f"{owner}:{name}",
        "selfLink": link(owner, name),
        "datasetReference": {"datasetId": name, "projectId": owner},
        "location": check_location(call.body.get("location") or "US"),
        "creationTime": str(milliseconds(call.now)),
        "type": "DEFAULT",
    }
    made.setdefault("maxTimeTravelHours", str(_TRAVEL_RANGE[1]))
    made["access"] = accepted_entries(call.body.get("access") or default_entries(call.caller.email))
    return _kept(call, key, made)


@method("bigquery.datasets.get", permission="bigquery.datasets.get", on=_dataset)
def get(call: Call) -> Json:
    """Return a dataset; ``datasetView`` METADATA leaves the access entries out, ACL shows nothing else of weight."""
    found = find_dataset(call)
    if call.params.get("datasetView") == "METADATA":
        return {key: value for key, value in found.items() if key != "access"}
    return found


@method("bigquery.datasets.list", on=project_resource)
def list_datasets(call: Call) -> Json:
    """Return the datasets of a project that the caller may see; hidden ones (``_…``) with ``all``."""
    owner = project_id(call.tx, call.params["projectId"])
    wanted = _label_filter(call.params.get("filter", ""))
    rows = [
        (key, found)
        for key, found in call.tx.scan(DATASETS, f"{owner}/")
        if (call.params.get("all") or not found["datasetReference"]["datasetId"].startswith("_"))
        and all(_labelled(found, *pair) for pair in wanted)
        and call.holds("bigquery.datasets.get", dataset_resource(call, found["datasetReference"]["datasetId"]))
    ]
    items, token = page(call, rows, size="maxResults", default=50)
    names = ("kind", "id", "datasetReference", "labels", "friendlyName", "location", "type")
    shown = [{name: found[name] for name in names if name in found} for found in items]
    answer: Json = {"kind": "bigquery#datasetList"}
    return answer | ({"datasets": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("bigquery.datasets.patch", permission="bigquery.datasets.update", on=_dataset)
def patch(call: Call) -> Json:
    """Change some settings; null clears one."""
    found = find_dataset(call)
    settings = {key: value for key, value in found.items() if key not in _SERVER_MADE}
    sent = {key: value for key, value in call.body.items() if key not in _SERVER_MADE}
    return _changed(call, found, merge(settings, sent))


@method("bigquery.datasets.update", permission="bigquery.datasets.update", on=_dataset)
def update(call: Call) -> Json:
    """Replace all settings."""
    found = find_dataset(call)
    sent = {key: value for key, value in call.body.items() if key not in _SERVER_MADE and value is not None}
    return _changed(call, found, {"access": found["access"]} | sent)


@method("bigquery.datasets.delete", permission="bigquery.datasets.delete", on=_dataset)
def delete(call: Call) -> Response:
    """Delete a dataset, with ``deleteContents`` its tables too; it can be brought back for a while."""
    found = find_dataset(call)
    check_etag(call, found)
    reference = found["datasetReference"]
    key = f"{reference['projectId']}/{reference['datasetId']}"
    tables = list(call.tx.scan(TABLES, f"{key}/"))
    if tables and not call.params.get("deleteContents"):
        raise in_use("Dataset", found["id"])
    kept = found | {"tables": [table for _, table in tables]}
    call.tx.put(DELETED, f"{key}/{milliseconds(call.now):014d}", kept)
    for place, _ in tables:
        forget_table(call.tx, place)
    call.tx.delete(DATASETS, key)
    delete_policy(call.tx, dataset_policy(reference["projectId"], reference["datasetId"]))
    return Response(204)


@method("bigquery.datasets.undelete", permission="bigquery.datasets.create", on=project_resource)
def undelete(call: Call) -> Json:
    """Bring a deleted dataset back with its tables: the last one of its name, or the one of ``deletionTime``."""
    owner, name = project_id(call.tx, call.params["projectId"]), call.params["datasetId"]
    key = f"{owner}/{name}"
    if call.tx.get(DATASETS, key):
        raise duplicate("Dataset", f"{owner}:{name}")
    place, found = _deleted(call, key)
    call.tx.delete(DELETED, place)
    for table in found["tables"]:
        call.tx.put(TABLES, f"{key}/{table['tableReference']['tableId']}", table)
    return _kept(call, key, {field: value for field, value in found.items() if field != "tables"})


def _deleted(call: Call, key: str) -> tuple[str, Document]:
    asked = call.body.get("deletionTime")
    latest = milliseconds(parse_timestamp(asked)) if asked else milliseconds(call.now)
    for place, found in reversed(list(call.tx.scan(DELETED, f"{key}/"))):
        gone = int(place.rpartition("/")[2])
        if gone <= latest and gone + time_travel(found).total_seconds() * 1000 > milliseconds(call.now):
            return place, found
    raise missing("Dataset", key.replace("/", ":"))


def _changed(call: Call, found: Document, settings: Json) -> Json:
    check_etag(call, found)
    if call.body.get("location") and check_location(call.body["location"]) != found["location"]:
        raise invalid("Cannot change the location of a dataset.")
    reference = found["datasetReference"]
    kept = {key: value for key, value in found.items() if key in _SERVER_MADE}
    made = kept | _settings(call, settings)
    made["access"] = accepted_entries(settings.get("access") or [])
    if made["access"] != found["access"]:
        call.require("bigquery.datasets.setIamPolicy", dataset_resource(call))
    return _kept(call, f"{reference['projectId']}/{reference['datasetId']}", made)


def _kept(call: Call, key: str, made: Document) -> Document:
    owner, _, name = key.partition("/")
    write_entries(call.tx, dataset_policy(owner, name), owner, made["access"], call.now)
    document = stamped(call, made)
    call.tx.put(DATASETS, key, document)
    return document


def _settings(call: Call, body: Json) -> Json:
    """Return the settings of a dataset. Raises ApiError for those that BigQuery refuses."""
    refuse_unbuilt(body, _UNBUILT, "datasets")
    check_labels(body.get("labels") or {})
    check_key(call, body, "defaultEncryptionConfiguration")
    for name in ("defaultTableExpirationMs", "defaultPartitionExpirationMs"):
        if 0 < int(body.get(name) or 0) < _SHORTEST_EXPIRATION:
            raise invalid(f"Invalid value for {name}: must be at least {_SHORTEST_EXPIRATION} (one hour).")
    hours, (low, high) = int(body.get("maxTimeTravelHours") or _TRAVEL_RANGE[1]), _TRAVEL_RANGE
    if not low <= hours <= high or hours % 24:
        raise invalid(f"Invalid value for max_time_travel_hours: must be a multiple of 24 between {low} and {high}.")
    return {key: value for key, value in body.items() if key not in _SERVER_MADE}


def _visible(call: Call, found: Document) -> bool:
    if found["lifecycleState"] != "ACTIVE" or not service_enabled(call.tx, found["projectId"], SERVICE):
        return False
    return call.holds("resourcemanager.projects.get", any_project(call.tx, found["projectId"]))


def _label_filter(text: str) -> list[tuple[str, str | None]]:
    """Return the (key, value or None for any) pairs of ``labels.key:value labels.other``. Raises ApiError."""
    pairs = []
    for term in text.split():
        name, colon, value = term.removeprefix("labels.").partition(":")
        if not term.startswith("labels.") or not name:
            raise invalid(f"Invalid filter: {text}")
        pairs.append((name, value if colon and value else None))
    return pairs


def _labelled(found: Document, key: str, value: str | None) -> bool:
    labels = found.get("labels") or {}
    return key in labels and value in {None, labels[key]}

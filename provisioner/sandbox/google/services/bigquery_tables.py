"""BigQuery API v2: tables and views, without their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.identity.policy_methods import (
    get_iam_policy,
    set_iam_policy,
    test_iam_permissions,
)
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage.buckets import merge
from provisioner.sandbox.google.warehouse.records import (
    TABLES,
    check_etag,
    check_key,
    check_labels,
    dataset_resource,
    expired,
    find_dataset,
    find_table,
    forget_table,
    link,
    milliseconds,
    refuse_unbuilt,
    stamped,
    table_id,
    table_resource,
)
from provisioner.sandbox.google.warehouse.refusals import duplicate, invalid
from provisioner.sandbox.google.warehouse.schemas import accepted_schema, check_change
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_UNBUILT = ("snapshotDefinition", "cloneDefinition", "tableReplicationInfo", "biglakeConfiguration", "model")
_SERVER_MADE = frozenset(
    (
        *("kind", "etag", "id", "selfLink", "tableReference", "creationTime", "lastModifiedTime", "location", "type"),
        *("numRows", "numBytes", "numLongTermBytes", "numTimeTravelPhysicalBytes", "streamingBuffer"),
        *("numActiveLogicalBytes", "numTotalLogicalBytes", "numLongTermLogicalBytes", "numPartitions"),
    )
)
_FIXED = ("timePartitioning", "rangePartitioning")
_KINDS = {"view": "VIEW", "materializedView": "MATERIALIZED_VIEW", "externalDataConfiguration": "EXTERNAL"}
_COUNTS = ("numRows", "numBytes", "numLongTermBytes", "numTotalLogicalBytes", "numActiveLogicalBytes")


def _dataset(call: Call) -> Resource:
    return dataset_resource(call)


def _table(call: Call) -> Resource:
    return table_resource(call)


def _named(call: Call) -> Resource:
    return table_resource(call, call.params["resource"])


@method("bigquery.tables.insert", permission="bigquery.tables.create", on=_dataset)
def insert(call: Call) -> Json:
    """Create a table, view, materialised view or external table; it has no rows."""
    holder = find_dataset(call)
    reference = holder["datasetReference"]
    owner, dataset = reference["projectId"], reference["datasetId"]
    name = table_id(call.body, owner, dataset)
    key = f"{owner}/{dataset}/{name}"
    old = call.tx.get(TABLES, key)
    if old and not expired(old, call.now):
        raise duplicate("Table", f"{owner}:{dataset}.{name}")
    body = {field: value for field, value in call.body.items() if field not in _SERVER_MADE and value is not None}
    made = _settings(call, body) | {
        "kind": "bigquery#table",
        "id": f"{owner}:{dataset}.{name}",
        "selfLink": link(owner, dataset, name),
        "tableReference": {"projectId": owner, "datasetId": dataset, "tableId": name},
        "type": _kind(body),
        "location": holder["location"],
        "creationTime": str(milliseconds(call.now)),
    }
    if made["type"] == "TABLE":
        made |= dict.fromkeys(_COUNTS, "0")
    ends = int(holder.get("defaultTableExpirationMs") or 0)
    if ends and "expirationTime" not in made:
        made["expirationTime"] = str(milliseconds(call.now) + ends)
    return _kept(call, key, made)


@method("bigquery.tables.get", permission="bigquery.tables.get", on=_table)
def get(call: Call) -> Json:
    """Return a table."""
    return find_table(call)


@method("bigquery.tables.list", permission="bigquery.tables.list", on=_dataset)
def list_tables(call: Call) -> Json:
    """Return the tables of a dataset, by name."""
    reference = find_dataset(call)["datasetReference"]
    inside = f"{reference['projectId']}/{reference['datasetId']}/"
    rows = [(key, found) for key, found in call.tx.scan(TABLES, inside) if not expired(found, call.now)]
    items, token = page(call, rows, size="maxResults", default=50)
    names = (
        *("kind", "id", "tableReference", "friendlyName", "type", "labels", "creationTime", "expirationTime"),
        *("timePartitioning", "rangePartitioning", "clustering"),
    )
    shown = []
    for found in items:
        views = {"view": {"useLegacySql": found["view"].get("useLegacySql", False)}} if "view" in found else {}
        shown.append({name: found[name] for name in names if name in found} | views)
    answer: Json = {"kind": "bigquery#tableList", "totalItems": len(rows)}
    return answer | ({"tables": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("bigquery.tables.patch", permission="bigquery.tables.update", on=_table)
def patch(call: Call) -> Json:
    """Change some settings; null clears one."""
    found = find_table(call)
    settings = {field: value for field, value in found.items() if field not in _SERVER_MADE}
    sent = {field: value for field, value in call.body.items() if field not in _SERVER_MADE}
    # bq sends "schema": null with every change: a schema cannot be taken away.
    kept = {"schema"} if sent.get("schema") is None else set()
    return _changed(call, found, merge(settings, {field: sent[field] for field in sent if field not in kept}))


@method("bigquery.tables.update", permission="bigquery.tables.update", on=_table)
def update(call: Call) -> Json:
    """Replace all settings; a schema left out stays."""
    found = find_table(call)
    sent = {field: value for field, value in call.body.items() if field not in _SERVER_MADE and value is not None}
    kept = {field: found[field] for field in ("schema", *_FIXED) if field in found}
    return _changed(call, found, kept | sent)


@method("bigquery.tables.delete", permission="bigquery.tables.delete", on=_table)
def delete(call: Call) -> Response:
    """Delete a table."""
    found = find_table(call)
    check_etag(call, found)
    reference = found["tableReference"]
    forget_table(call.tx, f"{reference['projectId']}/{reference['datasetId']}/{reference['tableId']}")
    return Response(204)


@method("bigquery.tables.getIamPolicy", permission="bigquery.tables.getIamPolicy", on=_named)
def get_policy(call: Call) -> Json:
    """Return the policy of a table."""
    resource = _named(call)
    find_table(call)
    return get_iam_policy(call, resource)


@method("bigquery.tables.setIamPolicy", permission="bigquery.tables.setIamPolicy", on=_named)
def set_policy(call: Call) -> Json:
    """Replace the policy of a table."""
    resource = _named(call)
    find_table(call)
    return set_iam_policy(call, resource)


@method("bigquery.tables.testIamPermissions", on=_named)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, _named(call))


def _kind(body: Mapping[str, Any]) -> str:
    named = [kind for field, kind in _KINDS.items() if body.get(field)]
    if len(named) > 1:
        raise invalid("A table can be only one of view, materialized view and external table.")
    return named[0] if named else "TABLE"


def _settings(call: Call, body: Json) -> Json:
    refuse_unbuilt(body, _UNBUILT, "tables")
    check_labels(body.get("labels") or {})
    check_key(call, body, "encryptionConfiguration")
    for name in ("view", "materializedView"):
        if body.get(name) is not None and not body[name].get("query"):
            raise invalid(f"Required parameter is missing: {name}.query")
    ends = int(body.get("expirationTime") or 0)
    if ends and ends <= milliseconds(call.now):
        raise invalid(f"Invalid expiration time: {ends} is in the past.")
    settings = dict(body)
    if body.get("schema"):
        settings["schema"] = accepted_schema(body["schema"])
    _check_columns(settings)
    return settings


def _check_columns(settings: Json) -> None:
    """Raise ApiError for partitioning and clustering by columns that the table does not have."""
    if "schema" not in settings:
        return
    known = {field["name"].lower() for field in settings["schema"]["fields"]}
    partition = (settings.get("timePartitioning") or settings.get("rangePartitioning") or {}).get("field")
    if settings.get("timePartitioning") and settings.get("rangePartitioning"):
        raise invalid("Only one of timePartitioning and rangePartitioning should be specified.")
    wanted = [partition] if partition else []
    wanted += (settings.get("clustering") or {}).get("fields") or []
    for name in wanted:
        if name.lower() not in known:
            raise invalid(f"The field specified for partitioning or clustering cannot be found in the schema: {name}")


def _changed(call: Call, found: Document, settings: Json) -> Json:
    check_etag(call, found)
    reference = found["tableReference"]
    for name in _FIXED:
        if (settings.get(name) or {}).get("field") != (found.get(name) or {}).get("field"):
            raise invalid(f"Cannot change partitioning spec for a partitioned table ({name}).")
    fresh = {field: value for field, value in settings.items() if value is not None}
    kept = {field: value for field, value in found.items() if field in _SERVER_MADE}
    made = kept | _settings(call, fresh)
    if found["type"] == "TABLE" and found.get("schema"):
        check_change(found["id"], found["schema"]["fields"], (made.get("schema") or {}).get("fields") or [])
    key = f"{reference['projectId']}/{reference['datasetId']}/{reference['tableId']}"
    return _kept(call, key, made)


def _kept(call: Call, key: str, made: Document) -> Document:
    document = stamped(call, made)
    call.tx.put(TABLES, key, document)
    return document

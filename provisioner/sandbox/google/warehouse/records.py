"""Datasets and tables: where they are kept, and as what permissions are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.errors import ApiError, unimplemented
from provisioner.sandbox.google.hierarchy import inside_project, project, project_id
from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.keys.records import KEYS, key_resource
from provisioner.sandbox.google.method import Call, Caller, Resource
from provisioner.sandbox.google.storage.locations import regions
from provisioner.sandbox.google.warehouse.refusals import invalid, missing, stale
from provisioner.sandbox.google.wire import fresh_etag
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "bigquery.googleapis.com"
DATASETS = "google/bigquery.datasets"  # "<project id>/<dataset>"; fields as bigquery v2
DELETED = "google/bigquery.deleted-datasets"  # "<project id>/<dataset>/<deletion time, ms>", with "tables"
TABLES = "google/bigquery.tables"  # "<project id>/<dataset>/<table>"; fields as bigquery v2
_ROOT = "https://bigquery.googleapis.com/bigquery/v2"
_DATASET_ID = re.compile(r"[A-Za-z0-9_]{1,1024}")
_TABLE_ID = re.compile(r"[^\x00-\x1f/\\.*?\"'`:;!@#%&()+=,{}\[\]|<>~^]{1,1024}")
_LABEL_KEY, _LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_AGENT_PERMISSIONS = ("cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt")


def dataset_policy(project_name: str, dataset: str) -> str:
    """Return the full name under which the IAM policy of a dataset is kept."""
    return f"//{SERVICE}/projects/{project_name}/datasets/{dataset}"


def table_policy(project_name: str, dataset: str, table: str) -> str:
    """Return the full name under which the IAM policy of a table is kept."""
    return f"{dataset_policy(project_name, dataset)}/tables/{table}"


def project_resource(call: Call) -> Resource:
    """Return the project of a call as a thing that permissions are asked for."""
    name = project_id(call.tx, call.params["projectId"])
    text = f"Access Denied: Project {name}: User does not have {{permission}} permission in project {name}."
    found = inside_project(
        call.tx, name, name=f"projects/{name}", kind="cloudresourcemanager.googleapis.com/Project", service=SERVICE
    )
    return Resource(found.name, found.kind, found.service, found.policies, found.project, text)


def dataset_resource(call: Call, dataset: str = "") -> Resource:
    """Return the dataset of a call as a thing that permissions are asked for."""
    name, dataset = project_id(call.tx, call.params["projectId"]), dataset or call.params["datasetId"]
    full = f"{name}:{dataset}"
    text = f"Access Denied: Dataset {full}: Permission {{permission}} denied on dataset {full} (or it may not exist)."
    found = inside_project(
        call.tx,
        name,
        name=f"projects/{name}/datasets/{dataset}",
        kind=f"{SERVICE}/Dataset",
        service=SERVICE,
        policy=dataset_policy(name, dataset),
    )
    return Resource(found.name, found.kind, found.service, found.policies, found.project, text)


def table_resource(call: Call, name: str = "") -> Resource:
    """Return the table of a call (or of a resource name) as a thing that permissions are asked for."""
    if name:
        parts = name.split("/")
        call.params |= {"projectId": parts[1], "datasetId": parts[3], "tableId": parts[5]}
    holder, table = dataset_resource(call), call.params["tableId"]
    full = f"{holder.project}:{call.params['datasetId']}.{table}"
    text = f"Access Denied: Table {full}: Permission {{permission}} denied on table {full} (or it may not exist)."
    own = table_policy(holder.project, call.params["datasetId"], table)
    kind = f"{SERVICE}/Table"
    return Resource(f"{holder.name}/tables/{table}", kind, SERVICE, (own, *holder.policies), holder.project, text)


def find_dataset(call: Call) -> Document:
    """Return the dataset of a call. Raises ApiError NOT_FOUND."""
    owner, name = project_id(call.tx, call.params["projectId"]), call.params["datasetId"]
    found = call.tx.get(DATASETS, f"{owner}/{name}")
    if found is None:
        raise missing("Dataset", f"{owner}:{name}")
    return found


def find_table(call: Call) -> Document:
    """Return the table of a call that has not expired. Raises ApiError NOT_FOUND."""
    owner, reference = find_dataset(call)["datasetReference"]["projectId"], call.params
    key = f"{owner}/{reference['datasetId']}/{reference['tableId']}"
    found = call.tx.get(TABLES, key)
    if found is not None and expired(found, call.now):
        forget_table(call.tx, key)
        found = None
    if found is None:
        raise missing("Table", f"{owner}:{reference['datasetId']}.{reference['tableId']}")
    return found


def expired(table: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a table's time is over."""
    ends = int(table.get("expirationTime") or 0)
    return 0 < ends <= milliseconds(now)


def forget_table(tx: Transaction, key: str) -> None:
    """Drop a table and its policy."""
    tx.delete(TABLES, key)
    delete_policy(tx, table_policy(*key.split("/")))


def dataset_id(body: Mapping[str, Any], owner: str) -> str:
    """Return the id of a dataset to be made in a project. Raises ApiError INVALID_ARGUMENT."""
    reference = body.get("datasetReference") or {}
    if reference.get("projectId", owner) != owner:
        raise invalid("The project of the dataset must be that of the request.")
    name = str(reference.get("datasetId") or "")
    if not _DATASET_ID.fullmatch(name):
        raise invalid(
            f'Invalid dataset ID "{name}". Dataset IDs must be alphanumeric (plus underscores) and must be at most '
            "1024 characters long."
        )
    return name


def table_id(body: Mapping[str, Any], owner: str, dataset: str) -> str:
    """Return the id of a table to be made in a dataset. Raises ApiError INVALID_ARGUMENT."""
    reference = body.get("tableReference") or {}
    if reference.get("projectId", owner) != owner or reference.get("datasetId", dataset) != dataset:
        raise invalid("The dataset of the table must be that of the request.")
    name = str(reference.get("tableId") or "")
    if not _TABLE_ID.fullmatch(name):
        raise invalid(f'Invalid table ID "{name}".')
    return name


def check_location(name: str) -> str:
    """Return where a dataset is, as the server spells it: multi-regions in upper case, regions in lower case."""
    if name.upper() in {"US", "EU"}:
        return name.upper()
    if name.upper() in regions():
        return name.lower()
    raise invalid(f"Invalid value for location: {name} is not a valid value")


def check_labels(labels: Mapping[str, Any]) -> None:
    """Raise ApiError for labels that BigQuery refuses."""
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(str(value or "")):
            raise invalid(f'Label key or value "{key}={value}" is not valid.')


def check_key(call: Call, body: Mapping[str, Any], field: str) -> None:
    """Raise ApiError unless BigQuery's agent may use the KMS key that a body names."""
    name = (body.get(field) or {}).get("kmsKeyName")
    if not name:
        return
    member = f"serviceAccount:{service_account(call)}"
    agent = Caller(member, frozenset((member, "allUsers", "allAuthenticatedUsers")))
    if call.tx.get(KEYS, name) is None:
        raise missing("CryptoKey", name)
    held = granted(call.tx, agent, _AGENT_PERMISSIONS, key_resource(call.tx, name), call.now)
    if len(held) < len(_AGENT_PERMISSIONS):
        raise ApiError(
            "INVALID_ARGUMENT",
            "Please grant Cloud KMS CryptoKey Encrypter/Decrypter role to BigQuery service account "
            f"'{service_account(call)}' in key '{name}'.",
            reason="kmsAccessDenied",
        )


def service_account(call: Call) -> str:
    """Return the address of BigQuery's encryption agent in the project of a call."""
    number = project(call.tx, call.params["projectId"])["projectNumber"]
    return f"bq-{number}@bigquery-encryption.iam.gserviceaccount.com"


def check_etag(call: Call, found: Document) -> None:
    """Raise ApiError 412 when ``If-Match`` names another version."""
    wanted = call.request.headers.get("if-match", "").strip('"')
    if wanted and wanted not in {"*", found["etag"]}:
        raise stale()


def stamped(call: Call, document: Document) -> Document:
    """Return a document with a new etag and time of change."""
    return document | {"etag": fresh_etag(call.tx), "lastModifiedTime": str(milliseconds(call.now))}


def link(owner: str, dataset: str, table: str = "") -> str:
    """Return the selfLink of a dataset or table."""
    below = f"/tables/{table}" if table else ""
    return f"{_ROOT}/projects/{owner}/datasets/{dataset}{below}"


def milliseconds(moment: datetime) -> int:
    """Return an instant as BigQuery writes it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def refuse_unbuilt(body: Mapping[str, Any], names: tuple[str, ...], kind: str) -> None:
    """Raise ApiError UNIMPLEMENTED for fields whose rules the sandbox does not have."""
    for name in names:
        if body.get(name):
            raise unimplemented(f"The sandbox's BigQuery has no {kind} with {name}.")


def time_travel(found: Mapping[str, Any]) -> timedelta:
    """Return how long a deleted dataset can be brought back."""
    return timedelta(hours=int(found.get("maxTimeTravelHours") or 168))

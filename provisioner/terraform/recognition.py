"""Tell whether what exists in the cloud is the very resource that a plan wants to create.

Names are derived from team and environment, so an existing resource of the same name is a candidate; it is ours only
when its labels or its description are those that we would write. Everything else is foreign and never imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from provisioner.terraform.changes import ResourceChange
from provisioner.terraform.plan import Plan

_TELLING_LABELS = ("team", "env", "managed-by")


@dataclass(frozen=True)
class Existing:
    """A resource as the cloud describes it.

    ``name`` is the API's full name, ``text`` its description (of a budget the display name: it has nothing else).
    What has neither labels nor a description of its own is described by the resource that it belongs to.
    ``deleted`` is true while it is soft-deleted and its name blocked.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    deleted: bool = False


class Lookup(Protocol):
    """Asks the cloud for one resource."""

    def describe(self, kind: str, values: Mapping[str, Any]) -> Existing | None:
        """Return what exists under the name in a resource's planned values; None when nothing does.

        ``kind`` is Terraform's resource type, one of ``KINDS``. Called by several threads at once.
        """


@dataclass(frozen=True)
class Kind:
    """How resources of one type are imported and recognised.

    ``imported_as`` is the import id over the planned values (``name`` of the API as ``{api_name}``), ``labels`` and
    ``text`` are the attributes that carry the evidence. A type without either is told by what it lies in: ``inside``
    names that type and our attribute that holds its name.
    """

    imported_as: str
    labels: str = ""
    text: str = ""
    inside: tuple[str, str] | None = None


KINDS: Mapping[str, Kind] = {
    "google_artifact_registry_repository": Kind(
        "projects/{project}/locations/{location}/repositories/{repository_id}", labels="labels"
    ),
    "google_billing_budget": Kind("{api_name}", text="display_name"),
    "google_cloud_run_v2_service": Kind("projects/{project}/locations/{location}/services/{name}", labels="labels"),
    "google_cloud_scheduler_job": Kind("projects/{project}/locations/{region}/jobs/{name}", text="description"),
    "google_iam_workload_identity_pool": Kind(
        "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}", text="description"
    ),
    "google_iam_workload_identity_pool_provider": Kind(
        "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
        "/providers/{workload_identity_pool_provider_id}",
        text="description",
    ),
    "google_monitoring_notification_channel": Kind("{api_name}", labels="user_labels"),
    "google_project_iam_custom_role": Kind("projects/{project}/roles/{role_id}", text="description"),
    "google_pubsub_subscription": Kind("projects/{project}/subscriptions/{name}", labels="labels"),
    "google_pubsub_topic": Kind("projects/{project}/topics/{name}", labels="labels"),
    "google_secret_manager_secret": Kind("projects/{project}/secrets/{secret_id}", labels="labels"),
    "google_service_account": Kind(
        "projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com", text="description"
    ),
    "google_storage_bucket": Kind("{project}/{name}", labels="labels"),
    "google_storage_managed_folder": Kind("{bucket}/managedFolders/{name}", inside=("google_storage_bucket", "bucket")),
}
"""Types whose create can be lost and then blocks or doubles. Grants and enabled services are missing on purpose:
making them again changes nothing."""


def import_id(change: ResourceChange, existing: Existing) -> str | None:
    """Return the id under which ``import`` takes it; None when the plan does not know all parts of the name."""
    kind = KINDS.get(change.type)
    if kind is None:
        return None
    values = {key: value for key, value in (change.after or {}).items() if isinstance(value, str)}
    try:
        return kind.imported_as.format(**values | {"api_name": existing.name})
    except KeyError:
        return None


def is_ours(change: ResourceChange, existing: Existing, plan: Plan) -> bool:
    """Tell whether its labels or its description are the ones that the plan would write.

    Of the labels those count that say whose it is (team, env, managed-by); all must be planned and equal. A
    description must be planned, not empty, and equal. What lies inside of something is ours when that is, and so is the
    folder of this root's own state.
    """
    if _holds_own_state(change, plan):
        return True
    kind = KINDS.get(change.type)
    told_by = _container(change, kind.inside, plan) if kind and kind.inside else change
    if kind is None or told_by is None:
        return False
    kind, planned = KINDS[told_by.type], told_by.after or {}
    if kind.labels:
        wanted = _telling(planned.get(kind.labels))
        return len(wanted) == len(_TELLING_LABELS) and wanted == _telling(existing.labels)
    text = planned.get(kind.text)
    return isinstance(text, str) and bool(text.strip()) and text == existing.text


def _holds_own_state(change: ResourceChange, plan: Plan) -> bool:
    """Tell whether it is the folder in the platform's bucket where this very state lies.

    The bucket is in no team's plan and a managed folder carries nothing but grants. Only this root has this prefix.
    """
    bucket, prefix = plan.variables.get("state_bucket"), plan.variables.get("state_prefix")
    planned = change.after or {}
    known = isinstance(bucket, str) and isinstance(prefix, str) and change.type == "google_storage_managed_folder"
    return known and (planned.get("bucket"), planned.get("name")) == (bucket, f"{prefix}/")


def _container(change: ResourceChange, inside: tuple[str, str], plan: Plan) -> ResourceChange | None:
    container, attribute = inside
    name = (change.after or {}).get(attribute)
    return next((each for each in plan.managed(container) if (each.after or {}).get("name") == name), None)


def _telling(labels: object) -> dict[str, object]:
    return {key: labels[key] for key in _TELLING_LABELS if key in labels} if isinstance(labels, Mapping) else {}

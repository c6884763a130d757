"""What each of the toolkit's own identities holds, and which calls of the modules need it.

The permissions of a role are those of https://cloud.google.com/iam/docs/roles-permissions; which calls a resource type
makes was read from the requests that the google provider sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Account = Literal["plan", "preview", "deploy"]
Place = Literal["scope", "billing", "state"]


@dataclass(frozen=True, slots=True)
class Held:
    """One role of an account: on the teams' folder (``scope``), the billing account or the state bucket.

    ``only_on`` is the type of resource on which it counts, as conditions name it; everything below the place if empty.
    """

    account: Account
    place: Place
    role: str
    why: str
    only_on: str = ""

    @property
    def condition(self) -> str:
        """Return the grant's condition; empty where it has none."""
        return f'resource.type == "{self.only_on}"' if self.only_on else ""


_READERS: tuple[tuple[str, str], ...] = (
    ("roles/artifactregistry.reader", "google_artifact_registry_repository: repositories.get"),
    ("roles/iam.securityReviewer", "google_*_iam_member: getIamPolicy; google_project_service: services.list"),
    ("roles/iam.workloadIdentityPoolViewer", "google_iam_workload_identity_pool(_provider): get"),
    ("roles/monitoring.viewer", "google_monitoring_notification_channel: notificationChannels.get"),
    ("roles/run.viewer", "google_cloud_run_v2_service: services.get; data.google_project: projects.get"),
    ("roles/storage.bucketViewer", "google_storage_bucket: buckets.get"),
)

_APPLIERS: tuple[tuple[str, str], ...] = (
    ("roles/artifactregistry.admin", "google_artifact_registry_repository(_iam_member): create, update, setIamPolicy"),
    ("roles/iam.serviceAccountAdmin", "google_service_account(_iam_member): create, update, delete, setIamPolicy"),
    ("roles/iam.serviceAccountUser", "google_cloud_run_v2_service: iam.serviceAccounts.actAs on its runtime account"),
    ("roles/iam.workloadIdentityPoolAdmin", "google_iam_workload_identity_pool(_provider): create, update, undelete"),
    ("roles/monitoring.notificationChannelEditor", "google_monitoring_notification_channel: create, get, delete"),
    ("roles/resourcemanager.projectIamAdmin", "google_project_iam_member, _iam_audit_config: projects.setIamPolicy"),
    ("roles/run.admin", "google_cloud_run_v2_service(_iam_member): create, update, delete, setIamPolicy"),
    ("roles/secretmanager.admin", "google_secret_manager_secret_iam_member: secrets.setIamPolicy is in no other role"),
    ("roles/serviceusage.serviceUsageAdmin", "google_project_service: services.batchEnable, operations.get"),
    ("roles/storage.admin", "google_storage_bucket(_iam_member), managed folders: create, update, setIamPolicy"),
)

_FOLDER = "storage.googleapis.com/ManagedFolder"
"""What Cloud Storage calls a managed folder; its objects are of another type. See
https://cloud.google.com/iam/docs/conditions-attribute-reference#resource-type."""

TABLE: tuple[Held, ...] = (
    *(Held("plan", "scope", role, why) for role, why in _READERS),
    # Every predefined role that reads folders reads what is in them as well: the condition leaves the folders alone.
    Held("plan", "scope", "roles/storage.objectViewer", "google_storage_managed_folder: managedFolders.get", _FOLDER),
    Held("plan", "billing", "roles/billing.viewer", "google_billing_budget: budgets.get"),
    Held("plan", "state", "roles/iam.securityReviewer", "google_storage_managed_folder_iam_member: getIamPolicy"),
    Held("plan", "state", "roles/storage.objectViewer", "the backend reads the state of every root"),
    Held("plan", "state", "roles/storage.bucketViewer", "the bucket itself: buckets.get"),
    *(Held("preview", "scope", role, why) for role, why in _READERS),
    *(Held("deploy", "scope", role, why) for role, why in _APPLIERS),
    Held("deploy", "billing", "roles/billing.costsManager", "google_billing_budget: budgets.create, update, delete"),
    Held("deploy", "state", "roles/storage.folderAdmin", "state, and google_storage_managed_folder(_iam_member)"),
    Held("deploy", "state", "roles/storage.bucketViewer", "preflight looks whether the bucket is safe: buckets.get"),
)
"""Every role of the toolkit, with the resource type and the calls behind it."""

SERVICES: tuple[str, ...] = (
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
)
"""APIs of the platform's project: a service account's call counts for the project of the account as well."""

PURPOSES: Mapping[str, str] = {
    "plan": "Plans every root from the main branch",
    "preview": "Previews pull requests, from the state only where an environment allows it",
    "deploy": "Applies what reviewers approved",
}


def held(account: Account, place: Place) -> list[str]:
    """Return the roles of an account in one place, sorted."""
    return sorted(each.role for each in TABLE if (each.account, each.place) == (account, place))


def conditions() -> dict[str, dict[str, str]]:
    """Return the conditions of roles on the scope, by ``<account>/<role>``, as the module platform takes them."""
    return {
        f"{each.account}/{each.role}": {
            "title": f"only {each.only_on.rpartition('/')[2]}",
            "description": each.why,
            "expression": each.condition,
        }
        for each in TABLE
        if each.place == "scope" and each.only_on
    }

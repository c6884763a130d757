"""What exists under a name, for telling whose it is; and bringing back what is soft-deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from provisioner.cloud.session import Session, expected
from provisioner.errors import ProvisionError
from provisioner.terraform.recognition import Existing

Values = Mapping[str, Any]

_IAM = "https://iam.googleapis.com/v1"
_STORAGE = "https://storage.googleapis.com/storage/v1"
_REGISTRY = "https://artifactregistry.googleapis.com/v1"
_POOL = "/projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
_BUCKET, _FOLDER = "google_storage_bucket", "google_storage_managed_folder"
_NOT_TO_BE_SEEN = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})
_POLLS = 60
_LONGEST_PAUSE = 2.0

_ADDRESSES: Mapping[str, str] = {
    "google_artifact_registry_repository": _REGISTRY
    + "/projects/{project}/locations/{location}/repositories/{repository_id}",
    "google_cloud_run_v2_service": "https://run.googleapis.com/v2/projects/{project}/locations/{location}/services/{name}",
    "google_cloud_scheduler_job": "https://cloudscheduler.googleapis.com/v1/projects/{project}/locations/{region}/jobs/{name}",
    "google_iam_workload_identity_pool": _IAM + _POOL,
    "google_iam_workload_identity_pool_provider": _IAM + _POOL + "/providers/{workload_identity_pool_provider_id}",
    "google_project_iam_custom_role": _IAM + "/projects/{project}/roles/{role_id}",
    "google_pubsub_subscription": "https://pubsub.googleapis.com/v1/projects/{project}/subscriptions/{name}",
    "google_pubsub_topic": "https://pubsub.googleapis.com/v1/projects/{project}/topics/{name}",
    "google_secret_manager_secret": "https://secretmanager.googleapis.com/v1/projects/{project}/secrets/{secret_id}",
    "google_service_account": _IAM
    + "/projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com",
    _BUCKET: _STORAGE + "/b/{name}",
    _FOLDER: _STORAGE + "/b/{bucket}/managedFolders/{name}",
}
"""Resource types whose address follows from the planned values."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Asks Google Cloud for single resources, as healing wants to know them.

    ``pause`` waits that many seconds between two looks at a running operation.
    """

    session: Session
    pause: Callable[[float], None] = time.sleep

    def describe(self, kind: str, values: Values) -> Existing | None:
        """Return what exists under the name in a resource's planned values; None when nothing does.

        ``kind`` is Terraform's resource type. What may not be seen counts as not there, for Terraform will be refused
        as well. A bucket is the exception: its name is taken for everybody, so one that may not be seen is foreign.
        """
        if kind in _SEARCHED:
            return _SEARCHED[kind](self.session, values)
        url = _filled(_ADDRESSES.get(kind, ""), values)
        if not url:
            return None
        found = self.session.get(url)
        if found.status in _NOT_TO_BE_SEEN:
            taken = kind == _BUCKET and found.status == HTTPStatus.FORBIDDEN and found.disabled_service is None
            return Existing(str(values["name"])) if taken else None
        document = expected(found, url).document
        return Existing(
            name=str(document.get("name", "")),
            labels=self._labels(kind, values, document),
            text=str(document.get("description", "")),
            deleted=document.get("state") == "DELETED" or document.get("deleted") is True,
        )

    def undelete(self, kind: str, name: str) -> None:
        """Bring back a soft-deleted pool, provider or role, and wait until it is there.

        ``name`` is the API's full name. Nothing happens to one that is not deleted (any more).
        """
        url = f"{_IAM}/{name}"
        found = expected(self.session.get(url), f"{kind} {name}").document
        if found.get("state") == "DELETED" or found.get("deleted") is True:
            answer = expected(self.session.call("POST", f"{url}:undelete", {}), f"{kind} {name}")
            self._wait(answer.document, f"{kind} {name}")

    def holds_data(self, kind: str, values: Values) -> bool:
        """Tell whether a bucket (old versions count) or a registry has anything in it."""
        if kind == _BUCKET:
            url = f"{_STORAGE}/b/{quote(values['name'], safe='')}/o?versions=true&maxResults=1"
            return bool(self._there(url).get("items"))
        if kind == "google_artifact_registry_repository":
            path = f"projects/{values['project']}/locations/{values['location']}/repositories/{values['repository_id']}"
            return bool(self._there(f"{_REGISTRY}/{path}/packages?pageSize=1").get("packages"))
        return False

    def has_object(self, bucket: str, name: str) -> bool:
        """Tell whether an object exists."""
        return bool(self._there(f"{_STORAGE}/b/{bucket}/o/{quote(name, safe='')}"))

    def sees_object(self, bucket: str, name: str) -> bool:
        """Tell whether an object exists and may be read.

        Who may not list is refused where nothing is, too: https://cloud.google.com/storage/docs/json_api/v1/status-codes
        """
        url = f"{_STORAGE}/b/{bucket}/o/{quote(name, safe='')}"
        found = self.session.get(url)
        hidden = found.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}
        return not hidden and bool(expected(found, url))

    def _labels(self, kind: str, values: Values, document: Values) -> Mapping[str, str]:
        """Return its labels; a managed folder has none and is told by its bucket's."""
        if kind == _FOLDER:
            bucket = self.describe(_BUCKET, {"name": values["bucket"]})
            return bucket.labels if bucket else {}
        return document.get("labels") or {}

    def _there(self, url: str) -> Values:
        found = self.session.get(url)
        return {} if found.status == HTTPStatus.NOT_FOUND else expected(found, url).document

    def _wait(self, operation: Values, what: str) -> None:
        """Wait for an operation of the IAM API; a role comes back at once, without one."""
        seconds = 0.1
        for _ in range(_POLLS):
            if "/operations/" not in str(operation.get("name", "")) or operation.get("done"):
                break
            self.pause(seconds)
            seconds = min(seconds * 2, _LONGEST_PAUSE)
            operation = expected(self.session.get(f"{_IAM}/{operation['name']}"), what).document
        else:
            raise ProvisionError("its undeletion does not come to an end", fix="try again in a few minutes", where=what)
        if "error" in operation:
            raise ProvisionError(f"it cannot be brought back: {operation['error'].get('message')}", where=what)


def _budget(session: Session, values: Values) -> Existing | None:
    """Find a budget by its display name: the API gives it a random name."""
    url = (
        f"https://billingbudgets.googleapis.com/v1/billingAccounts/{values.get('billing_account')}/budgets?pageSize=500"
    )
    found = _named(session, url, "budgets", values)
    return Existing(str(found["name"]), text=str(found["displayName"])) if found else None


def _channel(session: Session, values: Values) -> Existing | None:
    """Find a notification channel by its display name: the API gives it a random name."""
    url = f"https://monitoring.googleapis.com/v3/projects/{values.get('project')}/notificationChannels?pageSize=500"
    found = _named(session, url, "notificationChannels", values)
    return Existing(str(found["name"]), labels=found.get("userLabels") or {}) if found else None


_SEARCHED: Mapping[str, Callable[[Session, Values], Existing | None]] = {
    "google_billing_budget": _budget,
    "google_monitoring_notification_channel": _channel,
}


def _named(session: Session, url: str, key: str, values: Values) -> Values | None:
    wanted = values.get("display_name")
    return next((row for row in session.rows(url, key) if wanted and row.get("displayName") == wanted), None)


def _filled(url: str, values: Values) -> str | None:
    """Fill an address from planned values; None when a part of the name is not known yet."""
    known = {name: quote(value, safe="") for name, value in values.items() if isinstance(value, str)}
    try:
        return url.format(**known)
    except KeyError:
        return None

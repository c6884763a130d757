"""What exists under a name, for telling whose it is; and bringing back what is soft-deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from provisioner.cloud.session import Answer, Session
from provisioner.errors import ProvisionError
from provisioner.terraform.recognition import Existing

Values = Mapping[str, Any]

_IAM = "https://iam.googleapis.com/v1"
_STORAGE = "https://storage.googleapis.com/storage/v1"
_REGISTRY = "https://artifactregistry.googleapis.com/v1"
_BUDGETS = "https://billingbudgets.googleapis.com/v1"
_MONITORING = "https://monitoring.googleapis.com/v3"
_NOTHING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class _Direct:
    """A resource with an address made of its planned values; ``labels`` and ``text`` are fields of the API."""

    url: str
    labels: str = "labels"
    text: str = "description"


_DIRECT: Mapping[str, _Direct] = {
    "google_artifact_registry_repository": _Direct(
        _REGISTRY + "/projects/{project}/locations/{location}/repositories/{repository_id}"
    ),
    "google_cloud_run_v2_service": _Direct(
        "https://run.googleapis.com/v2/projects/{project}/locations/{location}/services/{name}"
    ),
    "google_cloud_scheduler_job": _Direct(
        "https://cloudscheduler.googleapis.com/v1/projects/{project}/locations/{region}/jobs/{name}"
    ),
    "google_iam_workload_identity_pool": _Direct(
        _IAM + "/projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
    ),
    "google_iam_workload_identity_pool_provider": _Direct(
        _IAM + "/projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
        "/providers/{workload_identity_pool_provider_id}"
    ),
    "google_project_iam_custom_role": _Direct(_IAM + "/projects/{project}/roles/{role_id}"),
    "google_pubsub_subscription": _Direct("https://pubsub.googleapis.com/v1/projects/{project}/subscriptions/{name}"),
    "google_pubsub_topic": _Direct("https://pubsub.googleapis.com/v1/projects/{project}/topics/{name}"),
    "google_secret_manager_secret": _Direct(
        "https://secretmanager.googleapis.com/v1/projects/{project}/secrets/{secret_id}"
    ),
    "google_service_account": _Direct(
        _IAM + "/projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com"
    ),
    "google_storage_bucket": _Direct(_STORAGE + "/b/{name}"),
    "google_storage_managed_folder": _Direct(_STORAGE + "/b/{bucket}/managedFolders/{name}"),
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """Asks Google Cloud for single resources, as healing wants to know them."""

    session: Session

    def describe(self, kind: str, values: Values) -> Existing | None:
        """Return what exists under the name in a resource's planned values; None when nothing does.

        ``kind`` is Terraform's resource type. What may not be seen counts as not there: Terraform will be refused too.
        """
        if kind in _SEARCHED:
            return _SEARCHED[kind](self.session, values)
        direct = _DIRECT.get(kind)
        url = _filled(direct.url, values) if direct else None
        if direct is None or url is None:
            return None
        found = self.session.get(url)
        if found.status in _NOTHING:
            return None
        document = _expected(found, url).document
        return Existing(
            name=str(document.get("name", "")),
            labels=document.get(direct.labels) or {},
            text=str(document.get(direct.text, "")),
            deleted=document.get("state") == "DELETED" or document.get("deleted") is True,
        )

    def undelete(self, kind: str, name: str) -> None:
        """Bring back a soft-deleted pool, provider or role; ``name`` is the API's full name."""
        url = f"{_IAM}/{name}:undelete"
        _expected(self.session.call("POST", url, {}), f"{kind} {name}")

    def holds_data(self, kind: str, values: Values) -> bool:
        """Tell whether a bucket (old versions count) or a registry has anything in it."""
        if kind == "google_storage_bucket":
            url = f"{_STORAGE}/b/{values['name']}/o?versions=true&maxResults=1"
            return bool(self._there(url).get("items"))
        if kind == "google_artifact_registry_repository":
            path = f"projects/{values['project']}/locations/{values['location']}/repositories/{values['repository_id']}"
            return bool(self._there(f"{_REGISTRY}/{path}/packages?pageSize=1").get("packages"))
        return False

    def has_object(self, bucket: str, name: str) -> bool:
        """Tell whether an object exists."""
        return bool(self._there(f"{_STORAGE}/b/{bucket}/o/{quote(name, safe='')}"))

    def _there(self, url: str) -> Mapping[str, Any]:
        found = self.session.get(url)
        return {} if found.status == HTTPStatus.NOT_FOUND else _expected(found, url).document


def _budget(session: Session, values: Values) -> Existing | None:
    """Find a budget by its display name: the API gives it a random name."""
    url = f"{_BUDGETS}/billingAccounts/{values.get('billing_account')}/budgets?pageSize=1000"
    rows = _rows(session.get(url), url, "budgets")
    found = next((row for row in rows if row.get("displayName") == values.get("display_name")), None)
    return Existing(str(found["name"]), text=str(found["displayName"])) if found else None


def _channel(session: Session, values: Values) -> Existing | None:
    """Find a notification channel by its display name: the API gives it a random name."""
    url = f"{_MONITORING}/projects/{values.get('project')}/notificationChannels?pageSize=1000"
    rows = _rows(session.get(url), url, "notificationChannels")
    found = next((row for row in rows if row.get("displayName") == values.get("display_name")), None)
    return Existing(str(found["name"]), labels=found.get("userLabels") or {}) if found else None


_SEARCHED: Mapping[str, Callable[[Session, Values], Existing | None]] = {
    "google_billing_budget": _budget,
    "google_monitoring_notification_channel": _channel,
}


def _rows(answer: Answer, where: str, key: str) -> list[Mapping[str, Any]]:
    return [] if answer.status in _NOTHING else list(_expected(answer, where).document.get(key, []))


def _filled(url: str, values: Values) -> str | None:
    """Fill an address from planned values; None when a part of the name is not known yet."""
    known = {name: quote(value, safe="") for name, value in values.items() if isinstance(value, str)}
    try:
        return url.format(**known)
    except KeyError:
        return None


def _expected(answer: Answer, where: str) -> Answer:
    if not answer.ok:
        raise ProvisionError(f"Google Cloud answered {answer.status}: {answer.message}", fix="try again", where=where)
    return answer

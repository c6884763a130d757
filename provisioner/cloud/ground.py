"""What has to be there before the first plan: the rights of whoever lays the ground, and the bucket of the states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from provisioner.cloud.session import NotAuthenticated, Session, expected
from provisioner.errors import ProvisionError
from provisioner.request.platform_parts import StateSettings
from provisioner.request.problems import Problem

_STORAGE = "https://storage.googleapis.com/storage/v1"
_PROJECTS = "https://cloudresourcemanager.googleapis.com/v3/projects"
_PLACES = "https://cloudresourcemanager.googleapis.com/v3"
_BILLING = "https://cloudbilling.googleapis.com/v1/billingAccounts"
_DAY = 24 * 60 * 60

ON_PROJECT = (
    "iam.googleapis.com/workloadIdentityPoolProviders.create",
    "iam.googleapis.com/workloadIdentityPools.create",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.setIamPolicy",
    "monitoring.notificationChannels.create",
    "resourcemanager.projects.get",
    "resourcemanager.projects.setIamPolicy",
    "serviceusage.services.enable",
    "storage.buckets.create",
    "storage.buckets.get",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
)
"""What laying the ground needs on the platform's project."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Asks and makes as whoever the session belongs to."""

    session: Session

    def problems(self, project: str, scope: str, billing_account: str) -> tuple[Problem, ...]:
        """Return the permissions that are missing, place by place, each with the role that has them; reads only.

        ``scope`` is ``folders/<number>`` or ``organizations/<number>``.
        """
        kind = scope.partition("/")[0]
        on_scope = tuple(f"resourcemanager.{kind}.{verb}" for verb in ("getIamPolicy", "setIamPolicy"))
        on_billing = ("billing.accounts.getIamPolicy", "billing.accounts.setIamPolicy", "billing.budgets.create")
        admin = "roles/resourcemanager.folderIamAdmin" if kind == "folders" else "roles/iam.securityAdmin"
        asked = (
            (f"{_PROJECTS}/{project}", ON_PROJECT, f"project {project}", "roles/owner on it, until this has run"),
            (f"{_PLACES}/{scope}", on_scope, scope, f"{admin} on it"),
            (f"{_BILLING}/{billing_account}", on_billing, f"billing account {billing_account}", "roles/billing.admin"),
        )
        try:
            return tuple(problem for each in asked for problem in self._lacking(*each))
        except NotAuthenticated as refused:
            return (Problem(refused.where, refused.reason, refused.fix),)

    def ensure_bucket(self, state: StateSettings, labels: Mapping[str, str]) -> bool:
        """Make the bucket of the states unless it is there; tell whether it was made.

        Terraform takes it in afterwards and settles the rest. It is safe from its first moment: versioned, private,
        with soft delete. Raises ProvisionError where the name belongs to somebody else.
        """
        url = f"{_STORAGE}/b/{state.bucket}"
        answer = self.session.get(url)
        if answer.status == HTTPStatus.NOT_FOUND:
            answer = self.session.call("POST", f"{_STORAGE}/b?project={state.project}", _bucket(state, labels))
            if answer.status != HTTPStatus.CONFLICT:
                expected(answer, f"platform.yaml: state.bucket: {state.bucket}")
                return True
            answer = self.session.get(url)  # made by somebody a moment ago: by us, or by the owner of the name
        self._require_ours(state, answer.status, str(answer.document.get("projectNumber")))
        return False

    def _require_ours(self, state: StateSettings, status: int, owner: str) -> None:
        where = f"platform.yaml: state.bucket: {state.bucket}"
        project = expected(self.session.get(f"{_PROJECTS}/{state.project}"), where).document
        if status >= HTTPStatus.BAD_REQUEST or owner != str(project.get("name", "")).removeprefix("projects/"):
            raise ProvisionError(
                "the bucket's name belongs to somebody else: names are taken for the whole world",
                fix="choose another name for the state bucket",
                where=where,
            )

    def _lacking(self, url: str, wanted: Sequence[str], where: str, role: str) -> Iterator[Problem]:
        answer = self.session.call("POST", f"{url}:testIamPermissions", {"permissions": list(wanted)})
        if not answer.ok:
            yield Problem(where, f"it is not there, or not for you to see ({answer.message})", f"ask for {role}")
            return
        missing = [each for each in wanted if each not in answer.document.get("permissions", [])]
        if missing:
            yield Problem(where, f"you lack {', '.join(missing)}", f"ask its administrator for {role}")


def _bucket(state: StateSettings, labels: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "name": state.bucket,
        "location": state.location,
        "labels": dict(labels),
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": str(7 * _DAY)},
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "enforced",
        },
    }

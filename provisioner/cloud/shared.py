"""What all environments of a platform share: the state bucket and the billing account."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlencode

from provisioner.cloud.needs import BILLING
from provisioner.cloud.session import Answer, Session
from provisioner.request.platform_parts import StateSettings
from provisioner.request.problems import Problem

_STORAGE = "https://storage.googleapis.com/storage/v1/b"
_BILLING = "https://cloudbilling.googleapis.com/v1"
_STATE = ("storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list")


def state_bucket(session: Session, state: StateSettings) -> Iterator[Problem]:
    """Find what keeps Terraform from keeping its state there safely."""
    where = f"platform.yaml: state.bucket: {state.bucket}"
    answer = session.get(f"{_STORAGE}/{state.bucket}")
    if not answer.ok:
        yield _unreadable(where, state, answer)
        return
    if not answer.document.get("versioning", {}).get("enabled"):
        turn_on = f"gcloud storage buckets update gs://{state.bucket} --versioning"
        yield Problem(where, "the state bucket keeps no old versions, so a lost state could not be had back", turn_on)
    if not answer.document.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {}).get("enabled"):
        turn_on = f"gcloud storage buckets update gs://{state.bucket} --uniform-bucket-level-access"
        yield Problem(where, "objects of the state bucket may have access lists of their own", turn_on)
    yield from _state_access(session, where, state.bucket)


def _unreadable(where: str, state: StateSettings, answer: Answer) -> Problem:
    if answer.status == HTTPStatus.NOT_FOUND:
        make = (
            f"gcloud storage buckets create gs://{state.bucket} --project={state.project} --location={state.location} "
            f"--uniform-bucket-level-access --public-access-prevention && "
            f"gcloud storage buckets update gs://{state.bucket} --versioning"
        )
        return Problem(where, "the state bucket does not exist", make)
    return Problem(where, f"the state bucket cannot be read: {answer.message}", "ask the platform team for access")


def _state_access(session: Session, where: str, bucket: str) -> Iterator[Problem]:
    query = urlencode([("permissions", each) for each in _STATE])
    answer = session.get(f"{_STORAGE}/{bucket}/iam/testPermissions?{query}")
    missing = [each for each in _STATE if each not in answer.document.get("permissions", [])]
    if answer.ok and missing:
        ask = f"ask the platform team for roles/storage.objectUser on gs://{bucket}"
        yield Problem(where, f"you lack {', '.join(missing)} on the state bucket", ask)


def billing_account(session: Session, account: str) -> Iterator[Problem]:
    """Find what keeps a budget from being made."""
    where = f"platform.yaml: billing_account: {account}"
    answer = session.call("POST", f"{_BILLING}/billingAccounts/{account}:testIamPermissions", {"permissions": BILLING})
    if not answer.ok:
        reason = "the billing account does not exist, or you have no access to it"
        yield Problem(where, reason, "correct it, or ask its administrator for roles/billing.costsManager")
        return
    missing = [each for each in BILLING if each not in answer.document.get("permissions", [])]
    if missing:
        ask = "ask its administrator for roles/billing.costsManager"
        yield Problem(where, f"you lack {', '.join(missing)} on the billing account", ask)


def project_billing(session: Session, project: str, account: str, where: str) -> Iterator[Problem]:
    """Find out whether somebody pays for a project; most APIs cannot be enabled without."""
    answer = session.get(f"{_BILLING}/projects/{project}/billingInfo")
    if not answer.ok:
        return  # not to be seen without a role on the billing account; enabling the APIs will tell
    link = f"gcloud billing projects link {project} --billing-account={account}"
    if not answer.document.get("billingEnabled"):
        yield Problem(where, "nobody pays for the project: it has no open billing account", link)
    elif answer.document.get("billingAccountName") != f"billingAccounts/{account}":
        paid_by = str(answer.document.get("billingAccountName", "")).removeprefix("billingAccounts/")
        reason = f"the project is paid by {paid_by}, so the budget on {account} will not see its costs"
        yield Problem(where, reason, link, blocking=False)

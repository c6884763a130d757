"""Terraform's state: nobody reads or lists another's."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.grants import grants
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.personas import persona, previews_state
from provisioner.policy.view import UNKNOWN, PlanView, Resource

_WHOLE_BUCKET = ("google_storage_bucket_iam_member", "google_storage_bucket_iam_binding")
_FOLDER = ("google_storage_managed_folder_iam_member", "google_storage_managed_folder_iam_binding")


def _state_bucket(plan: PlanView, context: PolicyContext) -> str:
    if context.platform is not None:
        return context.platform.state.bucket
    return str(plan.variables.get("state_bucket") or "")


def _in(resource: Resource, bucket: str) -> bool:
    found = resource.get("bucket")
    return found is UNKNOWN or (bool(bucket) and str(found).removeprefix("b/") == bucket)


def _by_folder(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    bucket = _state_bucket(plan, context)
    for grant in grants(plan):
        if grant.resource.type in _WHOLE_BUCKET and _in(grant.resource, bucket):
            yield grant.resource.address, "a role on a whole bucket that holds, or may hold, everybody's state"


def _own_folder(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    bucket = _state_bucket(plan, context)
    for grant in grants(plan):
        if grant.resource.type not in _FOLDER or not _in(grant.resource, bucket):
            continue
        folder = grant.resource.get("managed_folder")
        if folder is UNKNOWN or str(folder) != _own_prefix(plan, context):
            yield grant.resource.address, f"the folder {_shown(folder)} is not the environment's own"
        if grant.role != "roles/storage.objectViewer" or not _reader(str(grant.member), plan, context):
            yield (
                grant.resource.address,
                f"{_shown(grant.member)} holds {_shown(grant.role)}; only plan reads the state, and only reads",
            )


def _reader(member: str, plan: PlanView, context: PolicyContext) -> bool:
    return persona(member, context) == "plan" or previews_state(member, plan, context)


def _own_prefix(plan: PlanView, context: PolicyContext) -> str:
    if context.environment is not None:
        return f"{context.environment.names.state_prefix}/"
    return f"{plan.variables.get('state_prefix') or ''}/"


def _shown(value: object) -> str:
    return "known only after apply" if value is UNKNOWN else str(value)


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-STATE-001",
        Severity.CRITICAL,
        "No team identity holds a role on the whole state bucket",
        "grant on the managed folder <team>/<env>/: a condition on object names would not limit listing",
        9,
        _by_folder,
    ),
    Rule(
        "PE-STATE-002",
        Severity.CRITICAL,
        "State is read by its own environment's plan account, and from pull requests only where they may plan",
        "grant roles/storage.objectViewer on the managed folder <team>/<env>/ to the plan account; another reader is "
        "only the preview_account of platform.yaml, where plan_from_pull_requests is true",
        9,
        _own_folder,
    ),
)

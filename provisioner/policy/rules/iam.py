"""Grants: additive, narrow, to known members."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.grants import EVERYBODY, IAM_TYPE, PROJECT_WIDE, Grant, grants
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.personas import BASELINE, KINDS, address_of, persona, previews_state
from provisioner.policy.view import UNKNOWN, PlanView
from provisioner.request.parts import ExtraRoles
from provisioner.request.resolve import Persona

BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
ACT_AS = frozenset(
    {
        "roles/iam.serviceAccountUser",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.serviceAccountOpenIdTokenCreator",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.workloadIdentityUser",
    }
)
ON_ACCOUNT = "google_service_account_iam_member"
_FOLDER = "google_storage_managed_folder_iam_member"
DATA = (
    "google_storage_bucket_iam_member",
    _FOLDER,
    "google_secret_manager_secret_iam_member",
)
INVOKERS = ("google_cloud_run_v2_service_iam_member", "google_cloud_run_v2_job_iam_member")


def _additive(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for resource in plan.staying():
        kind = IAM_TYPE.fullmatch(resource.type)
        if kind and kind[1] != "member":
            yield resource.address, f"{resource.type} takes away every grant it does not list"


def _basic(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if grant.role is UNKNOWN:
            yield grant.resource.address, "the role is known only after apply"
        elif grant.role in BASIC:
            yield grant.resource.address, f"grants the basic role {grant.role}"


def _act_as_anyone(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        wide = grant.resource.type.replace("_binding", "_member") in PROJECT_WIDE
        if wide and grant.role in ACT_AS:
            yield grant.resource.address, f"{grant.role} here covers every account there is and will be"


def _everybody(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if grant.member is UNKNOWN:
            yield grant.resource.address, "the member is known only after apply: it could be anybody"
        elif grant.member in EVERYBODY and grant.resource.type not in INVOKERS:
            yield grant.resource.address, f"grants {grant.role} to {grant.member}"


def _allow_list(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if grant.resource.type != "google_project_iam_member" or not isinstance(grant.member, str):
            continue
        kind = persona(grant.member, context)
        if kind is None and address_of(grant.member):
            yield grant.resource.address, f"{grant.member} is none of the environment's three accounts"
        elif kind is not None and grant.role not in _allowed(kind, context):
            yield grant.resource.address, f"{grant.role} is not among the roles that the {kind} account may hold"


def _allowed(kind: Persona, context: PolicyContext) -> frozenset[str]:
    extra = context.platform.role_allow_list if context.platform else ExtraRoles()
    return BASELINE[kind] | frozenset(getattr(extra, kind))


def _impersonation(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if grant.resource.type != ON_ACCOUNT or grant.federated:
            continue
        problem = _impersonation_problem(grant.role, grant.member, grant.resource.get("service_account_id"), context)
        if problem:
            yield grant.resource.address, problem


def _impersonation_problem(role: object, member: object, account: object, context: PolicyContext) -> str:
    if role != "roles/iam.serviceAccountUser":
        return f"grants {role} on an account to {member}"
    who, whom = (persona(value, context) if isinstance(value, str) else None for value in (member, account))
    if (who, whom) != ("deploy", "runtime"):
        return f"lets {member} act as {account}; only deploy may, and only as runtime"
    return ""


def _others_data(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    """Look whether a bucket, a folder or a secret is opened to an account that is not the environment's own."""
    if context.environment is None:
        return
    for grant in grants(plan):
        account = address_of(str(grant.member)) if grant.resource.type in DATA else ""
        if account and persona(account, context) is None and not _of_previews(grant, plan, context):
            yield grant.resource.address, f"{account} is none of the environment's three accounts"


def _of_previews(grant: Grant, plan: PlanView, context: PolicyContext) -> bool:
    """Tell whether it opens a folder of the state to pull requests; whether it is the right one is for PE-STATE-002."""
    state = context.platform.state.bucket if context.platform else ""
    on_state = grant.resource.type == _FOLDER and str(grant.resource.get("bucket")).removeprefix("b/") == state
    return on_state and previews_state(str(grant.member), plan, context)


def _separate(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    """Look at accounts that jobs can become: none of them may also be what a service runs as."""
    reachable = {
        address_of(str(grant.resource.get("service_account_id"))): grant.resource.address
        for grant in grants(plan)
        if grant.resource.type == ON_ACCOUNT and grant.federated
    }
    for service in plan.of("google_cloud_run_v2_service", "google_cloud_run_v2_job"):
        runs_as = service.get(*_RUNS_AS[service.type])
        if isinstance(runs_as, str) and runs_as in reachable:
            yield service.address, f"runs as {runs_as}, which CI can become through {reachable[runs_as]}"
    if any(plan.of("google_iam_workload_identity_pool_provider")):
        yield from _missing_accounts(plan, context)


_RUNS_AS: dict[str, tuple[str | int, ...]] = {
    "google_cloud_run_v2_service": ("template", 0, "service_account"),
    "google_cloud_run_v2_job": ("template", 0, "template", 0, "service_account"),
}


def _missing_accounts(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    found = {
        persona(f"{a.text('account_id')}@{a.text('project')}.iam.gserviceaccount.com", context)
        for a in plan.of("google_service_account")
    }
    for kind in KINDS:
        if kind not in found:
            yield "(plan)", f"the environment has no {kind} account of its own"


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-IAM-001",
        Severity.HIGH,
        "Grants are additive",
        "write one google_…_iam_member per role and member",
        5,
        _additive,
    ),
    Rule(
        "PE-IAM-002",
        Severity.CRITICAL,
        "Nobody holds owner, editor or viewer",
        "grant the predefined role that the job needs",
        5,
        _basic,
    ),
    Rule(
        "PE-IAM-003",
        Severity.CRITICAL,
        "Acting as an account is granted on that account only",
        "use google_service_account_iam_member on the one account",
        5,
        _act_as_anyone,
    ),
    Rule(
        "PE-IAM-004",
        Severity.CRITICAL,
        "Nothing is open to everybody",
        "name the group or the service account that needs it",
        3,
        _everybody,
    ),
    Rule(
        "PE-IAM-005",
        Severity.HIGH,
        "Each account holds on the project only what its persona may",
        "drop the role, grant it on the one resource, or have the platform team add it to role_allow_list",
        5,
        _allow_list,
    ),
    Rule(
        "PE-IAM-006",
        Severity.CRITICAL,
        "Only deploy acts as another account, and only as runtime",
        "grant roles/iam.serviceAccountUser on the runtime account to the deploy account and nothing else",
        6,
        _impersonation,
    ),
    Rule(
        "PE-IAM-007",
        Severity.HIGH,
        "Plan, deploy and runtime are three accounts, and CI cannot become runtime",
        "make the three accounts that the request's names derive and let services run as the runtime account",
        6,
        _separate,
    ),
    Rule(
        "PE-IAM-008",
        Severity.HIGH,
        "An environment's buckets, folders and secrets are open to its own accounts only",
        "grant to the environment's plan, deploy or runtime account; what others need is published, not shared",
        5,
        _others_data,
    ),
)

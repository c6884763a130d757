"""Workload identity: who may be trusted at all, and bound to what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from provisioner.policy.conditions import Asked, allowed_ids, condition_problem
from provisioner.policy.grants import Grant, grants
from provisioner.policy.mappings import mapping_problems
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.personas import persona
from provisioner.policy.principals import PREVIEW_ID, principal_problem, repository_of
from provisioner.policy.view import UNKNOWN, PlanView, Resource
from provisioner.request.resolve import Persona

POOL = "google_iam_workload_identity_pool"
PROVIDER = "google_iam_workload_identity_pool_provider"
GITHUB = "https://token.actions.githubusercontent.com"
_ID = re.compile(r"[a-z][a-z0-9-]{2,30}[a-z0-9]")


def _ids(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    fields = {POOL: "workload_identity_pool_id", PROVIDER: "workload_identity_pool_provider_id"}
    for resource in plan.of(*fields):
        name = resource.get(fields[resource.type])
        if not isinstance(name, str) or not _ID.fullmatch(name) or name.startswith("gcp-"):
            yield (
                resource.address,
                f"the id {_shown(name)} is not 4-32 of a-z, 0-9 and -, or takes Google's gcp- prefix",
            )


def _one_github_provider(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    issuer = context.platform.github.oidc_issuer if context.platform else GITHUB
    for provider in plan.of(PROVIDER):
        found = provider.get("oidc", 0, "issuer_uri")
        if found != issuer:
            yield provider.address, f"trusts {_shown(found)} instead of {issuer}"
    pools = Counter(str(p.get("workload_identity_pool_id")) for p in plan.of(PROVIDER))
    for provider in plan.of(PROVIDER):
        pool = provider.get("workload_identity_pool_id")
        if pool is UNKNOWN:
            yield provider.address, "its pool is known only after apply, so another provider may be in it"
        elif pools[str(pool)] > 1:
            yield provider.address, "its pool has another provider beside it"


def _condition(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    asked = _asked(plan, context)
    for provider in plan.of(PROVIDER):
        condition = provider.get("attribute_condition")
        problem = (
            "the attribute condition is known only after apply"
            if condition is UNKNOWN
            else condition_problem(condition or "", asked)
        )
        if problem:
            yield provider.address, problem


def _asked(plan: PlanView, context: PolicyContext) -> Asked:
    """Read what the request declares; a plan checked by itself shows it in the root's variables."""
    if context.team is not None:
        request = context.team.request
        return Asked(request.self_hosted_runners, request.trusted_workflows)
    workflows = plan.variables.get("trusted_workflows") or ()
    return Asked(plan.variables.get("self_hosted_runners") is True, tuple(str(workflow) for workflow in workflows))


def _mapping(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for provider in plan.of(PROVIDER):
        mapping = provider.get("attribute_mapping")
        if not isinstance(mapping, dict) or provider.undecided("attribute_mapping"):
            yield provider.address, "the attribute mapping is absent or known only after apply"
            continue
        for problem in mapping_problems(mapping):
            yield provider.address, problem


def _audiences(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    ours = context.platform.github.audience if context.platform else None
    for provider in plan.of(PROVIDER):
        listed = provider.get("oidc", 0, "allowed_audiences")
        if listed is UNKNOWN:
            yield provider.address, "the allowed audiences are known only after apply"
            continue
        for index in range(len(listed or [])):
            audience = provider.get("oidc", 0, "allowed_audiences", index)
            if audience != ours and not _own_name(audience, provider):
                yield provider.address, f"accepts tokens meant for {_shown(audience)}"


def _own_name(audience: object, provider: Resource) -> bool:
    pool, name = provider.text("workload_identity_pool_id"), provider.text("workload_identity_pool_provider_id")
    own = (
        rf"(https:)?//iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/{pool}/providers/{name}"
    )
    return isinstance(audience, str) and bool(pool and name and re.fullmatch(own, audience))


def _bindings(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if not _to_a_pool(grant):
            continue
        problem = _binding_problem(grant, context)
        if problem:
            yield grant.resource.address, problem


def _to_a_pool(grant: Grant) -> bool:
    """Tell whether a grant goes, or may go, to a federated principal.

    An unknown member of any other resource than a service account is the business of PE-IAM-004.
    """
    on_account = grant.resource.type.startswith("google_service_account_iam_")
    return grant.federated and (on_account or grant.member is not UNKNOWN)


def _binding_problem(grant: Grant, context: PolicyContext) -> str:
    if not isinstance(grant.member, str):
        return "the member is known only after apply, so nobody can say whom it trusts"
    if grant.resource.type != "google_service_account_iam_member":
        return "a federated principal is bound to something that is not one service account"
    if grant.role != "roles/iam.workloadIdentityUser":
        return f"a federated principal holds {_shown(grant.role)} instead of roles/iam.workloadIdentityUser"
    account = grant.resource.get("service_account_id")
    if account is UNKNOWN and context.environment is not None:
        return "the account is known only after apply, so nobody can say what is trusted with it"
    return principal_problem(grant.member, _kind(account, context), context.environment)


def _kind(account: object, context: PolicyContext) -> Persona | None:
    return persona(account, context) if isinstance(account, str) else None


def _preview(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    if context.allow_preview_id:
        return
    for provider in plan.of(PROVIDER):
        if PREVIEW_ID in allowed_ids(provider.text("attribute_condition")):
            yield provider.address, "the condition trusts the preview's placeholder in place of a repository id"
    for grant in grants(plan):
        if isinstance(grant.member, str) and grant.federated and repository_of(grant.member) == PREVIEW_ID:
            yield grant.resource.address, "the member names the preview's placeholder in place of a repository id"


def _same_repository(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    trusted = {i for p in plan.of(PROVIDER) for i in allowed_ids(p.text("attribute_condition"))}
    for grant in grants(plan):
        bound = repository_of(grant.member) if isinstance(grant.member, str) else ""
        if trusted and bound and bound not in trusted:
            yield grant.resource.address, f"binds repository {bound}, which no provider's condition of this root admits"


def _shown(value: object) -> str:
    if value is UNKNOWN:
        return "a value known only after apply"
    return "nothing" if value is None else f'"{value}"'


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-WIF-001",
        Severity.MEDIUM,
        "Pool and provider ids are well formed and never start with gcp-",
        "write an id of 4-32 lower-case letters, digits and hyphens that starts with a letter",
        1,
        _ids,
    ),
    Rule(
        "PE-WIF-002",
        Severity.CRITICAL,
        "A pool has exactly one provider, GitHub's",
        "give each environment its own pool with one oidc provider for platform.github.oidc_issuer",
        1,
        _one_github_provider,
    ),
    Rule(
        "PE-WIF-003",
        Severity.CRITICAL,
        "The attribute condition pins owner, repository and events by equality",
        "write assertion.repository_owner_id == '<digits>' && assertion.repository_id in ['<digits>'] && "
        "assertion.event_name in ['push', 'workflow_dispatch', 'schedule', 'pull_request']",
        2,
        _condition,
    ),
    Rule(
        "PE-WIF-004",
        Severity.CRITICAL,
        "A pool's principals are bound to one service account by a composite attribute",
        "bind roles/iam.workloadIdentityUser on one account to attribute.repo_env_ref_event/<id>:<env>:<ref>:<event>, "
        "or, for plan only, attribute.repo_event/<id>::pull_request",
        3,
        _bindings,
    ),
    Rule(
        "PE-WIF-005",
        Severity.CRITICAL,
        "Nothing is applied with a preview's placeholder for the repository id",
        "create the repository first (provision-env up does) and plan again with its real id",
        3,
        _preview,
        waivable=False,
    ),
    Rule(
        "PE-WIF-006",
        Severity.CRITICAL,
        "The attribute mapping builds the bound attributes from claims nobody can choose",
        "map google.subject, attribute.repo_event and attribute.repo_env_ref_event as the workload-identity module "
        "does, and guard every optional claim with has()",
        2,
        _mapping,
    ),
    Rule(
        "PE-WIF-007",
        Severity.HIGH,
        "A provider accepts only tokens made for it",
        "leave allowed_audiences empty (the provider's own name) or use platform.github.audience",
        2,
        _audiences,
    ),
    Rule(
        "PE-WIF-008",
        Severity.HIGH,
        "A binding names a repository that the provider's condition admits",
        "use one repository id in the condition and in all bindings of the root",
        3,
        _same_repository,
    ),
)

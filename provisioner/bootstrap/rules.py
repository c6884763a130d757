"""The rules over the platform's own root: those of every plan, and stricter ones where a team's do not fit.

A team's rules say that nobody holds a role on the whole state bucket, or acts as every account of a place. The toolkit
has to: it applies for all teams. So those rules give way here to rules that name each of its grants, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.bootstrap.itself import accounts, address
from provisioner.bootstrap.roles import TABLE, Place
from provisioner.policy.grants import Grant, grants
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.rules import RULES as EVERYWHERE
from provisioner.policy.view import UNKNOWN, PlanView
from provisioner.request.resolve import Team

REPLACED = frozenset({"PE-IAM-003", "PE-IAM-005", "PE-IAM-006", "PE-IAM-007", "PE-STATE-001", "PE-STATE-002"})
"""Rules about a team's three accounts, which the two rules here stand in for."""

_PLACES: dict[str, Place] = {
    "google_folder_iam_member": "scope",
    "google_organization_iam_member": "scope",
    "google_billing_account_iam_member": "billing",
    "google_storage_bucket_iam_member": "state",
}


def _in_the_table(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    if context.team is None:
        yield "(plan)", "the platform's root is judged without the platform"
        return
    members = {f"serviceAccount:{address(context.team, kind)}": kind for kind in accounts(context.team)}
    known = {(each.account, each.place, each.role, each.condition) for each in TABLE}
    for grant in grants(plan):
        if grant.resource.type == "google_service_account_iam_member":
            continue
        kind = members.get(str(grant.member))
        place = _PLACES.get(grant.resource.type)
        limit = _condition(grant)
        if (kind, place, grant.role, limit) not in known:
            where = f" where {_shown(limit)}" if limit != "" else ""
            yield grant.resource.address, f"{_shown(grant.role)} for {_shown(grant.member)}{where} is not in the table"


def _federated_only(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if grant.resource.type == "google_service_account_iam_member" and not _expected(grant, context.team):
            yield grant.resource.address, f"{_shown(grant.member)} becomes {_shown(grant.resource.get(_ACCOUNT))}"


def _expected(grant: Grant, team: Team | None) -> bool:
    """Tell whether a pool's principal becomes one of the three accounts; the trust itself is for PE-WIF-004."""
    if team is None or not grant.federated or not isinstance(grant.member, str):
        return False
    account = str(grant.resource.get(_ACCOUNT))
    preview = account.endswith(f"/{address(team, 'preview')}")
    from_pull_request = "/attribute.repo_event/" in grant.member
    return preview == from_pull_request and account.rsplit("/", 1)[-1] in {address(team, k) for k in accounts(team)}


def _condition(grant: Grant) -> object:
    """Return the expression under which a grant counts, empty where there is none."""
    return grant.resource.get("condition", 0, "expression") if grant.resource.get("condition") else ""


def _shown(value: object) -> str:
    return "a value known only after apply" if value is UNKNOWN else str(value)


_ACCOUNT = "service_account_id"

OWN: tuple[Rule, ...] = (
    Rule(
        "PE-BOOT-001",
        Severity.CRITICAL,
        "The toolkit's identities hold the roles of their table and nobody holds another",
        "add the role to the table of bootstrap/roles.py with the call that needs it, or drop the grant",
        5,
        _in_the_table,
        waivable=False,
    ),
    Rule(
        "PE-BOOT-002",
        Severity.CRITICAL,
        "A pull request becomes the preview account and no other; nobody but a job becomes any",
        "bind attribute.repo_event to the preview account only, and the others to attribute.repo_env_ref_event",
        3,
        _federated_only,
        waivable=False,
    ),
)

RULES: tuple[Rule, ...] = (*(rule for rule in EVERYWHERE if rule.id not in REPLACED), *OWN)

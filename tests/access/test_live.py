"""Trust read from Google's own documents, and what of it concerns the team although no state knows it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.access import AccessModel, cases, compute, identities
from provisioner.access.live import from_live, from_policies, unmanaged
from provisioner.access.model import Grant
from provisioner.cloud.policies import Policy, ProjectTrust
from tests.access.models import CONDITION, MAPPING, NUMBERS, REPOSITORY, model_of
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
PROD = TEAM.environment("prod")
KNOWN = model_of(TEAM)
EVERYONE = identities(TEAM)
POOL = f"projects/{NUMBERS['prod']}/locations/global/workloadIdentityPools/{PROD.names.pool}"


def trust(**changed: Any) -> ProjectTrust:
    """Return what Google says of prod: its pool, provider and account, and the policies of our model."""
    pool = {"name": POOL, "state": "ACTIVE", **changed.pop("pool", {})}
    provider = {
        "name": f"{POOL}/providers/github",
        "state": "ACTIVE",
        "attributeMapping": MAPPING,
        "attributeCondition": CONDITION,
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
        **changed.pop("provider", {}),
    }
    policies = tuple(
        Policy(each.scope, each.address, ({"role": each.role, "members": [each.member]},)) for each in KNOWN.grants
    )
    accounts = ({"name": "x", "email": PROD.account_email("plan"), **changed.pop("plan", {})},)
    return ProjectTrust(PROD.project, NUMBERS["prod"], (pool,), (provider,), accounts, (), policies)


def wrong(found: ProjectTrust) -> set[str]:
    asked = [case for case in cases(TEAM, REPOSITORY) if case.identity.environment.name == "prod"]
    return {row.case.identity.name for row in compute(from_live(found), asked).wrong}


def test_documents_as_promised_give_the_promised_matrix() -> None:
    assert wrong(trust()) == set()
    assert unmanaged(KNOWN, from_live(trust()), (), EVERYONE) == ()


@pytest.mark.parametrize(
    ("changed", "identities_wrong"),
    [
        ({"provider": {"attributeCondition": ""}}, {"prod/plan", "prod/deploy"}),
        ({"provider": {"disabled": True}}, {"prod/plan", "prod/deploy"}),
        ({"pool": {"disabled": True}}, {"prod/plan", "prod/deploy"}),
        ({"provider": {"state": "DELETED"}}, {"prod/plan", "prod/deploy"}),
        ({"plan": {"disabled": True}}, {"prod/plan"}),
    ],
)
def test_what_is_switched_or_taken_off_by_hand_shows(changed: dict[str, Any], identities_wrong: set[str]) -> None:
    assert wrong(trust(**changed)) == identities_wrong


@pytest.mark.parametrize(
    ("scope", "member", "ours"),
    [
        (f"account:{PROD.account_email('deploy')}", "user:eve@example.com", True),
        (f"project:{PROD.project}", f"serviceAccount:{PROD.account_email('runtime')}", True),
        (f"bucket:{PROD.project}-data", "allUsers", True),
        (f"project:{PROD.project}", f"principalSet://iam.googleapis.com/{POOL}/*", True),
        (f"project:{PROD.project}", "serviceAccount:service-1@gcp-sa-run.iam.gserviceaccount.com", False),
        (f"account:other@{PROD.project}.iam.gserviceaccount.com", "user:eve@example.com", False),
    ],
)
def test_a_stranger_is_ours_where_it_touches_our_identities(scope: str, member: str, *, ours: bool) -> None:
    live = AccessModel(KNOWN.providers, (*KNOWN.grants, Grant("//x", scope, "roles/x", member, conditional=False)))
    (found,) = unmanaged(KNOWN, live, (), EVERYONE)
    assert found.ours is ours
    kind, _, name = scope.partition(":")
    assert found.sentence == f"{member} holds roles/x on {kind} {name}, and Terraform does not know it"


def test_a_condition_taken_off_by_hand_is_another_grant() -> None:
    limited = {"title": "hours", "expression": "request.time < timestamp('2031-01-01T00:00:00Z')"}
    binding = {"role": "roles/x", "members": [f"serviceAccount:{PROD.account_email('deploy')}"]}
    known = AccessModel(grants=tuple(from_policies([Policy("project:p", "//p", ({**binding, "condition": limited},))])))
    live = AccessModel(grants=tuple(from_policies([Policy("project:p", "//p", (binding,))])))
    assert [each.condition for each in unmanaged(known, live, (), EVERYONE)] == [""]
    (found,) = unmanaged(live, known, (), EVERYONE)
    assert found.sentence.endswith(f"on project p, if {limited['expression']}, and Terraform does not know it")


def test_a_key_is_a_way_in() -> None:
    name = f"projects/{PROD.project}/serviceAccounts/{PROD.account_email('deploy')}/keys/abc"
    (found,) = unmanaged(KNOWN, KNOWN, [name], EVERYONE)
    assert found.ours
    assert found.sentence == f"{PROD.account_email('deploy')} has a key file (abc): whoever holds it is the account"

"""What somebody loosens is refused in the plan, seen in the matrix, and would really open the door."""

from __future__ import annotations

import copy
from datetime import date

import pytest

from provisioner.access import AccessModel, Case, cases, compute
from provisioner.policy import PolicyContext, check
from provisioner.policy.personas import KINDS, persona
from provisioner.terraform.plan import Plan
from tests.attacks.attempts import REACHED
from tests.attacks.cases_hostile import HOSTILE
from tests.attacks.estate import Estate, Json
from tests.attacks.hostile import Hostile
from tests.attacks.tables import victim_of
from tests.policy.roots import fraud_detection

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("attacks")]
every = pytest.mark.parametrize("hostile", HOSTILE, ids=str)


def loosened(estate: Estate, hostile: Hostile) -> Json:
    plan = copy.deepcopy(estate.plans[hostile.place])
    for change in hostile.changes:
        change.in_plan(estate, plan)
    return plan


def context_of(estate: Estate, place: str) -> PolicyContext:
    spec = estate.spec(place)
    team = estate.teams[spec.team]
    return PolicyContext(team.platform, team, spec, today=date(2026, 11, 21))


def question(estate: Estate, hostile: Hostile) -> Case:
    """Find the row: of the identity attacked, or of the one that the question names before a colon."""
    identity, _, context = hostile.question.rpartition(": ")
    place, _, kind = (identity or hostile.identity).rpartition("/")
    team = estate.teams[estate.spec(place).team]
    asked = cases(team, estate.repositories[team.slug])
    name = f"{estate.spec(place).name}/{kind}"
    found = [case for case in asked if (case.identity.name, case.context) == (name, context)]
    assert len(found) == 1, f"{len(found)} rows {context!r} of {name}"
    return found[0]


def model(estate: Estate, place: str, plan: Json) -> AccessModel:
    others = [AccessModel.from_state(state) for name, state in estate.states.items() if name != place]
    return AccessModel.merged([AccessModel.from_plan(Plan.from_json(plan)), *others])


@every
def test_the_plan_is_refused(built: Estate, hostile: Hostile) -> None:
    context = context_of(built, hostile.place)
    assert check(Plan.from_json(built.plans[hostile.place]), context).passed

    verdict = check(Plan.from_json(loosened(built, hostile)), context)

    assert not verdict.passed
    assert hostile.rules <= {finding.rule for finding in verdict.blocking}


@pytest.mark.parametrize("hostile", [each for each in HOSTILE if each.question], ids=str)
def test_the_matrix_turns_red(built: Estate, hostile: Hostile) -> None:
    case = question(built, hostile)
    assert compute(model(built, hostile.place, built.plans[hostile.place]), [case]).wrong == ()

    (row,) = compute(model(built, hostile.place, loosened(built, hostile)), [case]).wrong

    assert (row.decision.reached, case.expected) == (True, False)


@every
def test_the_attack_works_then_and_only_then(place: Estate, hostile: Hostile) -> None:
    victim = victim_of(place, hostile.identity)
    assert hostile.attack(place, victim) != REACHED

    for change in hostile.changes:
        change.in_cloud(place)

    assert hostile.attack(place, victim) == REACHED


def test_an_account_of_another_environment_is_none_of_the_three() -> None:
    team = fraud_detection()
    prod = PolicyContext(team.platform, team, team.environment("prod"))

    for kind in KINDS:
        assert persona(team.environment("prod").account_email(kind), prod) == kind
        assert persona(team.environment("dev").account_email(kind), prod) is None
        assert persona(team.environment("dev").account_email(kind), PolicyContext(team.platform)) == kind

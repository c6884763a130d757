"""Every attack is refused where and why it should be, while the nearest legitimate job gets through."""

from __future__ import annotations

import pytest

from tests.attacks.attempts import REACHED, after, claiming, work
from tests.attacks.cases_accounts import ACCOUNTS, account_disabled
from tests.attacks.cases_jobs import JOBS
from tests.attacks.cases_things import THINGS
from tests.attacks.cases_tokens import TOKENS
from tests.attacks.estate import Estate, taken_back
from tests.attacks.tables import Attack, neighbour_of, victim_of

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("attacks")]
ALL = (*JOBS, *TOKENS, *ACCOUNTS, *THINGS)


@pytest.mark.parametrize("attack", ALL, ids=str)
def test_refused_at_its_stage_while_the_neighbour_gets_in(place: Estate, attack: Attack) -> None:
    assert attack.right(place, neighbour_of(place, attack.identity)) == REACHED

    outcome = attack.does(place, victim_of(place, attack.identity))

    assert (outcome.stage, outcome.code) == (attack.stage, attack.code), outcome.words
    assert attack.words in outcome.words


def test_no_attack_is_listed_twice_and_every_stage_refuses_some() -> None:
    assert len(ALL) >= 60
    assert len({str(attack) for attack in ALL}) == len(ALL)
    assert {attack.stage for attack in ALL} == {"mint", "exchange", "impersonate", "call"}
    assert all(attack.code and attack.words for attack in ALL)


def test_what_a_test_changes_is_gone_with_it(built: Estate) -> None:
    """The cases build on it: none sees what the one before has switched off."""
    with taken_back(built):
        disabled = after(account_disabled)(built, victim_of(built, "prod/deploy"))
    assert disabled.stage == "impersonate"
    assert work(built, victim_of(built, "prod/deploy")) == REACHED


def test_a_branch_of_another_name_is_not_bound(place: Estate) -> None:
    """Where GitHub's own branch rule is missing, the binding still names the branch."""
    victim = victim_of(place, "prod/deploy")

    assert claiming(ref=victim.job.ref)(place, victim) == REACHED
    assert claiming(ref="refs/heads/feature")(place, victim).stage == "impersonate"

"""What a change does to access, in words: over models, and over plans of rendered roots changed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioner.access import AccessChange, AccessModel, Repository, cases, compare
from provisioner.access.changes import NOTHING, marked
from provisioner.access.model import UNKNOWN, Grant
from provisioner.terraform.plan import Plan
from provisioner.wiring.accessing import difference
from tests.access.models import CONDITION, REPOSITORY, binding, model_of, with_condition, with_grant
from tests.policy.roots import IDS, Root, fraud_detection, memory_cloud, rendered_root

TEAM = fraud_detection()
CASES = cases(TEAM, REPOSITORY)
DEV, STAGE, PROD = TEAM.environments
MODEL = model_of(TEAM)
ANY_RUNNER = CONDITION.partition(" && has(assertion.runner_environment)")[0]


def test_nothing_changes_and_says_so() -> None:
    change = compare(MODEL, MODEL, CASES)
    assert change == AccessChange()
    assert marked(change.document()) == (f"= {NOTHING}",)


def test_everything_is_gained_at_first_and_lost_at_last() -> None:
    gained = compare(AccessModel(), MODEL, CASES).gained
    lost = compare(MODEL, AccessModel(), CASES).lost
    reached = [case for case in CASES if case.expected and case.act is None]
    for case in reached:
        assert f"this change lets '{case.context}' reach {case.identity.name}" in gained
        assert f"this change no longer lets '{case.context}' reach {case.identity.name}" in lost
    assert sum(" reach " in sentence for sentence in gained) == len(reached)
    assert "this change gives dev/deploy roles/run.developer on project " + DEV.project in gained
    assert not any("principalSet" in sentence for sentence in (*gained, *lost))
    assert compare(AccessModel(), MODEL, CASES).lost == ()
    assert compare(MODEL, AccessModel(), CASES).gained == ()


def test_a_loosened_condition_names_who_gets_in() -> None:
    loosened = with_condition(MODEL, ANY_RUNNER)
    change = compare(MODEL, loosened, CASES)
    assert "this change lets 'self-hosted runner' reach prod/deploy" in change.gained
    assert f"rewrites what {PROD.names.pool}/github of {PROD.project} demands of a token: the condition becomes" in str(
        change.gained
    )
    back = compare(loosened, MODEL, CASES)
    assert "this change no longer lets 'self-hosted runner' reach prod/deploy" in back.lost


def test_a_fence_that_comes_down_before_another_one_is_told() -> None:
    events = CONDITION.replace("'pull_request']", "'pull_request','workflow_run']")
    change = compare(MODEL, with_condition(MODEL, events), CASES)
    assert f"this change lets 'workflow_run' exchange its token at {DEV.names.pool}/github" in change.gained
    assert not any(" reach " in sentence for sentence in change.gained)


def test_what_no_known_job_shows_is_told_by_the_condition_itself() -> None:
    stranger = CONDITION.replace("in ['701234567']", "in ['701234567','999']")
    change = compare(MODEL, with_condition(MODEL, stranger), CASES)
    assert len(change.gained) == len(TEAM.environments)
    assert all(sentence.endswith(f"the condition becomes {stranger}") for sentence in change.gained)


def test_grants_of_strangers_and_conditional_ones_are_told() -> None:
    eve = Grant("by.hand", f"project:{PROD.project}", "roles/owner", "user:eve@example.com", conditional=False)
    sentence = f"this change gives user:eve@example.com roles/owner on project {PROD.project}"
    assert compare(MODEL, with_grant(MODEL, eve), CASES).gained == (sentence,)
    timed = replace(eve, conditional=True, condition="request.time < timestamp('2027-01-01T00:00:00Z')")
    narrowed = compare(with_grant(MODEL, eve), with_grant(MODEL, timed), CASES)
    assert narrowed.gained == (f"{sentence} under a condition",)
    assert narrowed.lost == (f"this change takes roles/owner on project {PROD.project} from user:eve@example.com",)


def test_a_binding_of_another_branch_is_told_by_its_grant() -> None:
    other = binding(PROD, "deploy", "repo_env_ref_event/701234567:prod:refs/heads/release:push")
    (sentence,) = compare(MODEL, with_grant(MODEL, other), CASES).gained
    assert sentence.startswith("this change gives principalSet://")
    assert sentence.endswith(f"roles/iam.workloadIdentityUser on account {PROD.account_email('deploy')}")


def test_what_is_not_known_yet_is_no_good_news() -> None:
    change = compare(MODEL, with_condition(MODEL, UNKNOWN), CASES)
    assert (
        "this change may let 'self-hosted runner' reach dev/plan: the attribute condition is known only after the apply"
    ) in change.gained
    assert "this change may no longer let 'push on main' reach dev/plan" in change.lost


# ------------------------------------------------------------------------------------------------ real plans

REAL = Repository(IDS.repository_id, IDS.owner_id, TEAM.repository_full_name)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    folder = tmp_path_factory.mktemp("changes")
    with memory_cloud(folder / "world", TEAM) as cloud:
        made = rendered_root(folder / "roots", cloud, TEAM, "fraud-detection-dev")
        made.plan()
        made.apply()
        yield made


def changed(plan: Any) -> AccessChange:
    return difference(TEAM, REAL, (Plan.from_json(plan),))


@pytest.mark.e2e
def test_a_condition_loosened_by_hand_in_a_rendered_root_shows_in_its_plan(root: Root) -> None:
    assert changed(root.plan()) == AccessChange()
    module = next(root.folder.parents[1].glob("modules@*/workload-identity/main.tf"))
    promised = module.read_text()
    fence = "\"has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'\","
    assert promised.count(fence) == 1
    module.write_text(promised.replace(fence, ""))
    try:
        loosened = root.plan()
    finally:
        module.write_text(promised)
    change = changed(loosened)
    assert [sentence for sentence in change.gained if " reach " in sentence] == [
        "this change lets 'self-hosted runner' reach dev/plan",
        "this change lets 'self-hosted runner' reach dev/deploy",
    ]
    assert change.lost == ()

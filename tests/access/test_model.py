"""Trust read from what Terraform really writes: the plan says before the apply what the state says after it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.access import AccessModel, cases, compute
from provisioner.access.claims import Repository
from provisioner.terraform.plan import Plan
from provisioner.terraform.state import StateDocument
from tests.policy.breaking import make_unknown
from tests.policy.roots import IDS, Root, fraud_detection, memory_cloud, rendered_root

pytestmark = pytest.mark.e2e
Json = dict[str, Any]
TEAM = fraud_detection()
REPOSITORY = Repository(IDS.repository_id, IDS.owner_id, TEAM.repository_full_name)
DEV = [case for case in cases(TEAM, REPOSITORY) if case.identity.environment.name == "dev"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    folder = tmp_path_factory.mktemp("model")
    with memory_cloud(folder / "world", TEAM) as cloud:
        yield rendered_root(folder / "roots", cloud, TEAM, "fraud-detection-dev")


@pytest.fixture(scope="module")
def plan(root: Root) -> Json:
    return root.plan()


@pytest.fixture(scope="module")
def state(root: Root, plan: Json) -> Json:
    assert plan
    root.apply()
    return root.state()


def test_plan_and_state_give_the_promised_matrix(plan: Json, state: Json) -> None:
    before = compute(AccessModel.from_plan(Plan.from_json(plan)), DEV)
    after = compute(AccessModel.from_state(StateDocument.from_json(state)), DEV)

    assert before.wrong == ()
    assert after.wrong == ()
    assert [row.decision for row in before.rows] == [row.decision for row in after.rows]


def test_the_model_names_what_the_api_knows(state: Json) -> None:
    model = AccessModel.from_state(StateDocument.from_json(state))

    provider = model.providers[0]
    number = provider.number
    assert (
        provider.name
        == f"projects/{number}/locations/global/workloadIdentityPools/fraud-detection-dev-gh/providers/github"
    )
    assert number.isdigit()
    scopes = {grant.scope for grant in model.grants}
    assert "account:fraud-detection-dev-deploy@example-fraud-dev.iam.gserviceaccount.com" in scopes
    assert "folder:example-ml-terraform-state/fraud-detection/dev" in scopes
    assert "project:example-fraud-dev" in scopes


@pytest.mark.parametrize(
    ("kind", "part", "path"),
    [
        ("google_service_account_iam_member", 'deploy["push"]', ("member",)),
        ("google_service_account_iam_member", 'deploy["push"]', ("service_account_id",)),
        ("google_iam_workload_identity_pool_provider", "", ("attribute_condition",)),
        ("google_iam_workload_identity_pool_provider", "", ("attribute_mapping",)),
    ],
)
def test_what_the_plan_does_not_know_is_never_taken_for_right(
    kind: str, part: str, path: tuple[str, ...], plan: Json
) -> None:
    changed = copy.deepcopy(plan)
    chosen = next(c for c in changed["resource_changes"] if c["type"] == kind and part in c["address"])
    make_unknown(chosen["change"], path)

    matrix = compute(AccessModel.from_plan(Plan.from_json(changed)), DEV)

    assert any(row.decision.reached is None for row in matrix.wrong)
    assert not any(row.decision.reached for row in matrix.wrong)


def test_a_disabled_pool_closes_its_provider(plan: Json) -> None:
    changed = copy.deepcopy(plan)
    pool = next(c for c in changed["resource_changes"] if c["type"] == "google_iam_workload_identity_pool")
    pool["change"]["after"]["disabled"] = True

    model = AccessModel.from_plan(Plan.from_json(changed))

    assert [provider.disabled for provider in model.providers] == [True]
    assert not any(row.decision.reached for row in compute(model, DEV).rows)


def test_a_plan_that_deletes_a_binding_shows_the_way_in_gone(plan: Json) -> None:
    changed = copy.deepcopy(plan)
    chosen = next(c for c in changed["resource_changes"] if 'deploy["push"]' in c["address"])
    chosen["change"] |= {"actions": ["delete"], "before": chosen["change"]["after"], "after": None, "after_unknown": {}}

    matrix = compute(AccessModel.from_plan(Plan.from_json(changed)), DEV)

    assert [row.case.context for row in matrix.wrong] == ["push on main, environment dev"]

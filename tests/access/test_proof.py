"""The matrix executed in a sandbox: what was computed is what happens, and what is loosened by hand shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.access import AccessMatrix, AccessMismatch, Case, cases, compute
from provisioner.access.prove import Prover
from provisioner.errors import ProvisionError
from tests.access.sandboxed import Sandboxed, sandboxed
from tests.policy.roots import fraud_detection

pytestmark = pytest.mark.e2e
Json = dict[str, Any]


@pytest.fixture(scope="module")
def whole(place: Sandboxed) -> AccessMatrix:
    return place.proven()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandboxed]:
    with sandboxed(tmp_path_factory.mktemp("proof"), fraud_detection()) as ready:
        yield ready


def proven(place: Sandboxed, *contexts: str) -> AccessMatrix:
    """Prove the questions about these jobs only."""
    chosen = [case for case in cases(place.team, place.repository) if case.context in contexts]
    assert {case.context for case in chosen} == set(contexts)
    return Prover(place.session, place.minter(), place.model).prove(compute(place.model, chosen))


def wrong(matrix: AccessMatrix) -> set[tuple[str, str]]:
    return {(row.case.identity.name, row.case.context) for row in matrix.wrong}


def test_everything_that_can_be_tried_comes_out_as_computed(whole: AccessMatrix) -> None:
    matrix = whole

    assert matrix.wrong == ()
    by_how: dict[str, set[str]] = {}
    for row in matrix.rows:
        by_how.setdefault(row.how, set()).add(row.case.context)
    assert {row.how for row in matrix.rows if row.case.expected} == {"executed"}
    assert {"foreign owner", "fork", "subject rewritten"} <= by_how["not executable here"]
    assert {"self-hosted runner", "wrong audience, environment prod"} <= by_how["executed"]
    stages = {row.stage for row in matrix.rows if row.how == "executed"}
    assert stages == {"mint", "exchange", "impersonate", "call", "reached"}
    assert "ya29" not in str(matrix.document())
    assert "eyJ" not in str(matrix.document())


def test_a_repository_of_the_same_owner_gets_no_further_than_the_exchange(
    place: Sandboxed, whole: AccessMatrix
) -> None:
    rows = [row for row in whole.rows if row.case.job.repository == place.other]
    assert {(row.how, row.stage, row.executed) for row in rows} == {("executed", "exchange", False)}
    assert {row.case.identity.kind for row in rows} == {"plan", "deploy"}


def test_an_account_does_its_own_work_and_no_other(whole: AccessMatrix) -> None:
    done = {(row.case.identity.name, row.case.act.name): row.stage for row in whole.rows if row.case.act}
    assert done["dev/plan", "lists the state of dev"] == "reached"
    assert done["dev/plan", "may create a service"] == "call"
    assert done["dev/plan", "lists the state of prod"] == "call"
    assert done["dev/deploy", "lists the services of prod"] == "call"
    assert done["prod/deploy", "lists the state of prod"] == "call"


def test_a_role_too_many_turns_its_row_red(place: Sandboxed) -> None:
    dev = place.team.environment("dev")
    project = f"cloudresourcemanager.googleapis.com/v1/projects/{dev.project}"
    before = place.google("POST", f"{project}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    extra = {"role": "roles/run.developer", "members": [f"serviceAccount:{dev.account_email('plan')}"]}
    changed = {**before, "bindings": [*before["bindings"], extra]}
    now = place.google("POST", f"{project}:setIamPolicy", {"policy": changed})
    try:
        matrix = proven(place, "push on main, may create a service")
    finally:
        place.google("POST", f"{project}:setIamPolicy", {"policy": {**before, "etag": now["etag"]}})

    assert wrong(matrix) == {("dev/plan", "push on main, may create a service")}


def test_rows_keep_their_order(place: Sandboxed) -> None:
    matrix = proven(place, "push on main", "push on main, environment dev")

    asked = [case for case in cases(place.team, place.repository) if case.context.startswith("push on main")]
    assert [row.case for row in matrix.rows] == [case for case in asked if case in _cases(matrix)]


def _cases(matrix: AccessMatrix) -> list[Case]:
    return [row.case for row in matrix.rows]


@pytest.fixture
def policy_of_prod_deploy(place: Sandboxed) -> Iterator[tuple[str, Json]]:
    """Yield the account's place and its policy, and put the policy back."""
    prod = place.team.environment("prod")
    account = f"iam.googleapis.com/v1/projects/{prod.project}/serviceAccounts/{prod.account_email('deploy')}"
    before = place.google("POST", f"{account}:getIamPolicy", {})
    yield account, before
    now = place.google("POST", f"{account}:getIamPolicy", {})
    place.google("POST", f"{account}:setIamPolicy", {"policy": {**before, "etag": now["etag"]}})


def test_a_binding_loosened_by_hand_turns_rows_red(place: Sandboxed, policy_of_prod_deploy: tuple[str, Json]) -> None:
    account, policy = policy_of_prod_deploy
    member = policy["bindings"][0]["members"][0]
    loose = f"{member.split('/attribute.')[0]}/attribute.repository_id/{place.repository.id}"
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [loose]}
    changed = {**policy, "bindings": [*policy["bindings"], binding]}
    place.google("POST", f"{account}:setIamPolicy", {"policy": changed})

    matrix = proven(place, "push on main", "pull_request into main", "push on main, environment prod")

    assert wrong(matrix) == {("prod/deploy", "push on main"), ("prod/deploy", "pull_request into main")}
    with pytest.raises(AccessMismatch, match="must not reach"):
        matrix.require_right()


def test_a_binding_removed_a_moment_ago_lets_nobody_in(
    place: Sandboxed, policy_of_prod_deploy: tuple[str, Json]
) -> None:
    account, policy = policy_of_prod_deploy
    place.google("POST", f"{account}:setIamPolicy", {"policy": {**policy, "bindings": []}})

    matrix = proven(place, "push on main, environment prod")

    assert wrong(matrix) == {("prod/deploy", "push on main, environment prod")}
    assert matrix.wrong[0].stage == "impersonate"


@pytest.fixture
def provider_of_prod(place: Sandboxed) -> Iterator[tuple[str, Json]]:
    """Yield the provider's place and what it was, and put it back."""
    prod = place.team.environment("prod")
    pool = f"projects/{prod.project}/locations/global/workloadIdentityPools/{prod.names.pool}"
    name = f"iam.googleapis.com/v1/{pool}/providers/{prod.names.provider}"
    before = place.google("GET", name)
    yield name, before
    body = {"attributeCondition": before["attributeCondition"], "disabled": before.get("disabled", False)}
    place.google("PATCH", f"{name}?updateMask=attributeCondition,disabled", body)


def test_a_condition_loosened_by_hand_turns_rows_red(place: Sandboxed, provider_of_prod: tuple[str, Json]) -> None:
    name, before = provider_of_prod
    condition = before["attributeCondition"].split(" && has(assertion.runner_environment)")[0]
    assert condition != before["attributeCondition"]
    place.google("PATCH", f"{name}?updateMask=attributeCondition", {"attributeCondition": condition})

    matrix = proven(place, "self-hosted runner", "push on main, environment prod")

    assert ("prod/deploy", "self-hosted runner") in wrong(matrix)
    assert ("prod/deploy", "push on main, environment prod") not in wrong(matrix)


def test_a_condition_without_the_event_list_shows_although_the_binding_still_holds(
    place: Sandboxed, provider_of_prod: tuple[str, Json]
) -> None:
    name, before = provider_of_prod
    condition = before["attributeCondition"].replace("'pull_request']", "'pull_request','issue_comment']")
    place.google("PATCH", f"{name}?updateMask=attributeCondition", {"attributeCondition": condition})

    matrix = proven(place, "issue_comment, environment prod")

    assert wrong(matrix) == {("prod/deploy", "issue_comment, environment prod")}
    assert matrix.wrong[0].stage == "impersonate"
    assert matrix.wrong[0].decision.stage == "exchange"


def test_a_provider_switched_off_lets_nobody_in(place: Sandboxed, provider_of_prod: tuple[str, Json]) -> None:
    name, _ = provider_of_prod
    place.google("PATCH", f"{name}?updateMask=disabled", {"disabled": True})

    matrix = proven(place, "push on main, environment prod")

    assert {row.stage for row in matrix.wrong} == {"exchange"}


def test_half_a_proof_concludes_nothing(place: Sandboxed) -> None:
    place.session.proxies, kept = {"https": "http://127.0.0.1:9"}, place.session.proxies
    try:
        with pytest.raises(ProvisionError, match="cut short"):
            proven(place, "push on main")
    finally:
        place.session.proxies = kept

"""The matrix executed in a sandbox: what was computed is what happens, and what is loosened by hand shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioner.access import AccessMatrix, AccessMismatch, AccessModel, Case, cases, compute, identities
from provisioner.access.live import from_live, from_policies, unmanaged
from provisioner.access.prove import Prover
from provisioner.cloud.google import GoogleCloud, connect
from provisioner.cloud.session import Network
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


# ------------------------------------------------------------------------------------------- read from the cloud


@pytest.fixture
def cloud(place: Sandboxed) -> Iterator[GoogleCloud]:
    network = Network(place.handle.proxy_url, str(place.handle.ca_file))
    connected = connect(place.environment["GOOGLE_OAUTH_ACCESS_TOKEN"], network=network)
    yield connected
    connected.close()


def read(place: Sandboxed, cloud: GoogleCloud) -> tuple[AccessModel, list[str]]:
    projects = [cloud.trust(spec.project, {spec.region}) for spec in place.team.environments]
    folders = [spec.names.state_prefix for spec in place.team.environments]
    state = from_policies(cloud.bucket_policies(place.team.platform.state.bucket, folders))
    assert not any(project.unread for project in projects)
    model = AccessModel.merged([*map(from_live, projects), AccessModel(grants=tuple(state))])
    return model, [key for project in projects for key in project.keys]


def test_the_cloud_itself_says_what_the_states_say(place: Sandboxed, cloud: GoogleCloud) -> None:
    live, keys = read(place, cloud)

    trusted = [replace(each, address="") for each in live.providers]
    assert trusted == [replace(each, address="") for each in place.model.providers]
    held = {(each.scope, each.role, each.member) for each in live.grants}
    assert {(each.scope, each.role, each.member) for each in place.model.grants} <= held
    assert compute(live, cases(place.team, place.repository)).wrong == ()
    strange = unmanaged(place.model, live, keys, identities(place.team))
    assert strange
    assert [each.sentence for each in strange if each.ours] == []


def test_what_a_person_granted_by_hand_is_named(
    place: Sandboxed, cloud: GoogleCloud, policy_of_prod_deploy: tuple[str, Json]
) -> None:
    account, policy = policy_of_prod_deploy
    deploy = account.rpartition("/")[2]
    token_creator = {"role": "roles/iam.serviceAccountTokenCreator", "members": ["user:eve@example.com"]}
    place.google(
        "POST", f"{account}:setIamPolicy", {"policy": {**policy, "bindings": [*policy["bindings"], token_creator]}}
    )
    key = place.google("POST", f"{account}/keys", {})["name"].rpartition("/")[2]

    live, keys = read(place, cloud)

    strange = unmanaged(place.model, live, keys, identities(place.team))
    creates = f"user:eve@example.com holds roles/iam.serviceAccountTokenCreator on account {deploy}"
    holds_key = f"{deploy} has a key file ({key}): whoever holds it is the account"
    assert {each.sentence for each in strange if each.ours} == {f"{creates}, and Terraform does not know it", holds_key}
    place.google("DELETE", f"{account}/keys/{key}")


def test_a_grant_above_the_project_counts_in_it(place: Sandboxed, cloud: GoogleCloud) -> None:
    prod = place.team.environment("prod")
    folder = f"cloudresourcemanager.googleapis.com/v3/folders/{place.team.platform.organisation.folder}"
    before = place.google("POST", f"{folder}:getIamPolicy", {})
    member = f"serviceAccount:{prod.account_email('plan')}"
    condition = {"title": "hours", "expression": "request.time < timestamp('2031-01-01T00:00:00Z')"}
    admin = {"role": "roles/run.admin", "members": [member], "condition": condition}
    changed = {**before, "version": 3, "bindings": [*before.get("bindings", []), admin]}
    place.google("POST", f"{folder}:setIamPolicy", {"policy": changed})
    try:
        trust = cloud.trust(prod.project, {prod.region})
    finally:
        now = place.google("POST", f"{folder}:getIamPolicy", {})
        place.google("POST", f"{folder}:setIamPolicy", {"policy": {**before, "version": 3, "etag": now["etag"]}})
    (grant,) = (each for each in from_live(trust).grants if each.role == "roles/run.admin" and each.member == member)
    assert grant.scope == f"project:{prod.project}"
    assert grant.condition == condition["expression"]


def test_what_may_not_be_read_is_an_error_and_not_an_empty_list(place: Sandboxed, cloud: GoogleCloud) -> None:
    refused = {"kind": "status", "status": 403, "method": "iam.projects.serviceAccounts.getIamPolicy", "index": 1}
    place.handle.control("PUT", "faults", {"faults": [refused]})
    try:
        with pytest.raises(ProvisionError, match="may not be read"):
            cloud.trust(place.team.environment("dev").project, set())
    finally:
        place.handle.control("DELETE", "faults")


def test_roles_are_told_by_what_they_allow(cloud: GoogleCloud) -> None:
    roles = cloud.roles(["roles/run.viewer", "roles/storage.bucketViewer", "roles/no.such"])
    assert set(roles) == {"roles/run.viewer", "roles/storage.bucketViewer"}
    assert "run.services.list" in roles["roles/run.viewer"]
    assert "run.services.create" not in roles["roles/run.viewer"]


def test_half_a_proof_concludes_nothing(place: Sandboxed) -> None:
    place.session.proxies, kept = {"https": "http://127.0.0.1:9"}, place.session.proxies
    try:
        with pytest.raises(ProvisionError, match="cut short"):
            proven(place, "push on main")
    finally:
        place.session.proxies = kept

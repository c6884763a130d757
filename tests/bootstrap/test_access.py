"""Who reaches the toolkit's identities, computed: the promise holds, and loosened trust turns a row red."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.access import AccessModel, compare, compute
from provisioner.access.claims import ISSUER
from provisioner.access.model import Grant, Provider
from provisioner.bootstrap.access import platform_cases
from provisioner.bootstrap.itself import address
from provisioner.bootstrap.roles import TABLE, Held
from provisioner.terraform.state import StateDocument
from tests.access.models import CONDITION, MAPPING, REPOSITORY, with_grant
from tests.bootstrap.test_rules import team

TEAM = team()
SPEC = TEAM.environments[0]
POOL = f"projects/42/locations/global/workloadIdentityPools/{SPEC.names.pool}"
ALLOW = "roles/iam.workloadIdentityUser"
ID, MAIN = REPOSITORY.id, f"refs/heads/{SPEC.branch}"
PLACES = {
    "scope": "folder:folders/345678901234",
    "state": f"bucket:{TEAM.platform.state.bucket}",
    "billing": "billing:x",
}
WAYS = {
    "plan": [f"repo_env_ref_event/{ID}::{MAIN}:{event}" for event in ("push", "schedule", "workflow_dispatch")],
    "preview": [f"repo_event/{ID}::pull_request"],
    "deploy": [f"repo_env_ref_event/{ID}:platform:{MAIN}:{event}" for event in ("push", "workflow_dispatch")],
}


def trusted(kind: str, value: str) -> Grant:
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.{value}"
    return Grant(f"{kind}.{value}", f"account:{address(TEAM, kind)}", ALLOW, member, conditional=False)


def held(each: Held) -> Grant:
    member = f"serviceAccount:{address(TEAM, each.account)}"
    return Grant("t", PLACES[each.place], each.role, member, bool(each.only_on), each.condition)


def whole() -> AccessModel:
    names = SPEC.names
    provider = Provider(
        "p", SPEC.project, "42", names.pool, names.provider, ISSUER, (), MAPPING, CONDITION, disabled=False
    )
    ways = [trusted(kind, value) for kind, values in WAYS.items() for value in values]
    return AccessModel((provider,), (*ways, *map(held, TABLE)))


def wrong(model: AccessModel) -> set[tuple[str, str]]:
    matrix = compute(model, platform_cases(TEAM, REPOSITORY))
    return {(row.case.identity.kind, row.case.context) for row in matrix.wrong}


def test_the_promise_holds_on_what_bootstrap_makes() -> None:
    assert wrong(whole()) == set()


@pytest.mark.parametrize(
    ("grant", "red"),
    [
        (trusted("deploy", f"repo_event/{ID}::pull_request"), ("deploy", "pull_request into main")),
        (trusted("plan", f"repo_event/{ID}::pull_request"), ("plan", "pull_request into main")),
        (trusted("preview", f"repo_env_ref_event/{ID}::{MAIN}:push"), ("preview", "push on main")),
        (trusted("deploy", f"repo_env_ref_event/{ID}::{MAIN}:push"), ("deploy", "push on main")),
        (
            held(Held("preview", "state", "roles/storage.objectViewer", "")),
            ("preview", "pull_request into main, reads the platform's state"),
        ),
        (
            held(Held("plan", "scope", "roles/run.developer", "")),
            ("plan", "push on main, may create a service"),
        ),
        (
            held(Held("deploy", "scope", "roles/iam.serviceAccountTokenCreator", "")),
            ("deploy", "push on main, environment platform, may become other accounts"),
        ),
        (
            held(Held("deploy", "scope", "roles/iam.securityAdmin", "")),
            ("deploy", "push on main, environment platform, may grant roles on folders/345678901234"),
        ),
    ],
)
def test_one_grant_too_many_is_one_row_that_is_wrong(grant: Grant, red: tuple[str, str]) -> None:
    assert red in wrong(with_grant(whole(), grant))


def test_tokens_of_every_account_below_may_open_each_identity() -> None:
    """Whether an account lies below a folder is not known here, so it counts as a way in that nobody excluded."""
    token = f"principalSet://iam.googleapis.com/{POOL}/attribute.repo_event/{ID}::pull_request"
    above = Grant("x", PLACES["scope"], "roles/iam.serviceAccountTokenCreator", token, conditional=False)

    assert {kind for kind, context in wrong(with_grant(whole(), above))} == {"plan", "deploy"}


def test_folders_may_be_read_and_data_may_not() -> None:
    without = [each for each in whole().grants if each.scope != PLACES["state"]]
    rows = compute(replace(whole(), grants=tuple(without)), platform_cases(TEAM, REPOSITORY)).rows

    reading = next(row for row in rows if row.case.context == "push on main, reads the platform's state")
    assert reading.decision.reached is False, "the reader of folders certainly opens no state"


def test_a_first_bootstrap_says_what_it_opens() -> None:
    change = compare(AccessModel(), whole(), platform_cases(TEAM, REPOSITORY))

    assert "this change lets 'pull_request into main' reach platform/preview" in change.gained
    assert "this change gives platform/deploy roles/run.admin on folder folders/345678901234" in change.gained
    assert not any("reach platform/deploy" in each and "pull_request" in each for each in change.gained)


@pytest.mark.parametrize(
    ("kind", "place", "scope"),
    [
        ("folder", {"folder": "folders/345678901234"}, "folder:folders/345678901234"),
        ("organization", {"org_id": "123456789012"}, "organization:123456789012"),
        ("billing_account", {"billing_account_id": "01AB23-CD45EF-678901"}, "billing:01AB23-CD45EF-678901"),
    ],
)
def test_roles_above_projects_are_read(kind: str, place: dict[str, str], scope: str) -> None:
    name = f"google_{kind}_iam_member"
    item = {"address": f"{name}.x", "type": name, "name": "x", "mode": "managed", "provider_name": "p"}
    values = {**place, "role": "roles/run.admin", "member": f"serviceAccount:{address(TEAM, 'deploy')}"}
    state = StateDocument.from_values({"root_module": {"resources": [{**item, "values": values}]}})

    assert [each.scope for each in AccessModel.from_state(state).grants] == [scope]

"""The whole matrix from trust as promised, and what turns red when somebody loosens it by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.access import AccessMismatch, AccessModel, cases, compute, table
from provisioner.access.claims import Repository
from provisioner.access.model import UNKNOWN, Grant
from provisioner.request.resolve import Team
from tests.access.models import (
    CONDITION,
    MAPPING,
    REPOSITORY,
    binding,
    model_of,
    with_condition,
    with_grant,
    with_mapping,
)
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
CASES = cases(TEAM, REPOSITORY)
PROMISED = compute(model_of(TEAM), CASES)
DEV, STAGE, PROD = TEAM.environments


def wrong(model: AccessModel) -> set[tuple[str, str]]:
    return {(row.case.identity.name, row.case.context) for row in compute(model, CASES).wrong}


def stage_of(context: str, identity: str) -> tuple[str, str]:
    for row in PROMISED.rows:
        if (row.case.context, row.case.identity.name) == (context, identity):
            return row.decision.stage, row.decision.reason
    raise AssertionError(f"no row {context} -> {identity}")


def test_trust_as_promised_has_no_wrong_row() -> None:
    matrix = compute(model_of(TEAM), CASES)

    assert matrix.wrong == ()
    matrix.require_right()
    assert matrix.summary().startswith("19 ways in, ")


def test_the_ways_in_are_exactly_these() -> None:
    events = ("push on main", "schedule on main", "workflow_dispatch on main")
    deploys = {
        (f"{spec.name}/deploy", f"{event} on main, environment {spec.name}")
        for spec in TEAM.environments
        for event in ("push", "workflow_dispatch")
    }
    plans = {(f"{spec.name}/plan", event) for spec in TEAM.environments for event in events}

    reached = {(case.identity.name, case.context) for case in CASES if case.expected and case.act is None}

    assert reached == deploys | plans | {("dev/plan", "pull_request into main")}


@pytest.mark.parametrize(
    ("context", "identity", "stage", "reason"),
    [
        ("foreign owner", "prod/deploy", "exchange", "condition-false"),
        ("owner name registered again", "prod/deploy", "exchange", "condition-false"),
        ("repository made again", "prod/deploy", "exchange", "condition-false"),
        ("other repository of the owner", "prod/deploy", "exchange", "condition-false"),
        ("fork", "dev/plan", "exchange", "condition-false"),
        ("subject rewritten", "prod/deploy", "exchange", "condition-false"),
        ("pull_request, environment prod", "prod/deploy", "impersonate", "no-binding"),
        ("pull_request into main", "prod/plan", "impersonate", "no-binding"),
        ("pull_request_target, environment prod", "prod/deploy", "exchange", "condition-false"),
        ("workflow_run, environment prod", "prod/deploy", "exchange", "condition-false"),
        ("issue_comment", "dev/plan", "exchange", "condition-false"),
        ("schedule, environment prod", "prod/deploy", "impersonate", "no-binding"),
        ("tag, environment prod", "prod/deploy", "impersonate", "no-binding"),
        ("tag named like the branch, environment prod", "prod/deploy", "impersonate", "no-binding"),
        ("other branch, environment prod", "prod/deploy", "impersonate", "no-binding"),
        ("branch named prod, environment prod", "prod/deploy", "impersonate", "no-binding"),
        ("push on main, environment dev", "prod/deploy", "impersonate", "no-binding"),
        ("push on main, environment PROD", "prod/deploy", "impersonate", "no-binding"),
        ("push on main, environment push", "prod/plan", "impersonate", "no-binding"),
        ("push on main, environment pr0d", "prod/deploy", "impersonate", "no-binding"),
        ("push on main, environment prod:refs/heads/main", "prod/deploy", "impersonate", "no-binding"),
        ("push on main, environment prod", "prod/plan", "impersonate", "no-binding"),
        ("push on main, environment prod", "prod/runtime", "impersonate", "no-binding"),
        ("push on main", "prod/deploy", "impersonate", "no-binding"),
        ("self-hosted runner", "prod/deploy", "exchange", "condition-false"),
        ("wrong audience, environment prod", "prod/deploy", "exchange", "wrong-audience"),
        ("wrong issuer, environment prod", "prod/deploy", "exchange", "wrong-issuer"),
        ("no claim repository_id, environment prod", "prod/deploy", "exchange", "mapping-failed"),
        ("no claim repository_owner_id, environment prod", "prod/deploy", "exchange", "condition-failed"),
    ],
)
def test_an_attack_is_refused_at_its_stage(context: str, identity: str, stage: str, reason: str) -> None:
    assert stage_of(context, identity) == (stage, reason)


def test_a_binding_by_a_single_claim_lets_pull_requests_deploy() -> None:
    loose = with_grant(model_of(TEAM), binding(PROD, "deploy", "repository_id/701234567"))

    found = wrong(loose)

    assert ("prod/deploy", "pull_request, environment prod") in found
    assert ("prod/deploy", "other branch, environment prod") in found
    assert {identity for identity, _ in found} == {"prod/deploy"}


def test_a_pull_request_binding_on_prod_shows() -> None:
    loose = with_grant(model_of(TEAM), binding(PROD, "plan", "repo_event/701234567::pull_request"))

    assert wrong(loose) == {("prod/plan", "pull_request into main")}


def test_a_whole_pool_bound_lets_the_other_environment_in() -> None:
    everyone = binding(PROD, "deploy", "x")
    loose = with_grant(model_of(TEAM), replace(everyone, member=everyone.member.replace("attribute.x", "*")))

    assert ("prod/deploy", "push on main, environment dev") in wrong(loose)


def test_the_other_pool_bound_shows() -> None:
    of_dev = binding(DEV, "deploy", "repo_env_ref_event/701234567:dev:refs/heads/main:push")
    loose = with_grant(model_of(TEAM), replace(of_dev, scope=f"account:{PROD.account_email('deploy')}"))

    assert wrong(loose) == {("prod/deploy", "push on main, environment dev")}


@pytest.mark.parametrize(
    ("dropped", "context"),
    [
        ("assertion.repository_owner_id == '91234567' && ", "no claim repository_owner_id, environment prod"),
        (
            " && has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'",
            "self-hosted runner",
        ),
    ],
)
def test_a_condition_with_a_term_less_shows(dropped: str, context: str) -> None:
    assert dropped in CONDITION

    assert ("prod/deploy", context) in wrong(with_condition(model_of(TEAM), CONDITION.replace(dropped, "")))


def test_without_a_condition_rows_turn_red() -> None:
    matrix = compute(with_condition(model_of(TEAM), ""), CASES)

    with pytest.raises(AccessMismatch, match="rows of the access matrix are wrong") as caught:
        matrix.require_right()
    assert caught.value.exit_code == 1
    assert "WRONG" in matrix.summary()
    assert any("(WRONG)" in cell for row in table(matrix) for cell in row)


def test_a_mapping_without_the_environment_takes_the_deployment_away() -> None:
    attribute = "assertion.repository_id + '::' + assertion.ref + ':' + assertion.event_name"
    changed = with_mapping(model_of(TEAM), attribute__repo_env_ref_event=attribute)

    assert ("dev/deploy", "push on main, environment dev") in wrong(changed)
    assert ("prod/plan", "push on main, environment prod") in wrong(changed)


def test_a_binding_removed_takes_its_way_in_away() -> None:
    whole = model_of(TEAM)
    less = replace(whole, grants=tuple(g for g in whole.grants if g.address != f"prod.deploy[{_deploy('prod')}]"))

    assert wrong(less) == {("prod/deploy", "push on main, environment prod")}


def test_a_disabled_provider_and_account_let_nobody_in() -> None:
    closed = replace(model_of(TEAM), providers=tuple(replace(p, disabled=True) for p in model_of(TEAM).providers))
    barred = replace(model_of(TEAM), disabled_accounts=frozenset({DEV.account_email("deploy")}))

    assert len(wrong(closed)) == sum(case.expected for case in CASES)
    assert {identity for identity, _ in wrong(barred)} == {"dev/deploy"}


def test_a_chain_over_another_account_shows() -> None:
    chain = Grant(
        "by.hand",
        f"account:{PROD.account_email('runtime')}",
        "roles/iam.serviceAccountTokenCreator",
        f"serviceAccount:{DEV.account_email('deploy')}",
        conditional=False,
    )

    assert ("prod/runtime", "push on main, environment dev") in wrong(with_grant(model_of(TEAM), chain))


def test_token_creator_on_the_project_covers_its_accounts() -> None:
    wide = binding(PROD, "deploy", "repo_event/701234567::pull_request")
    loose = with_grant(
        model_of(TEAM), replace(wide, scope=f"project:{PROD.project}", role="roles/iam.serviceAccountTokenCreator")
    )

    assert {("prod/runtime", "pull_request into main"), ("prod/plan", "pull_request into main")} <= wrong(loose)


@pytest.mark.parametrize("what", ["member", "role", "custom", "condition"])
def test_what_nobody_knows_decides_nothing_in_our_favour(what: str) -> None:
    grant = binding(PROD, "deploy", "repo_event/701234567::pull_request")
    changed = {
        "member": replace(grant, member=UNKNOWN),
        "role": replace(grant, role=UNKNOWN),
        "custom": replace(grant, role="projects/p/roles/maker"),
        "condition": replace(grant, conditional=True),
    }[what]
    matrix = compute(with_grant(model_of(TEAM), changed), CASES)

    undecided = [row for row in matrix.wrong if row.decision.reached is None]
    assert undecided
    assert all(row.document()["reason"] == "unknown" for row in undecided)


def test_an_unknown_condition_is_undecided_everywhere() -> None:
    matrix = compute(with_condition(model_of(TEAM), UNKNOWN), CASES)

    assert len(matrix.wrong) == sum(row.decision.reached is None for row in matrix.rows)
    assert matrix.wrong


def test_a_pool_that_imitates_our_attributes_is_another_pool() -> None:
    """Another team's pool in the same project may map whatever it likes: its principals are not ours."""
    honest = model_of(TEAM)
    claimed = {"attribute.repo_env_ref_event": "'701234567:prod:refs/heads/main:push'"}
    imitation = replace(honest.providers[2], pool="churn-prod-gh", condition="", mapping=MAPPING | claimed)

    assert wrong(replace(honest, providers=(*honest.providers, imitation))) == set()


def test_another_team_trusts_nothing_of_ours() -> None:
    other = Repository("701234568", "91234567", "example-ml/churn")
    foreign = [replace(case, job=replace(case.job, repository=other), expected=False) for case in CASES]

    assert compute(model_of(TEAM), foreign).wrong == ()


def test_pinned_workflows_keep_others_out() -> None:
    trusted = "example-ml/workflows/.github/workflows/deploy.yaml@refs/heads/main"
    pinned = _pinned(trusted)
    model = with_condition(
        model_of(TEAM),
        f"{CONDITION} && has(assertion.job_workflow_ref) && assertion.job_workflow_ref in ['{trusted}']",
    )
    found = cases(pinned, REPOSITORY)

    assert compute(model, found).wrong == ()
    loose = {row.case.context for row in compute(model_of(TEAM), found).wrong}
    assert "foreign reusable workflow" in loose


def test_the_document_holds_no_more_than_promised() -> None:
    document = compute(model_of(TEAM), CASES).document()

    assert document["right"] is True
    assert set(document) == {"schema_version", "summary", "right", "rows", "holdings"}
    row = next(row for row in document["rows"] if row["expected"])
    assert row["how"] == "computed"
    assert row["executed"] is None
    assert row["stage"] == "reached"


def _deploy(environment: str) -> str:
    return f"repo_env_ref_event/701234567:{environment}:refs/heads/main:push"


def _pinned(trusted: str) -> Team:
    request = TEAM.request.model_copy(update={"trusted_workflows": (trusted,)})
    return replace(TEAM, request=request)

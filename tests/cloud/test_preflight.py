"""Preflight against the sandbox's Google Cloud: every obstacle at once, each with who or what mends it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.cloud.google import GoogleCloud, connect
from provisioner.cloud.needs import needed_permissions
from provisioner.cloud.session import Network, Session
from provisioner.request.problems import Problem
from provisioner.sandbox.handle import Handle
from tests.cloud.calls import CRM, IAM, STORAGE, do, enable, finish, grant
from tests.cloud.conftest import BILLING, Asked

pytestmark = pytest.mark.e2e

IAM_API = IAM.removesuffix("/projects")
SHARED = Path(__file__).parents[2].parent / "shared/google-iam"


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_nothing_stands_in_the_way_of_a_team_whose_platform_is_ready(cloud: GoogleCloud, asked: Asked) -> None:
    assert cloud.preflight(asked()) == ()


def test_a_project_that_is_being_deleted_is_told_with_the_command_that_restores_it(
    session: Session, cloud: GoogleCloud, asked: Asked
) -> None:
    do(session, "DELETE", f"{CRM}/fraud-dev-1")
    problem = only(cloud.preflight(asked()))
    assert problem.where == "environments.dev.project: fraud-dev-1"
    assert (problem.reason, problem.blocking) == ("the project is marked for deletion", True)
    assert "gcloud projects undelete fraud-dev-1" in problem.fix


def test_a_project_that_never_was_is_told_with_the_command_that_makes_it(
    handle: Handle, network: Network, asked: Asked
) -> None:
    handle.reset()
    token = handle.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"]
    with closing(connect(token, network=network)) as cloud:
        problems = {problem.where: problem for problem in cloud.preflight(asked())}
    assert set(problems) == {
        "environments.dev.project: fraud-dev-1",
        "environments.prod.project: fraud-prod-1",
        "platform.yaml: state.bucket: acme-tf",
        f"platform.yaml: billing_account: {BILLING}",
    }
    assert (
        "gcloud projects create fraud-dev-1 --organization=123456789012"
        in problems["environments.dev.project: fraud-dev-1"].fix
    )
    assert (
        "gcloud storage buckets create gs://acme-tf --project=acme-state"
        in problems["platform.yaml: state.bucket: acme-tf"].fix
    )
    assert "billing.costsManager" in problems[f"platform.yaml: billing_account: {BILLING}"].fix


def test_credentials_that_do_not_work_are_one_problem(handle: Handle, network: Network, asked: Asked) -> None:
    with closing(connect("ya29.wrong", network=network)) as cloud:
        problem = only(cloud.preflight(asked()))
    assert problem.where == "Google Cloud credentials"
    assert "gcloud auth application-default login" in problem.fix


def test_an_account_that_may_only_look_is_told_what_it_lacks(
    session: Session, sandbox: Handle, network: Network, asked: Asked
) -> None:
    email = "looker@fraud-dev-1.iam.gserviceaccount.com"
    enable(session, "fraud-dev-1", "iam", "iamcredentials")
    do(session, "POST", f"{IAM}/fraud-dev-1/serviceAccounts", {"accountId": "looker"})
    grant(
        session,
        f"{IAM}/fraud-dev-1/serviceAccounts/{email}",
        "roles/iam.serviceAccountTokenCreator",
        f"user:{sandbox.control('GET', 'environment')['googleEmail']}",
    )
    for project in ("fraud-dev-1", "fraud-prod-1"):
        grant(session, f"{CRM}/{project}", "roles/run.viewer", f"serviceAccount:{email}")
    token = sandbox.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"]
    with closing(connect(token, None, email, network)) as cloud:
        problems = {problem.where: problem for problem in cloud.preflight(asked())}
    lacking = problems["environments.dev.project: fraud-dev-1"]
    assert "resourcemanager.projects.setIamPolicy" in lacking.reason
    assert "run.services.get," not in lacking.reason
    assert "run.services.create" in lacking.reason
    assert problems["platform.yaml: state.bucket: acme-tf"].reason.startswith("the state bucket cannot be read")


def test_a_careless_state_bucket_is_refused(session: Session, cloud: GoogleCloud, asked: Asked) -> None:
    careless = {"versioning": {"enabled": False}, "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}
    do(session, "PATCH", f"{STORAGE}/acme-tf", careless)
    reasons = [problem.reason for problem in cloud.preflight(asked())]
    assert [reason.partition(",")[0] for reason in reasons] == [
        "the state bucket keeps no old versions",
        "objects of the state bucket may have access lists of their own",
    ]


def test_a_project_that_nobody_pays_for_is_told(session: Session, cloud: GoogleCloud, asked: Asked) -> None:
    do(
        session,
        "PUT",
        "https://cloudbilling.googleapis.com/v1/projects/fraud-dev-1/billingInfo",
        {"billingAccountName": ""},
    )
    problem = only(cloud.preflight(asked()))
    assert "nobody pays" in problem.reason
    assert problem.fix == f"gcloud billing projects link fraud-dev-1 --billing-account={BILLING}"


def test_a_bucket_name_of_somebody_else_is_told_before_terraform_fails_on_it(
    session: Session, cloud: GoogleCloud, asked: Asked
) -> None:
    team = asked()
    name = team.environment("dev").buckets[0].name
    do(session, "POST", f"{STORAGE}?project=fraud-prod-1", {"name": name, "location": "EU"})
    problem = only(cloud.preflight(team))
    assert problem.where == "environments.dev.buckets.data"
    assert f"the bucket name {name} belongs to somebody else" in problem.reason
    do(session, "DELETE", f"{STORAGE}/{name}")
    do(session, "POST", f"{STORAGE}?project=fraud-dev-1", {"name": name, "location": "EU"})
    assert cloud.preflight(team) == ()


def test_a_deleted_pool_is_announced_and_does_not_stop_the_run(
    session: Session, cloud: GoogleCloud, asked: Asked
) -> None:
    team = asked()
    pools = f"{IAM}/fraud-dev-1/locations/global/workloadIdentityPools"
    pool = team.environment("dev").names.pool
    enable(session, "fraud-dev-1", "iam")
    finish(session, IAM_API, do(session, "POST", f"{pools}?workloadIdentityPoolId={pool}", {}))
    assert cloud.preflight(team) == ()
    finish(session, IAM_API, do(session, "DELETE", f"{pools}/{pool}"))
    problem = only(cloud.preflight(team))
    assert not problem.blocking
    assert "keeps its name for 30 days" in problem.reason


def test_what_is_needed_follows_from_what_is_asked_for(asked: Asked) -> None:
    spec = asked().environment("dev")
    wanted = needed_permissions(spec)
    assert "run.services.create" in wanted
    assert len(wanted) <= 100
    assert list(wanted) == sorted(set(wanted))


@pytest.mark.skipif(not SHARED.exists(), reason="the role data is not on this machine")
def test_every_permission_asked_for_exists(asked: Asked) -> None:
    known = {each for held in json.loads((SHARED / "roles.json").read_text()).values() for each in held}
    known |= {each for held in json.loads((SHARED / "method-permissions.json").read_text()).values() for each in held}
    assert set(needed_permissions(asked().environment("dev"))) <= known

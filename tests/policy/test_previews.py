"""A pull request reads the state of an environment that allows it, as the platform's own account, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.policy import PolicyContext, check
from provisioner.policy.rules.iam import RULES as IAM
from provisioner.policy.rules.state import RULES as STATE
from provisioner.request.resolve import Team, resolve
from provisioner.terraform.plan import Plan
from tests.policy.breaking import resource
from tests.render.teams import example, platform

ACCOUNT = "provision-env-preview-plan@example-ml-platform.iam.gserviceaccount.com"
OTHER = "fraud-detection-dev-deploy@example-ml-platform.iam.gserviceaccount.com"
SETTINGS = platform(preview_account=ACCOUNT)
FOLDER = "google_storage_managed_folder_iam_member"


def the_team(**changes: object) -> Team:
    return example("fraud-detection", platform(**changes))


def reading(environment: str = "dev", email: str = ACCOUNT, role: str = "roles/storage.objectViewer") -> Plan:
    after = {
        "bucket": SETTINGS.state.bucket,
        "managed_folder": f"fraud-detection/{environment}/",
        "role": role,
        "member": f"serviceAccount:{email}",
    }
    return Plan.from_json({"format_version": "1.2", "complete": True, "resource_changes": [resource(FOLDER, after)]})


def refused(plan: Plan, environment: str | None = "dev", team: Team | None = None) -> set[str]:
    team = team or the_team(preview_account=ACCOUNT)
    spec = team.environment(environment) if environment else None
    verdict = check(plan, PolicyContext(team.platform, team, spec), rules=(*STATE, *IAM))
    return {finding.rule for finding in verdict.blocking}


def test_the_account_of_platform_yaml_reads_where_pull_requests_may_plan() -> None:
    assert refused(reading()) == set()


@pytest.mark.parametrize(
    ("plan", "environment", "account"),
    [
        (reading("prod"), "prod", ACCOUNT),
        (reading("stage"), "stage", ACCOUNT),
        (reading("prod"), "dev", ACCOUNT),
        (reading(email=OTHER), "dev", ACCOUNT),
        (reading(role="roles/storage.objectUser"), "dev", ACCOUNT),
        (reading(), "dev", None),
        (reading(), "dev", OTHER),
    ],
    ids=["prod", "stage", "prod's from dev", "another account", "writing", "nobody named", "another named"],
)
def test_every_other_reader_is_refused(plan: Plan, environment: str, account: str | None) -> None:
    assert "PE-STATE-002" in refused(plan, environment, the_team(preview_account=account))


def test_on_anything_but_a_state_folder_the_account_is_a_stranger() -> None:
    after = {"bucket": "data", "role": "roles/storage.objectViewer", "member": f"serviceAccount:{ACCOUNT}"}
    changes = [resource("google_storage_bucket_iam_member", after)]
    document = {"format_version": "1.2", "complete": True, "resource_changes": changes}
    assert "PE-IAM-008" in refused(Plan.from_json(document))


@pytest.mark.parametrize(("allowed", "rules"), [(True, set()), (False, {"PE-STATE-002"})])
def test_without_a_named_environment_the_root_s_own_switch_decides(allowed: bool, rules: set[str]) -> None:  # noqa: FBT001 - a case
    variables = {"allow_pull_request_plan": allowed, "state_prefix": "fraud-detection/dev"}
    account = "pull-requests@example-ml-platform.iam.gserviceaccount.com"
    plan = replace(reading(email=account), variables=variables)
    assert refused(plan, None, the_team(preview_account=account)) == rules


def test_who_guards_an_environment_closes_it_to_pull_requests() -> None:
    team = the_team(preview_account=ACCOUNT)
    guarded = team.request.model_copy(
        update={
            "environments": {
                **team.request.environments,
                "dev": team.request.environments["dev"].model_copy(update={"plan_from_pull_requests": False}),
            }
        }
    )
    assert "PE-STATE-002" in refused(reading(), "dev", resolve(guarded, team.platform))

"""What an account may do once it is reached: the matrix's rows beyond the ways in, and the roles behind them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.access import AccessModel, cases, compute
from provisioner.access.acts import HOLDERS
from provisioner.access.model import Grant
from tests.access.models import REPOSITORY, model_of, with_grant
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
CASES = cases(TEAM, REPOSITORY)
DEV, _, PROD = TEAM.environments


def wrong(model: AccessModel) -> set[tuple[str, str]]:
    return {(row.case.identity.name, row.case.context) for row in compute(model, CASES).wrong}


@pytest.mark.parametrize(
    ("scope", "role", "account", "red"),
    [
        (f"project:{DEV.project}", "roles/run.developer", DEV.account_email("plan"), "may create a service"),
        (f"project:{PROD.project}", "roles/run.viewer", DEV.account_email("deploy"), "lists the services of prod"),
        ("bucket:example-ml-terraform-state", "roles/storage.objectViewer", DEV.account_email("plan"), "state of prod"),
        ("bucket:example-ml-terraform-state", "projects/p/roles/x", DEV.account_email("plan"), "state of prod"),
    ],
)
def test_a_role_too_many_shows_in_what_the_account_may_do(scope: str, role: str, account: str, red: str) -> None:
    loose = with_grant(model_of(TEAM), Grant("by.hand", scope, role, f"serviceAccount:{account}", conditional=False))

    found = wrong(loose)

    assert any(red in context for _, context in found)
    assert {identity.split("/")[0] for identity, _ in found} == {"dev"}


def test_without_its_folder_the_plan_account_cannot_read_the_state() -> None:
    whole = model_of(TEAM)
    less = replace(whole, grants=tuple(grant for grant in whole.grants if grant.address != "dev.state"))

    assert wrong(less) == {("dev/plan", "push on main, lists the state of dev")}


def test_the_table_of_roles_is_google_s() -> None:
    facts = Path(__file__).parents[3] / "shared" / "google-iam" / "roles.json"
    if not facts.exists():
        pytest.skip("the collected role data is not here")
    roles = json.loads(facts.read_text())

    for permission, holders in HOLDERS.items():
        assert {name for name, held in roles.items() if permission in _permissions(held)} == holders


def _permissions(held: Any) -> list[str]:
    found: list[str] = held["includedPermissions"] if isinstance(held, dict) else held
    return found


def test_others_who_read_a_state_are_shown_beside_the_environment_s_own() -> None:
    bucket, email = TEAM.platform.state.bucket, "provision-env-preview-plan@example-ml-platform.iam.gserviceaccount.com"
    prefix = TEAM.environment("dev").names.state_prefix
    reader = Grant("x", f"folder:{bucket}/{prefix}", "roles/storage.objectViewer", f"serviceAccount:{email}", False)  # noqa: FBT003 - no condition
    model = model_of(TEAM)
    more = replace(model, grants=(*model.grants, reader))

    held = {each["identity"]: each["account"] for each in compute(more, CASES).document()["holdings"]}

    assert held["dev/others"] == email
    assert not {name for name in held if name.endswith("/others")} - {"dev/others"}
    assert "dev/others" not in str(compute(model, CASES).document()["holdings"])

"""access on what a run recorded, and what ends it with an error: a row that is not as promised."""

from __future__ import annotations

import stat
from typing import Any

import pytest

from provisioner import settings
from provisioner.cli.asking import TerminalApprover, summary
from provisioner.cli.display import Display
from provisioner.request.loading import load_platform, load_request
from provisioner.runs.approval import ApprovalRequest, RootChange
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.inputs import Inputs, freeze
from provisioner.runs.ledger import Ledger, Run
from provisioner.wiring.folders import work_folder
from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES, Person

RIGHT = {
    "context": "push on main, environment dev",
    "identity": "dev/deploy",
    "account": "churn-dev-deploy@example-churn-dev.iam.gserviceaccount.com",
    "expected": True,
    "computed": True,
    "executed": None,
    "right": True,
    "stage": "reached",
    "how": "computed",
    "reason": "bound",
}
WRONG = {**RIGHT, "context": "fork", "expected": False, "right": False}
ELSEWHERE = {**WRONG, "identity": "prod/deploy"}
HELD = {
    "identity": "dev/deploy",
    "account": RIGHT["account"],
    "role": "roles/run.developer",
    "scope": "project:example-churn-dev",
    "conditional": True,
}
STRANGER: dict[str, Any] = {"ours": True, "sentence": "user:eve@example.com holds roles/owner", "at": "//x"}


def record(person: Person, *rows: dict[str, Any], **more: Any) -> None:
    """Write a finished run of churn with this matrix."""
    ledger, artifacts = Ledger(person.state / "runs"), Artifacts(person.state / "runs" / "artifacts")
    platform = load_platform(EXAMPLES / "platform.yaml")
    inputs = freeze(artifacts, Inputs(load_request(EXAMPLES / "churn.yaml", platform), platform, {}))
    moment = "2026-01-01T00:00:00.000Z"
    ledger.open_run(Run("up-churn-1", "up", "churn", "sandbox", inputs, "done", moment, moment, "ann"))
    matrix = {"summary": "some rows", "right": True, "rows": list(rows), "holdings": [HELD], **more}
    artifacts.put("up-churn-1", "access", matrix)
    ledger.close()


def test_rows_as_promised_end_well_and_roles_are_told(cli: Cli, person: Person) -> None:
    record(person, RIGHT)
    ended = cli("access", "churn")
    assert ended.code == 0, ended
    assert "roles/run.developer" in ended.out
    assert "a condition holds" in ended.out


def test_a_wrong_row_ends_with_the_sentence_that_names_it(cli: Cli, person: Person) -> None:
    record(person, RIGHT, WRONG)
    ended = cli("access", "churn/dev")
    assert ended.code == 1
    assert f"fork -> dev/deploy: must not reach {RIGHT['account']} (reached, bound)" in ended.err
    assert "yes (WRONG)" in ended.out


def test_a_wrong_row_of_another_environment_is_that_ones(cli: Cli, person: Person) -> None:
    record(person, RIGHT, ELSEWHERE)
    assert cli("access", "churn/dev", "-o", "json").document["right"] is True
    assert cli("access", "churn/prod").code == 1


@pytest.mark.parametrize("ours", [True, False])
def test_what_terraform_does_not_know_counts_where_it_is_ours(cli: Cli, person: Person, *, ours: bool) -> None:
    record(person, RIGHT, unmanaged=[{**STRANGER, "ours": ours}], unread=["folder 1, above x"])
    ended = cli("access", "churn")
    assert ended.code == int(ours)
    assert (STRANGER["sentence"] in ended.out) is ours
    assert (STRANGER["sentence"] in ended.err) is ours
    assert "Could not be read: folder 1, above x" in ended.out


def test_a_plan_file_goes_with_the_source_plan_only(cli: Cli, person: Person) -> None:
    record(person, RIGHT)
    ended = cli("access", "churn", "--from", "live", "--plan", EXAMPLES / "churn.yaml")
    assert ended.code == 2
    assert "--plan goes with --from plan" in ended.err


def test_whoever_approves_reads_every_sentence_about_access() -> None:
    lines = tuple(f"+ google_thing.this[{number}]" for number in range(40))
    sentences = tuple(f"+ this change lets 'job {number}' reach dev/plan" for number in range(40))
    change = RootChange("churn-dev", "digest", 40, 0, 0, lines)
    shown = "\n".join(summary(ApprovalRequest("up", "churn", (change,), access=sentences)))
    assert all(sentence.replace("this change ", "") in shown for sentence in sentences)
    assert sum(line in shown for line in lines) < len(lines)
    assert shown.index("google_thing") < shown.index("+ lets")


@pytest.mark.parametrize(("number", "told"), [(12, 12), (13, 1)])
def test_where_nobody_is_asked_a_first_set_up_is_counted(
    capsys: pytest.CaptureFixture[str], number: int, told: int
) -> None:
    sentences = [f"+ this change lets 'job {each}' reach dev/plan" for each in range(number - 1)]
    approver = TerminalApprover(Display(live=False, color=False), "ann", yes=True, check=lambda: None)
    asked = ApprovalRequest("up", "churn", (), access=(*sentences, "- this change takes it"))
    assert approver(asked) == "ann (--yes)"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == told
    assert "- this change takes it" in lines[-1] if told > 1 else "12 gained and 1 lost;" in lines[0]


def test_the_folder_in_which_terraform_works_is_its_owners(person: Person) -> None:
    (person.state / "work").mkdir(parents=True)
    (person.state / "work").chmod(0o755)
    found = settings.read(person.environment())
    assert work_folder(found, "sandbox", "churn").parent == person.state / "work" / "sandbox"
    assert stat.S_IMODE((person.state / "work").stat().st_mode) == 0o700

"""Only what was reviewed is applied: a plan's changes travel redacted, and the plan that is applied does the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import InvalidInput, NeedsApproval
from provisioner.runs.approval import ApprovalRequest, RootChange
from provisioner.runs.reviewed import Reviewed, ReviewedApprover
from provisioner.terraform.changes import Change, ChangeSet
from tests.cli.program import Person
from tests.e2e.conftest import stop
from tests.e2e.desk import Desk, new_desk

IDS = ("1210000007", "9100001")


def bucket(**after: str) -> ChangeSet:
    return ChangeSet((Change("google_storage_bucket.this", ("create",), {}, after),))


def asked(changes: ChangeSet, root: str = "churn-dev", team: str = "churn") -> ApprovalRequest:
    change = RootChange(root, "sha", 1, 0, 0, ())
    return ApprovalRequest("up", team, (change,), sets=lambda: {root: changes}, ids=IDS)


def approver(changes: ChangeSet, *, preview: bool = False) -> ReviewedApprover:
    return ReviewedApprover(Reviewed("churn", preview, {"churn-dev": changes}), "ci")


def test_the_same_changes_are_approved() -> None:
    assert "ci" in approver(bucket(name="a"))(asked(bucket(name="a")))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (asked(bucket(name="b")), "google_storage_bucket.this"),
        (asked(ChangeSet()), "google_storage_bucket.this"),
        (asked(bucket(name="a"), root="churn-prod"), "churn-prod: was not reviewed"),
        (asked(bucket(name="a"), team="fraud"), "those of churn"),
    ],
    ids=["another value", "one change less", "another root", "another team"],
)
def test_anything_else_needs_another_review(request_: ApprovalRequest, said: str) -> None:
    with pytest.raises(NeedsApproval, match=said):
        approver(bucket(name="a"))(request_)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written: No such file"):
        Reviewed("churn", preview=False, roots={}).write(tmp_path / "none" / "changes.json")


def test_a_preview_s_stand_in_gives_way_to_the_number_and_to_nothing_else() -> None:
    trusted = bucket(condition=f"id in ['{IDS[0]}'] && owner == '{IDS[1]}'")
    previewed = bucket(condition="id in ['0'] && owner == '0'")
    assert approver(previewed, preview=True)(asked(trusted))
    with pytest.raises(NeedsApproval):
        approver(previewed)(asked(trusted))
    with pytest.raises(NeedsApproval):
        approver(previewed, preview=True)(asked(bucket(condition="id in ['777'] && owner == '0'")))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 2, "team": "a", "roots": {}}', '{"schema": 1, "team": 3}']
)
def test_a_file_of_another_kind_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "changes.json"
    path.write_text(text)
    with pytest.raises(InvalidInput):
        Reviewed.read(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = Reviewed("churn", preview=True, roots={"churn-dev": bucket(name="a")})
    written.write(tmp_path / "changes.json")
    assert Reviewed.read(tmp_path / "changes.json") == written


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = new_desk(tmp_path_factory.mktemp("desk"))
    yield made
    stop(made.person)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_first_plan_is_applied_as_it_was_reviewed_and_known_on_every_machine(desk: Desk) -> None:
    request, file = desk.request("churn"), desk.folder / "changes.json"
    planned = desk.person.runs("plan", request, "--sandbox", "--empty-state", "--out-changes", file)
    assert planned.code == 0, planned
    tampered = json.loads(file.read_text())
    del tampered["roots"]["churn-dev"][3]
    other = desk.written("other.json", json.dumps(tampered))
    refused = desk.person.runs("up", request, "--sandbox", "--expect-changes", other, "-o", "json")
    assert refused.code == 5, refused
    assert "1 change not as reviewed: churn-dev: " in refused.error["reason"]
    ended = desk.person.runs("up", request, "--sandbox", "--expect-changes", file, "-o", "json")
    assert ended.code == 0, ended
    assert ended.document["changes"]["churn-dev"]["add"] > 0
    approved = desk.person.runs("audit", "show", "-o", "json").document
    assert any("the reviewers of these changes" in str(each) for each in approved)

    elsewhere = Person(desk.folder / "elsewhere")
    elsewhere.home.mkdir()
    command = [*elsewhere.command, "plan", str(request), "-o", "json"]
    there = [f"{name}={value}" for name, value in {"PROVISION_ENV_STATE": elsewhere.state}.items()]
    again = desk.person.runs("sandbox", "shell", "env", *there, *command)
    assert again.code == 0, again
    assert [(each["root"], each["empty"]) for each in again.document["roots"]] == [("churn-dev", True)]

"""`show` over the life of a team: made, changed by hand, taken down; in 80 columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import desk
from tests.e2e.desk import Desk

__all__ = ["desk"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("show")]
PROJECT = "example-depot-dev"
DEPLOY = f"depot-dev-deploy@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts/{DEPLOY}"


@pytest.fixture(scope="module")
def request_file(desk: Desk) -> Path:
    path = desk.request("depot", "description: <b>Parcels</b>\nbudget: {amount: 50}")
    ended = desk.up(path)
    assert ended.code == 0, ended
    return path


def test_a_team_that_nobody_knows_is_a_question(desk: Desk, request_file: Path) -> None:
    ended = desk.person.runs("show", request_file.stem + "s")
    assert ended.code == 2
    assert "did you mean 'depot'?" in ended.err


@pytest.mark.usefixtures("request_file")
def test_it_fits_a_terminal_and_names_everything(desk: Desk) -> None:
    ended = desk.person.runs("show", "depot")
    assert ended.code == 0, ended
    assert [line for line in ended.out.splitlines() if len(line) > 80] == []
    for word in (
        "<b>Parcels</b>",
        "50 EUR a month",
        "depot-dev-scoring",
        "depot-dev-deploy",
        "as promised",
        "depot.git",
    ):
        assert word.removesuffix(".git") in ended.out


@pytest.mark.usefixtures("request_file")
def test_what_somebody_changed_by_hand_shows_live(desk: Desk, tmp_path: Path) -> None:
    _, before = desk.call("POST", f"{ACCOUNT}:getIamPolicy", {})
    pool = before["bindings"][0]["members"][0].partition("/attribute.")[0]
    everyone = {"role": "roles/iam.workloadIdentityUser", "members": [f"{pool}/*"]}
    policy = {**before, "bindings": [*before["bindings"], everyone]}
    assert desk.call("POST", f"{ACCOUNT}:setIamPolicy", {"policy": policy})[0] == 200
    live = desk.person.runs("show", "depot", "--live", "--html", tmp_path / "live.html", "-o", "json")
    assert live.code == 0, live
    assert live.document["access"]["right"] is False
    page = (tmp_path / "live.html").read_text(encoding="utf-8")
    assert "NOT as promised" in page
    assert f"Not from Terraform: {pool}/* holds" in page
    assert "&lt;b&gt;Parcels&lt;/b&gt;" in page
    assert desk.person.runs("show", "depot", "-o", "json").document["access"]["right"] is True
    _, now = desk.call("POST", f"{ACCOUNT}:getIamPolicy", {})
    assert desk.call("POST", f"{ACCOUNT}:setIamPolicy", {"policy": {**before, "etag": now["etag"]}})[0] == 200


@pytest.mark.usefixtures("request_file")
def test_after_destroy_nothing_is_shown_as_if_it_existed(desk: Desk) -> None:
    assert desk.person.runs("destroy", "depot", "--yes").code == 0
    document = desk.person.runs("show", "depot", "-o", "json").document
    assert [each["exists"] for each in document["environments"]] == [False]
    assert document["access"] is None
    assert [run["verb"] for run in document["runs"]] == ["destroy", "up"]
    assert "does not exist" in desk.person.runs("show", "depot").out

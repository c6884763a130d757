"""A world that is not as the request takes for granted; each case beside its nearest good one."""

from __future__ import annotations

import pytest

from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.callers import issue_classic_token
from provisioner.sandbox.store.sqlite import SqliteStore
from tests.cli.program import Ended, Person
from tests.e2e.desk import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-luck")]

REPOSITORIES = "https://api.github.com/repos/example-ml"
STORAGE = "https://storage.googleapis.com/storage/v1"


@pytest.fixture(scope="module")
def missing(desk: Desk) -> Ended:
    """Ask for a team whose project nobody made, in a sandbox that holds everything else."""
    return desk.up(desk.request("orphan"), "--no-seed-projects", "-o", "json")


@pytest.fixture(scope="module")
def seeded(desk: Desk, missing: Ended) -> Desk:
    """Have the organisation, the people and the state bucket, but no team."""
    assert missing.code == 1, missing
    return desk


def reasons(ended: Ended) -> list[str]:
    return [each["reason"] for each in ended.error["problems"]]


def test_a_missing_project_is_told_with_the_command_that_makes_it(seeded: Desk, missing: Ended) -> None:
    assert missing.error["kind"] == "Blocked"
    wanted = next(each for each in missing.error["problems"] if "example-orphan-dev" in each["where"])
    assert "gcloud projects create example-orphan-dev" in wanted["fix"]
    assert seeded.call("GET", f"{REPOSITORIES}/orphan")[0] == 404


def test_a_project_that_somebody_made_lets_the_same_command_pass(seeded: Desk) -> None:
    request = seeded.request("orphan")
    made = seeded.up(request)
    assert made.code == 0, made
    runs = seeded.person.runs("runs", "list", "--team", "orphan", "-o", "json").document
    assert [run["status"] for run in runs] == ["done"]  # the run that was blocked went on


def test_a_repository_with_foreign_content_is_left_alone(seeded: Desk) -> None:
    orgs = "https://api.github.com/orgs/example-ml/repos"
    assert seeded.call("POST", orgs, {"name": "foreign", "private": True, "auto_init": True})[0] == 201
    before = seeded.call("GET", f"{REPOSITORIES}/foreign/commits")[1]
    ended = seeded.up(seeded.request("foreign"), "-o", "json")
    assert ended.code == 1, ended
    assert "example-ml/foreign exists and has content that is not ours" in reasons(ended)
    assert seeded.call("GET", f"{REPOSITORIES}/foreign/commits")[1] == before
    assert seeded.call("GET", f"{REPOSITORIES}/foreign/environments")[1]["total_count"] == 0
    assert seeded.call("GET", f"{STORAGE}/b?project=example-foreign-dev")[1].get("items", []) == []


def test_an_empty_repository_of_that_name_is_adopted_only_when_asked(seeded: Desk) -> None:
    orgs = "https://api.github.com/orgs/example-ml/repos"
    identity = seeded.call("POST", orgs, {"name": "vacant", "private": True})[1]["id"]
    request = seeded.request("vacant", "repository: {mode: adopt}")
    ended = seeded.up(request, "-o", "json")
    assert ended.code == 0, ended
    assert ended.document["repository"]["id"] == str(identity)


def as_on_the_real_clouds(desk: Desk, **changes: str) -> Person:
    """Return the person in a shell that only knows proxy, certificates and tokens, not that this is a sandbox."""
    variables = desk.person.runs("sandbox", "env", "-o", "json").document
    variables.pop("PROVISION_ENV_SANDBOX")
    return desk.person.given(**{**variables, **changes})


def classic_token(desk: Desk, *scopes: str) -> str:
    """Make a token of the operator; GitHub has no API for this, a person clicks it together."""
    desk.person.runs("sandbox", "stop")
    store = SqliteStore(desk.person.state / "sandbox" / "sandbox.sqlite3")
    with store.transaction() as tx:
        owner = find_account(tx, "platform-operator")
        assert owner is not None
        token = issue_classic_token(tx, owner["id"], scopes)
    store.close()
    return token


@pytest.fixture(scope="module")
def poor_token(seeded: Desk) -> str:
    return classic_token(seeded, "public_repo")


@pytest.fixture(scope="module")
def rich_token(seeded: Desk) -> str:
    return classic_token(seeded, "repo", "workflow", "admin:org")


def test_a_token_without_scopes_is_refused_before_anything_is_made(seeded: Desk, poor_token: str) -> None:
    person = as_on_the_real_clouds(seeded, GITHUB_TOKEN=poor_token)
    ended = person.runs("up", seeded.request("orphan"), "--no-sandbox", "--yes", "-o", "json")
    assert ended.code == 1, ended
    assert any("workflow" in reason and "scope" in reason for reason in reasons(ended)), reasons(ended)
    assert poor_token not in ended.err


def test_a_token_that_nobody_issued_is_refused(seeded: Desk) -> None:
    person = as_on_the_real_clouds(seeded, GITHUB_TOKEN="ghp_" + "0" * 36)
    ended = person.runs("up", seeded.request("orphan"), "--no-sandbox", "--yes", "-o", "json")
    assert ended.code == 1, ended
    assert any(each["where"] == "GITHUB_TOKEN" for each in ended.error["problems"])


def test_without_a_token_the_advice_is_where_to_put_one(seeded: Desk) -> None:
    person = as_on_the_real_clouds(seeded, GITHUB_TOKEN="", GH_TOKEN="")
    ended = person.runs("up", seeded.request("orphan"), "--no-sandbox", "--yes")
    assert ended.code == 2, ended
    assert "GITHUB_TOKEN: there is no GitHub token" in ended.err


def test_a_token_with_the_scopes_passes(seeded: Desk, rich_token: str) -> None:
    person = as_on_the_real_clouds(seeded, GITHUB_TOKEN=rich_token)
    ended = person.runs("up", seeded.request("orphan"), "--no-sandbox", "--yes", "-o", "json")
    assert ended.code == 0, ended
    assert {row["how"] for row in ended.document["access"]["rows"]} == {"computed"}


def test_a_working_folder_that_was_tampered_with_is_not_even_planned(seeded: Desk) -> None:
    request = seeded.request("orphan", "description: changed")
    root = seeded.person.state / "work" / "sandbox" / "orphan" / "envs" / "orphan-dev"
    proof = seeded.folder / "pwned"
    extra = root / "extra.tf"
    extra.write_text(f'data "external" "x" {{\n  program = ["touch", "{proof}"]\n}}\n')
    ended = seeded.up(request, "-o", "json")
    assert ended.code == 3, ended
    assert any("extra.tf" in each["where"] for each in ended.error["problems"])
    assert not proof.exists()
    extra.unlink()
    assert seeded.up(request).code == 0


def test_nobody_there_to_approve_waits_and_yes_goes_on(seeded: Desk) -> None:
    request = seeded.request("waits")
    waiting = seeded.person.runs("up", request, "--sandbox", "-o", "json")
    assert waiting.code == 5, waiting
    assert "--yes" in waiting.error["fix"]
    assert seeded.call("GET", f"{STORAGE}/b?project=example-waits-dev")[1].get("items", []) == []
    assert seeded.up(request).code == 0
    runs = seeded.person.runs("runs", "list", "--team", "waits", "-o", "json").document
    assert [run["status"] for run in runs] == ["done"]

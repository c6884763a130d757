"""runs, status, access, destroy: verbs that read the book of runs. The book is a real one, written by the ledger."""

from __future__ import annotations

import os

import pytest

from provisioner import settings
from provisioner.cli.recorded import last_run
from provisioner.request.loading import load_platform, load_request
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.inputs import Inputs, freeze
from provisioner.runs.leases import Leases
from provisioner.runs.ledger import Ledger, Run, Status
from provisioner.terraform.identity import identify
from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES, Person

ROW = {
    "context": "push to main",
    "identity": "dev/deploy",
    "expected": True,
    "computed": True,
    "executed": True,
    "right": True,
    "stage": "",
    "how": "executed",
    "reason": "",
}
REFUSED = {**ROW, "context": "pull request", "expected": False, "computed": False, "executed": False, "stage": "sts"}
OTHER = {**ROW, "identity": "prod/deploy"}


@pytest.fixture
def book(person: Person) -> Ledger:
    """Two runs of churn and one of forecast."""
    ledger, artifacts = Ledger(person.state / "runs"), Artifacts(person.state / "runs" / "artifacts")
    platform = load_platform(EXAMPLES / "platform.yaml")
    for number, (team, status) in enumerate((("churn", "failed"), ("forecast", "waiting"), ("churn", "done"))):
        request = load_request(EXAMPLES / f"{team}.yaml", platform)
        inputs = freeze(artifacts, Inputs(request, platform, {"terraform": "1.11.4"}))
        enter(ledger, f"up-{team}-{number}", team, status, inputs)
    artifacts.put("up-churn-2", "access", {"summary": "3 rows, all right", "rows": [ROW, REFUSED, OTHER]})
    return ledger


def enter(ledger: Ledger, run_id: str, team: str, status: str, inputs: str) -> None:
    found: dict[str, Status] = {"failed": "failed", "waiting": "waiting", "done": "done"}
    moment = f"2026-01-01T00:00:0{run_id[-1]}.000Z"
    ledger.open_run(Run(run_id, "up", team, "sandbox", inputs, found[status], moment, moment, "ann", f"it {status}"))


def test_without_runs_the_list_says_so(cli: Cli) -> None:
    assert cli("runs", "list").out == "no runs yet\n"
    assert cli("runs", "list", "-o", "json").document == []


@pytest.mark.usefixtures("book")
def test_runs_are_listed_newest_first(cli: Cli) -> None:
    found = cli("runs", "list", "-o", "json").document
    assert [each["id"] for each in found] == ["up-churn-2", "up-forecast-1", "up-churn-0"]
    keys = {"id", "verb", "team", "place", "inputs", "status", "started", "updated", "requester", "message"}
    assert set(found[0]) == keys
    lines = cli("runs", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN", "up-churn-2", "up-forecast-1", "up-churn-0"]


@pytest.mark.usefixtures("book")
def test_runs_are_listed_by_team_and_number(cli: Cli) -> None:
    assert [each["id"] for each in cli("runs", "list", "--team", "forecast", "-o", "json").document] == [
        "up-forecast-1"
    ]
    assert [each["id"] for each in cli("runs", "list", "--limit", "1", "-o", "json").document] == ["up-churn-2"]
    assert cli("runs", "list", "--team", "nobody", "-o", "json").document == []


def test_a_run_whose_process_is_gone_is_stopped(cli: Cli, book: Ledger) -> None:
    """One is held by this very process, one by nobody; neither could write down its end."""
    owner = identify(os.getpid())
    assert owner is not None
    book.set_status("up-churn-2", "running")
    book.set_status("up-forecast-1", "running")
    with Leases(book, "up-churn-2", owner).hold(["churn-dev"]):
        found = cli("runs", "list", "-o", "json").document
        assert [run["status"] for run in found] == ["running", "stopped", "failed"]
        assert "stopped" in cli("runs", "list").out
        assert last_run(settings.read(), "forecast").status == "stopped"
        assert last_run(settings.read(), "churn").status == "running"
    assert cli("runs", "list", "-o", "json").document[0]["status"] == "stopped"


def test_a_long_reason_keeps_to_its_line(cli: Cli, book: Ledger) -> None:
    book.set_status("up-churn-2", "failed", "it broke\nfor three reasons")
    assert len(cli("runs", "list").out.splitlines()) == 4
    assert cli("runs", "list", "-o", "json").document[0]["message"] == "it broke\nfor three reasons"


@pytest.mark.usefixtures("book")
def test_one_run_is_shown_with_its_steps(person: Person) -> None:
    document = person.runs("runs", "show", "up-churn-2", "-o", "json").document
    assert (document["id"], document["status"], document["steps"], document["audit"]) == ("up-churn-2", "done", [], [])


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("verb", ["show", "resume"])
def test_a_run_that_nobody_knows_is_told(cli: Cli, verb: str) -> None:
    ended = cli("runs", verb, "up-churn-9")
    assert ended.code == 2
    assert "up-churn-9: there is no such run" in ended.err


@pytest.mark.usefixtures("book")
def test_a_run_that_is_done_is_not_resumed(cli: Cli) -> None:
    ended = cli("runs", "resume", "up-churn-2")
    assert ended.code == 2
    assert "this run is done" in ended.err


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("verb", ["status", "access", "destroy"])
def test_a_team_with_a_typo_is_answered_with_the_nearest(cli: Cli, verb: str) -> None:
    ended = cli(verb, "churm")
    assert ended.code == 2
    assert "did you mean 'churn'?" in ended.err


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("verb", ["status", "access", "destroy"])
def test_a_team_like_no_other_is_answered_with_all(cli: Cli, verb: str) -> None:
    ended = cli(verb, "xyz", "-o", "json")
    assert ended.code == 2
    assert (ended.error["fix"], ended.error["where"]) == ("known teams: churn, forecast", "xyz")


@pytest.mark.parametrize("verb", ["status", "access", "destroy"])
def test_before_the_first_run_the_advice_is_to_run(cli: Cli, verb: str) -> None:
    ended = cli(verb, "churn")
    assert ended.code == 2
    assert "run `up` first" in ended.err


@pytest.mark.usefixtures("book")
def test_access_shows_what_the_last_run_established(cli: Cli) -> None:
    text = cli("access", "churn").out
    assert text.startswith("3 rows, all right\n")
    assert "pull request" not in text
    assert "pull request" in cli("access", "churn", "--all").out
    everything = cli("access", "churn", "-o", "json").document
    assert everything == {"summary": "3 rows, all right", "rows": [ROW, REFUSED, OTHER]}
    assert cli("access", "churn/prod", "-o", "json").document["rows"] == [OTHER]


@pytest.mark.usefixtures("book")
def test_access_of_a_team_that_never_came_so_far_is_told(cli: Cli) -> None:
    ended = cli("access", "forecast")
    assert ended.code == 1
    assert "access matrix" in ended.err


@pytest.mark.usefixtures("book")
def test_access_of_an_environment_that_does_not_exist_is_told(cli: Cli) -> None:
    ended = cli("access", "churn/pord")
    assert ended.code == 2
    assert "did you mean 'prod'?" in ended.err

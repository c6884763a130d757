"""Runs that are killed, interrupted or met by another: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.cli.program import Ended
from tests.cli.terminal import open_terminal
from tests.e2e.desk import Desk
from tests.e2e.watching import Watched, kill_and_wait, watch

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-interrupted")]

SERVICE: dict[str, Any] = {"method": "run.projects.locations.services.create", "kind": "delay", "seconds": 4.0}
ACCOUNT: dict[str, Any] = {
    "method": "iam.projects.serviceAccounts.create",
    "kind": "delay",
    "seconds": 4.0,
    "when": "before",
}
HELD = SERVICE | {"seconds": 120.0}
"""Longer than any other run takes: the test lifts it."""

BUDGETS = "https://billingbudgets.googleapis.com/v1/billingAccounts/01AB23-CD45EF-678901/budgets?pageSize=100"


@pytest.fixture(scope="module", autouse=True)
def sandbox(desk: Desk) -> None:
    """Have the server running, so that faults can be set before the first run."""
    assert desk.person.runs("sandbox", "start", "--idle-minutes", "60").code == 0


def started(desk: Desk, request: Path) -> Watched:
    return watch(desk.person, "up", request, "--sandbox", "--yes")


def up_to_the_fault(desk: Desk, request: Path, fault: dict[str, Any]) -> Watched:
    """Start a run and leave it where a call is held up."""
    desk.handle.control("PUT", "faults", {"faults": [fault]})
    run = started(desk, request)
    desk.until_struck()
    return run


def team_runs(desk: Desk, team: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.person.runs("runs", "list", "--team", team, "-o", "json").document
    return found


def assert_whole(desk: Desk, team: str, ended: Ended, *, runs: int = 1) -> None:
    """One run went on to its end; the environment is complete and everything in it was made once."""
    assert ended.code == 0, ended
    assert [run["status"] for run in team_runs(desk, team)] == ["done"] * runs
    assert len(created(desk, "run.projects.locations.services.create", team)) == 1
    assert len(created(desk, "storage.buckets.insert", team)) <= 1
    assert len(created(desk, "iam.projects.serviceAccounts.create", team)) == 3
    assert len(created(desk, "monitoring.projects.notificationChannels.create", team)) == 1
    budgets = desk.call("GET", BUDGETS)[1]["budgets"]
    assert len([each for each in budgets if team in each["displayName"]]) == 1
    plan = desk.person.runs("plan", desk.folder / f"{team}.yaml", "-o", "json").document
    assert [each["empty"] for each in plan["roots"]] == [True]
    assert desk.person.runs("status", team, "-o", "json").document["environments"][0]["resources"] > 40


def created(desk: Desk, method: str, team: str) -> list[dict[str, Any]]:
    """Return the successful calls of a method in the team's project."""
    calls = desk.handle.requests(name=method, path=f"example-{team}-dev")
    return [each for each in calls if each["status"] == 200]


@pytest.mark.parametrize(
    ("team", "fault"), [("first", ACCOUNT), pytest.param("middle", SERVICE, marks=pytest.mark.slow)]
)
def test_a_run_that_is_killed_while_applying_goes_on(desk: Desk, team: str, fault: dict[str, Any]) -> None:
    request = desk.request(team)
    run = up_to_the_fault(desk, request, fault)
    run.kill()
    assert run.end().code == -signal.SIGKILL
    assert_whole(desk, team, desk.up(request))


@pytest.mark.slow
def test_a_run_that_is_killed_together_with_its_terraform_goes_on(desk: Desk) -> None:
    """The lock in the bucket stays, and so does what was made since the state was last saved."""
    request = desk.request("power")
    run = up_to_the_fault(desk, request, SERVICE)
    terraforms = run.terraforms()
    assert terraforms
    run.process.send_signal(signal.SIGSTOP)
    for pid in terraforms:
        kill_and_wait(pid)
    run.kill()
    run.end()
    ended = desk.up(request)
    assert_whole(desk, "power", ended)
    shown = desk.person.runs("runs", "show", team_runs(desk, "power")[0]["id"], "-o", "json").document
    healed = [record["what"] for record in shown["audit"] if record["event"] == "healed"]
    assert "broke the lock of a dead terraform" in healed
    assert any(what.startswith("imports") for what in healed)


@pytest.mark.slow
def test_a_run_that_is_killed_after_it_published_goes_on_with_the_rest(desk: Desk) -> None:
    request = desk.request("late")
    run = started(desk, request)
    run.until("✓ publish")
    run.kill()
    run.end()
    ended = desk.up(request)
    assert_whole(desk, "late", ended)
    assert "✓ apply" not in ended.err
    assert "✓ plan" not in ended.err
    assert "✓ prove" in ended.err


@pytest.mark.slow
def test_a_killed_run_can_be_resumed_by_its_id(desk: Desk) -> None:
    request = desk.request("byid")
    run = started(desk, request)
    run.until("✓ repository")
    run.kill()
    run.end()
    found = team_runs(desk, "byid")[0]
    assert found["status"] == "stopped"
    ended = desk.person.runs("runs", "resume", found["id"], "--yes")
    assert_whole(desk, "byid", ended)


def test_the_lock_of_somebody_else_is_never_broken(desk: Desk) -> None:
    request = desk.request("guest")
    assert desk.up(request).code == 0
    lock = '{"ID":"7","Operation":"OperationTypePlan","Who":"somebody@elsewhere","Version":"1.11.4","Path":"p"}'
    place = "https://storage.googleapis.com/storage/v1/b/example-ml-terraform-state/o"
    name = next(
        item["name"] for item in desk.call("GET", f"{place}?prefix=guest")[1]["items"] if item["name"].endswith("state")
    )
    held = name.removesuffix("state") + "lock"
    upload = place.replace("/storage/v1", "/upload/storage/v1")
    assert desk.call("POST", f"{upload}?uploadType=media&name={quote(held, safe='')}", json.loads(lock))[0] == 200
    met = desk.up(request, "-o", "json")
    assert (met.code, met.error["kind"]) == (4, "StateLocked"), met
    assert "somebody@elsewhere" in met.error["reason"]
    assert desk.call("DELETE", f"{place}/{quote(held, safe='')}")[0] in {200, 204}
    assert desk.up(request).code == 0


def test_two_at_once_do_not_meet_in_one_environment(desk: Desk) -> None:
    request = desk.request("pair")
    one = up_to_the_fault(desk, request, HELD)
    other = desk.up(request, "-o", "json")
    desk.lift()
    assert other.code == 4, other
    assert other.error["kind"] == "LockedByAnotherRun"
    assert team_runs(desk, "pair")[0]["id"] in other.error["reason"]
    assert_whole(desk, "pair", one.end())


@pytest.mark.slow
def test_another_request_of_the_same_team_is_locked_out_too(desk: Desk) -> None:
    request = desk.request("rival")
    one = up_to_the_fault(desk, request, HELD)
    changed = desk.request("rival", "description: changed")
    assert desk.up(changed).code == 4
    desk.lift()
    ended = one.end()
    assert ended.code == 0, ended
    assert desk.up(changed).code == 0


@pytest.mark.slow
def test_another_team_is_not_locked_out(desk: Desk) -> None:
    one = up_to_the_fault(desk, desk.request("busy"), HELD)
    assert desk.up(desk.request("free")).code == 0
    desk.lift()
    assert one.end().code == 0


def test_ctrl_c_while_applying_lets_the_call_finish_and_the_next_up_goes_on(desk: Desk) -> None:
    request = desk.request("stopped")
    run = up_to_the_fault(desk, request, SERVICE)
    os.killpg(run.process.pid, signal.SIGINT)
    ended = run.end()
    assert ended.code == 130, ended
    assert "interrupted" in ended.err
    assert "run the same command again" in ended.err
    assert "stopping: what is under way finishes its calls" in ended.err
    assert team_runs(desk, "stopped")[0]["status"] == "interrupted"
    assert len(created(desk, SERVICE["method"], "stopped")) == 1
    assert_whole(desk, "stopped", desk.up(request))


@pytest.mark.slow
def test_sigterm_is_like_ctrl_c(desk: Desk) -> None:
    request = desk.request("evicted")
    run = up_to_the_fault(desk, request, ACCOUNT)
    run.process.terminate()
    assert run.end().code == 130
    assert_whole(desk, "evicted", desk.up(request))


def test_a_no_on_the_terminal_changes_nothing_and_a_yes_goes_on(desk: Desk) -> None:
    request = desk.request("asked")
    terminal = open_terminal(desk.person, "up", str(request), "--sandbox")
    terminal.until("Apply these changes? [y/N]")
    terminal.type("n\n")
    assert terminal.end() == 5, terminal.seen
    assert created(desk, "storage.buckets.insert", "asked") == []
    terminal = open_terminal(desk.person, "up", str(request), "--sandbox")
    terminal.until("Apply these changes? [y/N]")
    terminal.type("y\n")
    assert terminal.end() == 0, terminal.seen
    assert [run["status"] for run in team_runs(desk, "asked")] == ["done"]

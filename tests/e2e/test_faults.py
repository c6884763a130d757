"""Something goes wrong at any one call of an ``up`` or a ``destroy``: the same command, given again, always heals.

A scout counts the calls; then each place is struck in a team of its own, by turns with each kind of fault. The fast
suite strikes one place, the slow one a dozen of each verb, and PROVISION_ENV_TEST_FAULTS=all every one of them.
Only a state lock whose own answer was lost is left to a person, see ``break_a_lock_of_nobody``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from tests.cli.program import Ended
from tests.e2e.desk import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-faults")]
KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503, "when": "before"},
    {"kind": "status", "status": 500, "when": "after"},
    {"kind": "reset", "when": "before"},
    {"kind": "reset", "when": "after"},
    {"kind": "half"},
    {"kind": "twice"},
    {"kind": "status", "status": 429, "when": "before"},
)
PLACES = 12


@dataclass(frozen=True)
class Scouted:
    """How many calls each verb makes when nothing goes wrong."""

    up: int
    destroy: int


def calls(desk: Desk) -> int:
    return int(desk.handle.status()["requests"])


@pytest.fixture(scope="module")
def scouted(desk: Desk) -> Scouted:
    warm = desk.up(desk.request("warmup"))
    assert warm.code == 0, warm
    before = calls(desk)
    made = desk.up(desk.request("scout"))
    assert made.code == 0, made
    between = calls(desk)
    gone = desk.person.runs("destroy", "scout", "--yes")
    assert gone.code == 0, gone
    return Scouted(between - before, calls(desk) - between)


def places(count: int, wanted: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (call, fault) evenly over all calls."""
    every = 1 if os.environ.get("PROVISION_ENV_TEST_FAULTS") == "all" else max(1, count // wanted)
    for turn, index in enumerate(range(1 + every // 2, count + 1, every)):
        yield index, {"method": "*", "index": index, **KINDS[turn % len(KINDS)]}


def break_a_lock_of_nobody(desk: Desk, team: str, ended: Ended) -> None:
    """Do by hand what a run must not do by itself.

    When the answer to the lock's own write is lost, Terraform's client asks again and meets its own lock. No process
    holds it, and nothing tells it from the lock of a colleague on this machine: it is named, and a person breaks it.
    """
    lock = f"{team}/dev/default.tflock"
    if ended.code == 0 or lock not in ended.err:
        assert ended.code in {0, 1}, ended
        return
    assert ended.code in {1, 4}, ended
    assert "Lock Info" in ended.err
    place = f"https://storage.googleapis.com/storage/v1/b/example-ml-terraform-state/o/{quote(lock, safe='')}"
    assert desk.call("DELETE", place)[0] in {200, 204, 404}


def struck(desk: Desk, fault: dict[str, Any], *command: str) -> Ended:
    """Run a command while the fault is in force."""
    with desk.faults(fault):
        return desk.person.runs(*command)


def healed_up(desk: Desk, team: str, fault: dict[str, Any]) -> None:
    request = desk.request(team)
    first = struck(desk, fault, "up", str(request), "--sandbox", "--yes")
    assert "Traceback" not in first.err
    break_a_lock_of_nobody(desk, team, first)
    again = desk.up(request)
    assert again.code == 0, f"{fault}\n{first}\n{again}"
    planned = desk.person.runs("plan", str(request), "-o", "json")
    assert [root["empty"] for root in planned.document["roots"]] == [True], f"{fault}\n{planned}"
    project = f"example-{team}-dev"
    accounts = desk.call("GET", f"https://iam.googleapis.com/v1/projects/{project}/serviceAccounts")[1]["accounts"]
    assert len([each for each in accounts if each["email"].startswith(team)]) == 3
    assert desk.call("GET", f"https://api.github.com/repos/example-ml/{team}")[0] == 200


def test_one_call_of_up_is_lost_after_it_had_its_effect(desk: Desk, scouted: Scouted) -> None:
    healed_up(desk, "lost", {"method": "*", "index": scouted.up // 2, "kind": "reset", "when": "after"})


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_any_call_of_up(desk: Desk, scouted: Scouted) -> None:
    for index, fault in places(scouted.up, PLACES):
        healed_up(desk, f"up{index}", fault)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_any_call_of_destroy(desk: Desk, scouted: Scouted) -> None:
    for index, fault in places(scouted.destroy, PLACES):
        team = f"down{index}"
        made = desk.up(desk.request(team))
        assert made.code == 0, made
        first = struck(desk, fault, "destroy", team, "--yes")
        assert "Traceback" not in first.err
        break_a_lock_of_nobody(desk, team, first)
        again = desk.person.runs("destroy", team, "--yes")
        assert again.code == 0, f"{fault}\n{first}\n{again}"
        status = desk.person.runs("status", team, "-o", "json").document
        assert [each["resources"] for each in status["environments"]] == [0], f"{fault}\n{status}"

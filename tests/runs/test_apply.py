from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from provisioner.errors import Interrupted, LockedByAnotherRun
from provisioner.request.models import Platform, Request
from provisioner.request.resolve import resolve
from provisioner.runs.applying import apply
from provisioner.runs.interruption import Interruption
from provisioner.runs.job import Job
from provisioner.runs.leases import Leases
from provisioner.runs.planning import plan
from provisioner.terraform.errors import PlanFileRefused
from provisioner.terraform.identity import identify
from tests.runs import carry_out, fakes

ROOT = "churn-dev"


@pytest.fixture
def world(tmp_path: Path) -> fakes.World:
    return fakes.new_world(tmp_path / "world.json")


@pytest.fixture
def job(tmp_path: Path, world: fakes.World) -> Iterator[Job]:
    team = resolve(Request.model_validate(carry_out.REQUEST), Platform.model_validate(carry_out.PLATFORM))
    tools = fakes.tools(world, tmp_path)
    myself = identify(os.getpid())
    assert myself is not None
    leases = Leases(tools.ledger, "r1", myself)
    (tmp_path / "work" / "envs" / ROOT).mkdir(parents=True)
    with leases.hold([ROOT]):
        yield Job(tools, "r1", "up", team, leases, Interruption())


def test_a_plan_is_applied_once_however_often_it_is_asked_for(job: Job, world: fakes.World) -> None:
    planned = plan(job, ROOT, "plan")
    first = apply(job, planned)
    assert first == apply(job, planned) == {"root": ROOT, "outcome": "done", "outputs": {"environment": {"root": ROOT}}}
    assert world.read()["calls"].count(f"apply {ROOT}") == 1
    assert [record["event"] for record in job.tools.ledger.audit_records()] == ["applied"]


def test_another_plan_file_is_never_applied(job: Job, world: fakes.World) -> None:
    planned = plan(job, ROOT, "plan")
    file = job.tools.artifacts.plan_file("r1", ROOT, "plan")
    right = file.read_text()
    file.write_text(json.dumps({"serial": 0, "destroy": True, "changes": True}))
    with pytest.raises(PlanFileRefused):
        apply(job, planned)
    assert world.read()["applies"] == {}
    file.write_text(right)
    assert apply(job, planned)["outcome"] == "done"


def test_a_plan_that_was_begun_and_cut_off_is_made_again_before_anything_is_made_twice(
    job: Job, world: fakes.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        """Ends a process without a word."""

    def cut(*_: object) -> NoReturn:
        raise PowerCut

    planned = plan(job, ROOT, "plan")
    with monkeypatch.context() as patched:
        patched.setattr(fakes.FakeTerraform, "apply", cut)
        with pytest.raises(PowerCut):
            apply(job, planned)
    assert apply(job, planned)["outcome"] == "replan"
    assert world.read()["applies"] == {}
    assert apply(job, plan(job, ROOT, "plan-2"))["outcome"] == "done"


def test_a_plan_that_is_gone_or_overtaken_is_made_again(job: Job, world: fakes.World) -> None:
    planned = plan(job, ROOT, "plan")
    file = job.tools.artifacts.plan_file("r1", ROOT, "plan")
    saved = file.read_text()
    file.unlink()
    assert apply(job, planned)["outcome"] == "replan"
    file.write_text(saved)
    with world.call("somebody else applies") as state:
        state["states"][ROOT]["serial"] += 1
    assert apply(job, planned)["outcome"] == "replan"
    assert apply(job, plan(job, ROOT, "plan-2"))["outcome"] == "done"


def test_without_its_lease_a_run_writes_nothing(job: Job, world: fakes.World) -> None:
    planned = plan(job, ROOT, "plan")
    job.leases._lost.set()  # noqa: SLF001 - what the heartbeat does when another run took the lease
    with pytest.raises(LockedByAnotherRun):
        apply(job, planned)
    assert world.read()["applies"] == {}


def test_after_ctrl_c_nothing_new_starts(job: Job, world: fakes.World) -> None:
    planned = plan(job, ROOT, "plan")
    job.interruption.ask()
    with pytest.raises(Interrupted):
        apply(job, planned)
    assert world.read()["applies"] == {}

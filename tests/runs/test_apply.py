from __future__ import annotations

import json
from typing import NoReturn

import pytest

from provisioner.errors import Interrupted, LockedByAnotherRun
from provisioner.runs.applying import apply
from provisioner.runs.job import Job
from provisioner.runs.planning import plan
from provisioner.terraform.errors import PlanFileRefused
from tests.runs import fakes

ROOT = "churn-dev"


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


@pytest.mark.parametrize("left", ["", '{"version": 4, "resou'])
def test_a_state_that_a_full_disk_cut_off_is_set_aside(job: Job, left: str) -> None:
    """Terraform refuses it for good (the fake one any), so that no later run would come past it."""
    errored = job.folder(ROOT) / "errored.tfstate"
    errored.write_text(left)
    assert apply(job, plan(job, ROOT, "plan"))["outcome"] == "done"
    assert not errored.exists()
    assert errored.with_name("errored.tfstate.damaged").read_text() == left
    healed = [record["what"] for record in job.tools.ledger.audit_records() if record["event"] == "healed"]
    assert healed == ["set aside a state that an earlier run could not write to its end"]

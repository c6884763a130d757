"""Locks that a run meets: of a terraform of ours that still works, of one that was killed, and of somebody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from provisioner.errors import Interrupted
from provisioner.runs import planning
from provisioner.runs.job import Job
from provisioner.runs.planning import unlocking
from provisioner.terraform.errors import LockInfo, StateLocked
from provisioner.terraform.identity import ProcessIdentity, identify
from tests.runs import fakes

ROOT = "churn-dev"


@dataclass(frozen=True)
class Lock(fakes.FakeTerraform):
    """A state lock with its holder's process, which ends as soon as somebody has met the lock."""

    broken: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    lets_go: bool = True
    holder: subprocess.Popen[bytes] | None = None

    def work(self) -> str:
        if self.broken or (self.holder and self.lets_go and self.holder.poll() is not None):
            return "done"
        self.met.append("lock")
        if self.holder and self.holder.stdin:
            self.holder.stdin.close()
        raise StateLocked("locked", info=LockInfo("17"))

    def force_unlock(self, root: Path, lock_id: str) -> None:
        assert root.name == ROOT
        self.broken.append(lock_id)


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(fakes.new_world(tmp_path / "locks.json"), ROOT)


@pytest.fixture
def terraform() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that works until its input ends."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def recorded(job: Job, process: subprocess.Popen[bytes]) -> ProcessIdentity:
    identity = identify(process.pid)
    assert identity is not None
    job.tools.ledger.record_process("r0", ROOT, identity)
    return identity


def test_a_terraform_that_still_works_is_waited_for(job: Job, lock: Lock, terraform: subprocess.Popen[bytes]) -> None:
    recorded(job, terraform)
    held = replace(lock, holder=terraform)
    assert unlocking(job, held, ROOT, held.work) == "done"
    assert (len(held.met), held.broken) == (1, [])
    assert job.tools.ledger.processes(ROOT) == []


def test_the_lock_of_a_terraform_that_was_killed_is_broken(
    job: Job, lock: Lock, terraform: subprocess.Popen[bytes]
) -> None:
    recorded(job, terraform)
    terraform.kill()
    terraform.wait()
    left = replace(lock, holder=terraform, lets_go=False)
    assert unlocking(job, left, ROOT, left.work) == "done"
    assert left.broken == ["17"]
    assert [record["lock"] for record in job.tools.ledger.audit_records()] == ["17"]


def test_the_lock_of_somebody_else_stays(job: Job, lock: Lock, terraform: subprocess.Popen[bytes]) -> None:
    """The very terraform that met the lock is a process of ours, dead by now; it does not count."""

    def meets() -> str:
        identity = recorded(job, terraform)
        job.tools.ledger.forget_process(ROOT, identity)
        return lock.work()

    with pytest.raises(StateLocked):
        unlocking(job, lock, ROOT, meets)
    assert lock.broken == []


def test_work_that_got_the_lock_settles_what_was_unaccounted_for(
    job: Job, lock: Lock, terraform: subprocess.Popen[bytes]
) -> None:
    recorded(job, terraform)
    terraform.kill()
    terraform.wait()
    assert unlocking(job, lock, ROOT, lambda: "done") == "done"
    with pytest.raises(StateLocked):
        unlocking(job, lock, ROOT, lock.work)
    assert lock.broken == []


def test_waiting_ends_with_patience_and_with_ctrl_c(
    job: Job, lock: Lock, terraform: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(job, terraform)
    with monkeypatch.context() as patched:
        patched.setattr(planning, "PATIENCE", 0.0)
        with pytest.raises(StateLocked):
            unlocking(job, lock, ROOT, lock.work)
    job.interruption.ask()
    with pytest.raises(Interrupted):
        unlocking(job, lock, ROOT, lock.work)
    assert lock.broken == []

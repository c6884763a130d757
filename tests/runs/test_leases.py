from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.errors import LockedByAnotherRun
from provisioner.runs.leases import LeaseLost, Leases, holders
from provisioner.runs.ledger import Ledger
from provisioner.terraform.identity import ProcessIdentity, identify


def living(number: int) -> ProcessIdentity:
    """Return a process that nobody here can tell dead: one of another machine."""
    return ProcessIdentity(number, "1", "boot", "elsewhere")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_one_writer_per_environment(ledger: Ledger) -> None:
    with Leases(ledger, "r1", living(1)).hold(["churn-dev", "churn-prod"]):
        with pytest.raises(LockedByAnotherRun, match="run r1 is working on churn-prod"):
            Leases(ledger, "r2", living(2)).hold(["churn-prod", "churn-stage"]).__enter__()
        assert [each.name for each in holders(ledger)] == ["churn-dev", "churn-prod"]
        with Leases(ledger, "r3", living(3)).hold(["churn-stage"]):
            pass
    with Leases(ledger, "r2", living(2)).hold(["churn-prod"]):
        pass
    assert holders(ledger) == []


def test_a_dead_owner_is_replaced_at_once(ledger: Ledger) -> None:
    myself = identify(os.getpid())
    assert myself is not None
    dead = replace(myself, start_time="0")
    abandoned = Leases(ledger, "r1", dead).hold(["churn-dev"])
    abandoned.__enter__()
    with Leases(ledger, "r1", myself).hold(["churn-dev"]):
        with pytest.raises(LockedByAnotherRun, match=f"process {os.getpid()}"):
            Leases(ledger, "r2", living(2)).hold(["churn-dev"]).__enter__()
        assert str(os.getpid()) in holders(ledger)[0].owner


def test_an_expired_lease_is_free_and_its_old_owner_is_told(ledger: Ledger) -> None:
    sleeper = Leases(ledger, "r1", living(4), lifetime=0.2)
    with sleeper.hold(["churn-dev"]):
        sleeper.assert_held()
        with ledger.writing() as connection:
            connection.execute("UPDATE leases SET owner = '{}'")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                sleeper.assert_held()
            except LeaseLost:
                break
            threading.Event().wait(0.01)
        else:
            pytest.fail("the loss was never noticed")


def test_a_beating_lease_outlives_its_lifetime(ledger: Ledger) -> None:
    with Leases(ledger, "r1", living(1), lifetime=0.3).hold(["churn-dev"]):
        first = _expiry(ledger)
        deadline = time.monotonic() + 10
        while _expiry(ledger) <= first + 0.3:
            assert time.monotonic() < deadline, "no heartbeat"
            threading.Event().wait(0.01)
        with pytest.raises(LockedByAnotherRun):
            Leases(ledger, "r2", living(2)).hold(["churn-dev"]).__enter__()


def _expiry(ledger: Ledger) -> float:
    with ledger.writing() as connection:
        return float(connection.execute("SELECT expires FROM leases").fetchone()["expires"])

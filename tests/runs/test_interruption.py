"""What a person hears after Ctrl-C, while Terraform still finishes its calls."""

from __future__ import annotations

import signal
from queue import SimpleQueue

import pytest

from provisioner.errors import Interrupted
from provisioner.runs.execution import _listening
from provisioner.runs.interruption import Interruption
from provisioner.runs.progress import Report
from tests.moments import said_by

_PATIENCE = 30.0
_STRUCK = """
import signal
from contextlib import ExitStack, suppress
from provisioner.errors import Interrupted
from provisioner.runs.execution import _listening
from provisioner.runs.interruption import Interruption
from tests.moments import each_moment

def attempt():
    with suppress(Interrupted):
        interruption.pause(0.001)

def strike():
    signal.raise_signal(signal.SIGINT)

def listen():
    listening.close()
    listening.enter_context(_listening(made := Interruption()))
    return made

listening = ExitStack()
interruption, heard = listen(), 0
for moment in each_moment(attempt, strike):
    with suppress(Interrupted):
        interruption.pause(5)
        raise SystemExit(f"not heard at step {moment}")
    interruption, heard = listen(), heard + 1
listening.close()
print("heard", heard > 100)
"""


class Ear:
    """Keeps what is told; ``next`` waits for it."""

    def __init__(self) -> None:
        self._told: SimpleQueue[Report] = SimpleQueue()

    def __call__(self, report: Report) -> None:
        self._told.put(report)

    def next(self) -> Report:
        return self._told.get(timeout=_PATIENCE)

    def silent(self) -> bool:
        return self._told.empty()


def test_each_wish_to_stop_is_answered_at_once_and_none_twice() -> None:
    ear, interruption = Ear(), Interruption()
    with interruption.told(ear), _listening(interruption):
        signal.raise_signal(signal.SIGINT)
        first = ear.next()
        signal.raise_signal(signal.SIGTERM)
        second = ear.next()
        signal.raise_signal(signal.SIGINT)
    assert (first.status, second.status) == ("note", "note")
    assert "Ctrl-C again" in first.detail
    assert "at once" in second.detail
    assert ear.silent()


def test_a_wish_to_stop_is_heard_at_whatever_moment_it_comes() -> None:
    assert said_by(_STRUCK) == "heard True\n"


def test_nobody_hears_anything_of_a_run_that_is_let_alone() -> None:
    ear, interruption = Ear(), Interruption()
    with interruption.told(ear):
        interruption.check()
    assert ear.silent()


def test_a_reason_other_than_a_key_is_told_instead() -> None:
    ear, interruption = Ear(), Interruption()
    with interruption.told(ear):
        interruption.ask("the cloud is gone")
    assert ear.next().detail == "the cloud is gone"
    assert ear.silent()
    with pytest.raises(Interrupted):
        interruption.check()

"""A sandbox whose server dies under a run: the run ends and says so, and the next one goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner import settings
from provisioner.errors import InvalidInput, ProvisionError
from provisioner.runs.interruption import Interruption
from provisioner.sandbox.handle import Handle, ensure
from provisioner.wiring.place import Place
from provisioner.wiring.vigil import Vigil
from tests.e2e.desk import Desk
from tests.e2e.watching import watch

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-vigil")]

_PATIENCE = 60.0
_DELAY = {"method": "run.projects.locations.services.create", "kind": "delay", "seconds": 4.0}


class Asked:
    """Something under way that is asked to stop."""

    def __init__(self) -> None:
        self.times = threading.Semaphore(0)

    def interrupt(self) -> None:
        self.times.release()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Handle]:
    handle = ensure(tmp_path / "sandbox")
    yield handle
    handle.stop()


def test_what_is_under_way_is_asked_to_stop_when_the_server_dies(server: Handle) -> None:
    vigil, interruption, terraform = Vigil(Place(settings.read(), server)), Interruption(), Asked()
    with interruption.watching(terraform):
        vigil.guard(interruption)
        os.kill(server.pid, signal.SIGKILL)
        assert terraform.times.acquire(timeout=_PATIENCE)
    with pytest.raises(ProvisionError, match="server ended") as told, vigil.kept():
        raise InvalidInput("no answer")
    assert told.value.where == str(server.state)


def test_what_fails_while_the_server_lives_is_told_as_it_is(server: Handle) -> None:
    vigil, interruption, terraform = Vigil(Place(settings.read(), server)), Interruption(), Asked()
    vigil.guard(interruption)
    with interruption.watching(terraform), pytest.raises(InvalidInput, match="no such team"), vigil.kept():
        raise InvalidInput("no such team")
    assert not terraform.times.acquire(blocking=False)


@pytest.mark.slow
def test_a_run_survives_the_death_of_its_sandbox(desk: Desk) -> None:
    """What was saved is in the sandbox's files; the run that goes on takes in the rest."""
    assert desk.person.runs("sandbox", "start", "--idle-minutes", "60").code == 0
    request = desk.request("orphaned")
    desk.handle.control("PUT", "faults", {"faults": [_DELAY]})
    run = watch(desk.person, "up", request, "--sandbox", "--yes")
    desk.until_struck()
    os.kill(desk.handle.pid, signal.SIGKILL)
    ended = run.end()
    assert ended.code == 1, ended
    assert "the sandbox's server ended while the run worked" in ended.err
    again = desk.up(request)
    assert again.code == 0, again
    plan = desk.person.runs("plan", request, "-o", "json").document
    assert [each["empty"] for each in plan["roots"]] == [True]

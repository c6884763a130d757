"""A bootstrap that dies in the middle of an apply, with its Terraform or without, is finished by the same command."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bootstrap.test_bootstrap import bootstrap
from tests.e2e.conftest import stop
from tests.e2e.desk import Desk, new_desk
from tests.e2e.watching import Watched, kill_and_wait, watch

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("bootstrap")]
ACCOUNT: dict[str, Any] = {"method": "iam.projects.serviceAccounts.create", "kind": "delay", "seconds": 4.0}
GRANT: dict[str, Any] = {"method": "cloudresourcemanager.folders.setIamPolicy", "kind": "delay", "seconds": 4.0}


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = new_desk(tmp_path_factory.mktemp("desk"))
    platform = made.folder / "platform.yaml"
    platform.write_text(platform.read_text() + "contact: platform@example.com\n")
    assert made.person.runs("sandbox", "start", "--idle-minutes", "60").code == 0
    yield made
    stop(made.person)


def up_to_the_fault(desk: Desk, fault: dict[str, Any]) -> Watched:
    desk.handle.control("PUT", "faults", {"faults": [fault]})
    run = watch(desk.person, "bootstrap", desk.folder / "platform.yaml", "--sandbox", "--yes")
    desk.until_struck()
    return run


@pytest.mark.parametrize("fault", [ACCOUNT, GRANT], ids=["accounts", "grants"])
@pytest.mark.parametrize("with_terraform", [False, True], ids=["alone", "with Terraform"])
def test_a_bootstrap_that_is_killed_while_applying_goes_on(
    desk: Desk, fault: dict[str, Any], *, with_terraform: bool
) -> None:
    run = up_to_the_fault(desk, fault)
    terraforms = run.terraforms() if with_terraform else []
    run.process.send_signal(signal.SIGSTOP)
    for pid in terraforms:
        kill_and_wait(pid)
    run.kill()
    assert run.end().code == -signal.SIGKILL

    ended = bootstrap(desk, "--output", "json")

    assert ended.code == 0, ended
    assert ended.document["access"]["right"] is True
    runs = desk.person.runs("runs", "list", "--team", "provision-env", "-o", "json").document
    assert [each["status"] for each in runs] == ["done"]
    made = [each for each in desk.handle.requests(name="iam.projects.serviceAccounts.create") if each["status"] == 200]
    assert len(made) == 3
    planned = bootstrap(desk, "--plan", "--output", "json").document
    assert (planned["empty"], planned["access"]) == (True, {"gained": [], "lost": []})

"""``locks``: leases of a real book, and Terraform's locks in the sandbox's bucket, listed and broken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from provisioner.cloud.locks import StateLock, find_lock, take_away
from provisioner.cloud.session import Network, open_session
from provisioner.request.loading import load_platform, load_request
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.inputs import Inputs, freeze
from provisioner.runs.leases import Leases, holders
from provisioner.runs.ledger import Ledger, Run
from provisioner.sandbox.handle import ensure
from provisioner.terraform.identity import ProcessIdentity, identify
from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES, Person
from tests.cli.terminal import open_terminal

WRITTEN_BY_TERRAFORM = {
    "ID": "5a0f6a4c-9c43-7ad5-0d0c-bb35e4a3f1a5",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "ann@laptop",
    "Version": "1.11.4",
    "Created": "2026-01-01T00:00:00Z",
    "Path": "",
}


def alive() -> ProcessIdentity:
    found = identify(os.getpid())
    assert found is not None
    return found


def dead() -> ProcessIdentity:
    return replace(alive(), start_time="0")


@pytest.fixture
def ledger(person: Person) -> Iterator[Ledger]:
    """A book with a run of churn on the real clouds, which nobody here may ask."""
    opened = Ledger(person.state / "runs")
    yield opened
    opened.close()


@contextmanager
def leased(ledger: Ledger, owner: ProcessIdentity) -> Iterator[None]:
    """Hold churn-dev, as a run of an earlier version did whose inputs are not known any more."""
    held = Leases(ledger, "up-churn-1", owner).hold(["churn-dev"])
    held.__enter__()
    yield


def test_without_runs_nothing_is_locked_and_no_book_is_begun(cli: Cli, person: Person) -> None:
    assert cli("locks", "list").out == "nothing is locked\n"
    assert cli("locks", "list", "-o", "json").document == []
    assert not (person.state / "runs" / "ledger.sqlite3").exists()


def test_a_lease_is_listed_with_its_holder_and_whether_that_works(cli: Cli, ledger: Ledger) -> None:
    with leased(ledger, alive()):
        (held,) = cli("locks", "list", "-o", "json").document
        assert (held["root"], held["kind"], held["alive"]) == ("churn-dev", "lease", True)
        assert str(os.getpid()) in held["holder"]
        assert "works" in cli("locks", "list").out


def test_a_lease_of_the_living_is_not_broken(cli: Cli, ledger: Ledger) -> None:
    with leased(ledger, alive()):
        ended = cli("locks", "break", "churn-dev", "--confirm", "churn-dev")
        assert ended.code == 4
        assert "its holder still works" in ended.err
        assert [each.name for each in holders(ledger)] == ["churn-dev"]


def test_a_lease_of_the_dead_is_broken_once_its_name_was_typed(cli: Cli, ledger: Ledger) -> None:
    with leased(ledger, dead()):
        assert cli("locks", "break", "churn-dev").code == 5
        assert cli("locks", "break", "churn-dev", "--confirm", "churn-prod").code == 5
        assert [each.name for each in holders(ledger)] == ["churn-dev"]
        ended = cli("locks", "break", "churn-dev", "--confirm", "churn-dev")
        assert ended.code == 0, ended
        assert ended.out.startswith("broken  lease lock on churn-dev of run up-churn-1")
        assert holders(ledger) == []
        (record,) = ledger.audit_records()
        assert (record["event"], record["root"], record["kind"]) == ("lock broken", "churn-dev", "lease")


def test_on_a_terminal_the_name_is_asked_for(person: Person, ledger: Ledger) -> None:
    with leased(ledger, dead()):
        terminal = open_terminal(person, "locks", "break", "churn-dev")
        terminal.until("Type churn-dev to break this")
        terminal.type("churn-dev\n")
        assert terminal.end() == 0, terminal.seen
        assert holders(ledger) == []


def test_what_nobody_holds_is_told(cli: Cli) -> None:
    ended = cli("locks", "break", "churn-dev", "--confirm", "churn-dev")
    assert ended.code == 2
    assert "nothing holds it" in ended.err


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.xdist_group("cli-sandbox")
def test_a_lock_on_a_state_is_seen_and_exactly_that_one_is_taken_away(person: Person, ledger: Ledger) -> None:
    platform = load_platform(EXAMPLES / "platform.yaml")
    inputs = Inputs(load_request(EXAMPLES / "churn.yaml", platform), platform, {})
    digest, moment = freeze(Artifacts(person.state / "runs" / "artifacts"), inputs), "2026-01-01T00:00:00.000Z"
    ledger.open_run(Run("up-churn-1", "up", "churn", "sandbox", digest, "failed", moment, moment, "ann"))
    try:
        assert person.runs("locks", "list", "churn", "-o", "json").document == []
        handle = ensure(person.state / "sandbox")
        token = handle.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"]
        network = Network(handle.proxy_url, str(handle.ca_file))
        session = open_session(token, network=network)
        bucket, prefix = platform.state.bucket, "churn/dev"
        address = f"https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media&name="
        assert session.call("POST", f"{address}{prefix}/default.tflock", WRITTEN_BY_TERRAFORM).ok
        (held,) = person.runs("locks", "list", "churn", "-o", "json").document
        assert (held["root"], held["kind"], held["alive"]) == ("churn-dev", "state", False)
        assert held["holder"] == "ann@laptop, Apply"
        assert held["since"] == "2026-01-01T00:00:00Z"
        lock = find_lock(session, bucket, prefix)
        assert lock is not None
        assert not take_away(session, StateLock(bucket, lock.name, str(int(lock.generation) + 1), "", "", ""))
        ledger.record_process("up-churn-1", "churn-dev", alive())
        assert person.runs("locks", "break", "churn-dev", "--confirm", "churn-dev").code == 4
        ledger.forget_process("churn-dev", alive())
        assert person.runs("locks", "break", "churn-dev", "--confirm", "churn-dev").code == 0
        assert find_lock(session, bucket, prefix) is None
        session.close()
    finally:
        person.runs("sandbox", "stop")

"""sandbox ui, clock, faults, set, snapshot and restore on a real server."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.cli.program import Person

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cli-sandbox-handling")]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    owner = Person(tmp_path_factory.mktemp("home"))
    assert owner.runs("sandbox", "start").code == 0
    yield owner
    owner.runs("sandbox", "stop")


def test_the_clock_moves_forward_only(person: Person) -> None:
    before = datetime.fromisoformat(person.runs("sandbox", "clock", "show").out.strip())
    after = datetime.fromisoformat(person.runs("sandbox", "clock", "advance", "3600").out.strip())
    assert 3600 <= (after - before).total_seconds() < 3700
    assert person.runs("sandbox", "clock", "advance", "--", "-5").code == 2


def test_faults_come_and_go(person: Person) -> None:
    assert person.runs("sandbox", "faults", "list").out == "no faults\n"
    added = person.runs("sandbox", "faults", "add", "storage.objects.*", "--kind", "delay", "--seconds", "0.5")
    assert added.code == 0, added
    listed = person.runs("sandbox", "faults", "list", "-o", "json").document["faults"]
    assert [(each["method"], each["kind"], each["seconds"], each["calls"]) for each in listed] == [
        ("storage.objects.*", "delay", 0.5, 0)
    ]
    assert person.runs("sandbox", "faults", "add", "*", "--kind", "explode").code == 2
    assert person.runs("sandbox", "faults", "clear").out == "no faults\n"


def test_switches_keep_their_types(person: Person) -> None:
    changed = person.runs("sandbox", "set", "lro_polls", "2", "-o", "json").document
    assert changed["lro_polls"] == 2
    assert person.runs("sandbox", "set", "log_bodies", "false", "-o", "json").document["log_bodies"] is False
    assert person.runs("sandbox", "set", "-o", "json").document["lro_polls"] == 2
    wrong = person.runs("sandbox", "set", "lro_polls", "many")
    assert (wrong.code, "lro_polls" in wrong.err) == (2, True)
    assert person.runs("sandbox", "set", "nothing", "1").code == 2
    assert person.runs("sandbox", "set", "lro_polls").code == 2


def test_a_snapshot_brings_back_what_was(person: Person) -> None:
    assert person.runs("sandbox", "set", "propagation_seconds", "7").code == 0
    assert person.runs("sandbox", "snapshot", "seven").out == "seven\n"
    assert person.runs("sandbox", "set", "propagation_seconds", "0").code == 0
    assert person.runs("sandbox", "restore", "seven").out == "restored seven\n"
    assert person.runs("sandbox", "set", "-o", "json").document["propagation_seconds"] == 7
    assert person.runs("sandbox", "restore", "never").code == 2


def test_the_address_of_the_pages_opens(person: Person) -> None:
    address = person.runs("sandbox", "ui", "-o", "json").document["url"]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=20) as page:
        assert page.url.endswith("/look/")
        assert b"<h1>Projects</h1>" in page.read()

"""sandbox: start, status, env, shell, requests, reset and stop on a real server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Ended, Person

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cli-sandbox")]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    owner = Person(tmp_path_factory.mktemp("home"))
    yield owner
    owner.runs("sandbox", "stop")


@pytest.fixture
def started(person: Person) -> Ended:
    ended = person.runs("sandbox", "start", "-o", "json")
    assert ended.code == 0, ended
    return ended


def shell(person: Person, *program: str) -> Ended:
    return person.runs("sandbox", "shell", *program)


def test_start_joins_the_server_that_runs(person: Person, started: Ended) -> None:
    assert set(started.document) == {"state", "pid", "proxy", "ca"}
    assert person.runs("sandbox", "start", "-o", "json").document == started.document
    status = person.runs("sandbox", "status", "-o", "json").document
    assert (status["running"], status["pid"]) == (True, started.document["pid"])


@pytest.mark.usefixtures("started")
def test_env_can_be_evaluated_by_a_shell(person: Person) -> None:
    document = person.runs("sandbox", "env", "-o", "json").document
    lines = person.runs("sandbox", "env").out
    assert lines.startswith("export ")
    script = f"{lines}\npython3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    seen = json.loads(shell(person, "env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", script).out)
    assert {name: seen[name] for name in document} == document
    out_again = person.runs("sandbox", "env", "--unset").out
    script = f"{lines}\n{out_again}\npython3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    left = json.loads(shell(person, "env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", script).out)
    assert not set(document) & set(left)


@pytest.mark.usefixtures("started")
def test_shell_leads_a_program_into_the_sandbox_and_ends_as_it_does(person: Person) -> None:
    assert shell(person, "sh", "-c", 'test "$HTTPS_PROXY" && exit 7').code == 7
    assert shell(person, "true").code == 0
    assert shell(person, "sh", "-c", "kill -9 $$").code == 137
    missing = shell(person, "/nowhere/program")
    assert missing.code == 2
    assert "/nowhere/program: cannot run it" in missing.err


@pytest.mark.usefixtures("started")
def test_requests_show_what_was_asked(person: Person) -> None:
    call = "import urllib.request as r; r.urlopen('https://api.github.com/meta').read()"
    shell(person, "python3", "-c", call)
    found = person.runs("sandbox", "requests", "--host", "api.github.com", "-o", "json").document
    assert found[-1]["path"] == "/meta"
    assert "api.github.com/meta" in person.runs("sandbox", "requests", "--limit", "1").out
    assert person.runs("sandbox", "requests", "--host", "example.com", "-o", "json").document == []


def test_a_stopped_sandbox_starts_again_with_its_ports(person: Person, started: Ended) -> None:
    assert person.runs("sandbox", "stop", "-o", "json").document == {"stopped": True}
    assert person.runs("sandbox", "status", "-o", "json").document["running"] is False
    assert person.runs("sandbox", "stop").out == "no sandbox was running\n"
    again = person.runs("sandbox", "start", "-o", "json").document
    assert again["proxy"] == started.document["proxy"]


def test_ports_that_are_taken_meanwhile_are_replaced(person: Person, started: Ended) -> None:
    port = int(started.document["proxy"].rsplit(":", 1)[1])
    person.runs("sandbox", "stop")
    with socket.create_server(("127.0.0.1", port)):
        again = person.runs("sandbox", "start", "-o", "json")
        assert again.code == 0, again
        assert again.document["proxy"] != started.document["proxy"]
        assert shell(person, "true").code == 0


def test_requests_of_a_sandbox_that_does_not_run_is_told(tmp_path: Path) -> None:
    ended = Person(tmp_path).runs("sandbox", "requests")
    assert ended.code == 1
    assert "provision-env sandbox start" in ended.err


@pytest.mark.usefixtures("started")
def test_reset_asks_first_and_then_forgets(person: Person) -> None:
    before = person.runs("sandbox", "env", "-o", "json").document["GITHUB_TOKEN"]
    refused = person.runs("sandbox", "reset")
    assert refused.code == 2
    assert person.runs("sandbox", "env", "-o", "json").document["GITHUB_TOKEN"] == before
    assert person.runs("sandbox", "reset", "--yes", "-o", "json").document["reset"] is True
    assert person.runs("sandbox", "env", "-o", "json").document["GITHUB_TOKEN"] != before

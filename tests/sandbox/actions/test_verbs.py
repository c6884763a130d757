"""The verbs about workflows, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Person
from tests.sandbox.github.hub import working_copy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cli-sandbox-actions")]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    owner = Person(tmp_path_factory.mktemp("home"))
    yield owner
    owner.runs("sandbox", "stop")


def test_execution_is_off_until_somebody_asks(person: Person) -> None:
    assert person.runs("sandbox", "actions", "-o", "json").document["actions"] == "off"
    assert person.runs("sandbox", "actions", "on", "-o", "json").document["actions"] == "on"
    assert person.runs("sandbox", "status", "-o", "json").document["settings"]["actions"] == "act"
    assert person.runs("sandbox", "actions", "wait", "-o", "json").document == {"underWay": 0, "held": 0}
    assert "off: runs of workflows are recorded" in person.runs("sandbox", "actions", "off").out


def test_a_clone_is_brought_in_and_its_owner_with_it(person: Person, tmp_path: Path) -> None:
    copy = working_copy(tmp_path / "tool", {"action.yml": "runs: {using: composite, steps: []}\n"})
    ended = person.runs("sandbox", "import-repo", copy, "some/tool", "-o", "json")
    assert ended.code == 0, ended
    assert ended.document["done"] == [
        "GitHub organization some",
        "GitHub repository some/tool",
        "pushed refs/heads/main",
    ]
    assert person.runs("sandbox", "import-repo", copy, "some/tool", "-o", "json").document["done"] == []
    for words in ((tmp_path, "some/tool"), (copy, "tool")):
        assert person.runs("sandbox", "import-repo", *words).code == 2


def test_hosts_and_people(person: Person) -> None:
    assert person.runs("sandbox", "allow", "pypi.org", "-o", "json").document == {"allowed": ["pypi.org"]}
    assert person.runs("sandbox", "allow", "api.github.com").code == 2
    assert person.runs("sandbox", "token", "nobody").code == 2
    token = person.runs("sandbox", "token", "platform-operator", "-o", "json").document["token"]
    assert token.startswith("ghp_")

"""A person whose sandbox lives as long as one file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Person
from tests.e2e.desk import Desk, new_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give a new person a folder with platform.yaml; her sandbox starts when she first uses it."""
    yield from using(tmp_path_factory.mktemp("desk"))


def using(folder: Path) -> Iterator[Desk]:
    desk = new_desk(folder)
    yield desk
    stop(desk.person)


def stop(person: Person) -> None:
    ended = person.runs("sandbox", "stop")
    assert ended.code == 0, ended

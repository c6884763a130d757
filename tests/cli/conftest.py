"""Call the command line inside this process, with a home and a state folder of its own."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.cli.app import run
from tests.cli.program import Ended, Person

Cli = Callable[..., Ended]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    home = tmp_path / "home"
    home.mkdir()
    return Person(home)


@pytest.fixture
def cli(person: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """Return a function that runs one command line; ``answers`` is what is typed."""
    for name in ("NO_COLOR", "PROVISION_ENV_SANDBOX", "PROVISION_ENV_TERRAFORM", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "PROVISION_ENV_STATE"):
        monkeypatch.setenv(name, person.environment()[name])

    def called(*arguments: str | Path, answers: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        with pytest.raises(SystemExit) as left:
            run([str(each) for each in arguments])
        said = capsys.readouterr()
        return Ended(int(left.value.code or 0), said.out, said.err)

    yield called
    logging.disable(logging.NOTSET)  # the program silences its libraries, for the rest of what is its process

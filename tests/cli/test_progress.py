"""Progress for programs: one JSON document on each line."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from provisioner.cli.app import program
from provisioner.cli.display import display
from provisioner.cli.reporting import progress_option
from provisioner.runs.progress import Report


@click.command()
@progress_option
def working() -> None:
    board = display(no_color=False, ci=True)
    board.begun("up-churn-1", "up-churn-1  with terraform")
    board(Report("plan", "churn-dev", "started"))
    board(Report("plan", "churn-dev", "done", "3 to add\n§ 1 to change"))
    board(Report("access", "", "note", "+ somebody"))


def said(*arguments: str) -> str:
    return CliRunner().invoke(working, arguments, catch_exceptions=False).stderr


def test_a_step_is_told_when_it_starts_and_with_its_time_when_it_ends() -> None:
    begun, started, done, note = [json.loads(line) for line in said("--progress", "json").splitlines()]
    assert begun == {"run": "up-churn-1", "detail": "up-churn-1  with terraform"}
    assert started == {"step": "plan", "root": "churn-dev", "status": "started", "detail": ""}
    assert done.pop("seconds") >= 0
    assert done == {"step": "plan", "root": "churn-dev", "status": "done", "detail": "3 to add\n§ 1 to change"}
    assert note == {"step": "access", "root": "", "status": "note", "detail": "+ somebody"}


@pytest.mark.parametrize("arguments", [(), ("--progress", "auto")])
def test_people_read_words(arguments: tuple[str, ...]) -> None:
    lines = said(*arguments).splitlines()
    assert lines[0] == "up-churn-1  with terraform"
    assert not [line for line in lines if line.startswith("{")]


@pytest.mark.parametrize("verb", [("up",), ("plan",), ("destroy",), ("bootstrap",), ("runs", "resume")])
def test_every_verb_that_works_on_environments_can_tell_a_program(verb: tuple[str, ...]) -> None:
    command: click.Command = program
    for word in verb:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found
        command = found
    assert "--progress" in {name for option in command.params for name in option.opts}

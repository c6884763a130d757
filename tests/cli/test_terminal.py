"""Colour and width: for a terminal, for a pipe, and for people who want none."""

from __future__ import annotations

import os
import subprocess

import pytest

from provisioner.cli.output import bad, good, table
from tests.cli.program import COMMAND, Person
from tests.cli.terminal import open_terminal

ESCAPE = "\x1b["
VALID = ("validate", "examples/churn.yaml")
WRONG = ("validate", "examples/nothing.yaml")


@pytest.mark.parametrize(("line", "code"), [(VALID, 0), (WRONG, 2)])
def test_a_terminal_gets_colour(person: Person, line: tuple[str, ...], code: int) -> None:
    terminal = open_terminal(person, *line)
    assert terminal.end() == code
    assert ESCAPE in terminal.seen


@pytest.mark.parametrize(("line", "code"), [(VALID, 0), (WRONG, 2)])
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_whoever_wants_no_colour_gets_none(
    person: Person, line: tuple[str, ...], code: int, variables: dict[str, str]
) -> None:
    terminal = open_terminal(person.given(**variables), *line)
    assert terminal.end() == code
    assert ESCAPE not in terminal.seen
    assert line[1] in terminal.seen


@pytest.mark.parametrize("line", [VALID, WRONG])
def test_a_pipe_gets_no_colour(person: Person, line: tuple[str, ...]) -> None:
    ended = person.runs(*line)
    assert ESCAPE not in ended.out + ended.err


def test_names_fit_into_80_columns(person: Person) -> None:
    ended = person.runs(*VALID)
    assert max(map(len, ended.out.splitlines())) <= 80


def test_coloured_cells_are_aligned_like_plain_ones() -> None:
    rows = [("a", good("done"), "x"), ("b", bad("interrupted"), "y"), ("c", "running", "z")]
    lines = table(("RUN", "STATUS", "AT"), rows)
    plain = [line.replace("\x1b[32m", "").replace("\x1b[31m", "").replace("\x1b[0m", "") for line in lines[1:]]
    assert [line[18] for line in plain] == ["x", "y", "z"]


def test_questions_are_asked_on_a_terminal(person: Person) -> None:
    terminal = open_terminal(person, "init", str(person.home / "churn.yaml"))
    for question, answer in (
        ("Team", "churn"),
        ("E-mail", "churn@example.com"),
        ("Cost centre", "cc-1"),
        ("[internal]", ""),
        ("for dev", "example-churn-dev"),
        ("for stage", ""),
        ("for prod", ""),
    ):
        terminal.until(question)
        terminal.type(answer + "\n")
    assert terminal.end() == 0, terminal.seen
    assert "team: churn" in (person.home / "churn.yaml").read_text()


def test_ctrl_c_at_a_question_is_130(person: Person) -> None:
    terminal = open_terminal(person, "init")
    terminal.until("Team")
    terminal.interrupt()
    assert terminal.end() == 130
    assert "interrupted" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_a_reader_that_goes_away_is_no_error(person: Person) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [*COMMAND, "schema"],
        cwd=person.folder,
        env=person.environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert process.returncode == 1
    assert process.stderr == ""

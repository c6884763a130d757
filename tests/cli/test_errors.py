"""An error becomes a message, an exit code and, for programs, a document."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import NoReturn

import click
import pytest

from provisioner import errors
from provisioner.cli import app
from provisioner.cli.output import output_option
from provisioner.errors import InvalidInput, ProvisionError
from tests.cli.conftest import Cli

CODES = {
    "ProvisionError": 1,
    "Blocked": 1,
    "InvalidInput": 2,
    "RefusedByPolicy": 3,
    "LockedByAnotherRun": 4,
    "NeedsApproval": 5,
    "Interrupted": 130,
}


@pytest.fixture
def failing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Add a verb that fails with what it is given."""

    def called(raised: BaseException, *arguments: str) -> object:
        @click.command()
        @output_option
        def command(output: str) -> NoReturn:
            raise raised

        module = ModuleType("provisioner.cli.verbs.fail")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(app.VERBS, "fail", ("Tests", "Fail."))
        return cli(*arguments) if "fail" in arguments else cli("fail", *arguments)

    return called  # type: ignore[return-value]


def test_every_error_of_the_product_has_its_code_here() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ProvisionError)]
    assert {each.__name__: each.exit_code for each in kinds} == CODES


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_an_error_is_told_with_place_reason_and_advice(failing: Cli, kind: str, code: int) -> None:
    error = getattr(errors, kind)("it is red", fix="paint it green", where="teams/a.yaml:3:7")
    ended = failing(error)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err == "error: teams/a.yaml:3:7: it is red\n  paint it green\n"


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_a_program_gets_the_same_as_fields(failing: Cli, kind: str, code: int) -> None:
    problem = InvalidInput("no such region", fix="one of a, b", where="teams/a.yaml:5:1")
    ended = failing(getattr(errors, kind)("1 problem", where="teams/a.yaml", problems=(problem,)), "-o", "json")
    assert (ended.code, ended.out) == (code, "")
    below = {"kind": "InvalidInput", "reason": "no such region", "where": "teams/a.yaml:5:1", "fix": "one of a, b"}
    assert ended.error == {
        "kind": kind,
        "reason": "1 problem",
        "where": "teams/a.yaml",
        "fix": "",
        "exit_code": code,
        "problems": [below],
    }


def test_several_problems_are_all_told_and_then_counted(failing: Cli) -> None:
    problems = tuple(InvalidInput(f"reason {number}", fix="mend it", where=f"a:{number}") for number in (1, 2))
    said = failing(InvalidInput("2 problems", problems=problems)).err.splitlines()
    assert said == [
        "error: a:1: reason 1",
        "  mend it",
        "error: a:2: reason 2",
        "  mend it",
        "error: 2 problems",
    ]


def test_a_single_problem_is_told_once(failing: Cli) -> None:
    problem = InvalidInput("team: missing", fix="add it", where="a:1")
    told = InvalidInput(problem.reason, fix=problem.fix, where="a", problems=(problem,))
    assert failing(told).err.splitlines() == ["error: a:1: team: missing", "  add it"]


def test_what_nobody_expected_is_no_traceback(failing: Cli) -> None:
    ended = failing(KeyError("depth"))
    assert ended.code == 1
    assert "unexpected KeyError: 'depth'" in ended.err
    assert "run it again with `--debug`" in ended.err
    assert "Traceback" not in ended.err


def test_debug_shows_the_traceback(failing: Cli) -> None:
    ended = failing(KeyError("depth"), "--debug", "fail")
    assert ended.code == 1
    assert "Traceback" in ended.err


def test_ctrl_c_is_130(failing: Cli) -> None:
    ended = failing(KeyboardInterrupt())
    assert ended.code == 130
    assert "error: interrupted" in ended.err
    assert "it goes on where it stopped" in ended.err

"""Command lines that make no sense, each beside its nearest good neighbour."""

from __future__ import annotations

import importlib.metadata

import pytest

from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES

REQUEST = str(EXAMPLES / "churn.yaml")


@pytest.mark.parametrize(("typed", "meant"), [("valdate", "validate"), ("stauts", "status"), ("destory", "destroy")])
def test_a_typo_is_answered_with_the_nearest_verb(cli: Cli, typed: str, meant: str) -> None:
    ended = cli(typed, REQUEST)
    assert ended.code == 2
    assert f"There is no verb '{typed}'. Did you mean '{meant}'?" in ended.err


def test_a_verb_like_no_other_leads_to_the_help(cli: Cli) -> None:
    ended = cli("xyzzy")
    assert ended.code == 2
    assert ended.err.endswith("error: There is no verb 'xyzzy'.\n  see provision-env --help\n")


@pytest.mark.parametrize("arguments", [(), ("sandbox",), ("sandbox", "clock")])
def test_who_names_no_verb_gets_the_help_and_no_reproach(cli: Cli, arguments: tuple[str, ...]) -> None:
    ended = cli(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == cli(*arguments, "--help").out


def test_a_typo_below_a_verb_is_answered_too(cli: Cli) -> None:
    ended = cli("runs", "lst")
    assert ended.code == 2
    assert "'list'" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("validate",), "Missing argument 'REQUEST'"),
        (("validate", REQUEST, "--outptu", "json"), "No such option '--outptu'"),
        (("validate", REQUEST, "--output", "sarif"), "'sarif' is not one of 'text', 'json'"),
        (("validate", REQUEST, "--output", "jsn"), "Did you mean 'json'?"),
        (("sandbox", "stauts"), "No such command 'stauts'. Did you mean 'status'?"),
        (("runs", "list", "--limti", "3"), "Did you mean '--limit'?"),
        (("validate", REQUEST, "more"), "Got unexpected extra argument (more)"),
        (("--frobnicate",), "No such option '--frobnicate'"),
        (("init", "--data-class", "secret"), "'secret' is not one of"),
        (("runs", "list", "--limit", "many"), "'many' is not a valid integer"),
        (("sandbox", "start", "--idle-minutes", "0"), "0 is not in the range"),
    ],
)
def test_a_wrong_command_line_is_told_with_its_usage(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    ended = cli(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("Usage: provision-env")
    assert words in ended.err


@pytest.mark.parametrize("spelling", [("-o", "json"), ("-ojson",), ("--output", "json"), ("--output=json",)])
def test_a_program_gets_usage_errors_as_json(cli: Cli, spelling: tuple[str, ...]) -> None:
    ended = cli("validate", *spelling)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.error == {
        "kind": "InvalidInput",
        "reason": "Missing argument 'REQUEST'.",
        "where": "",
        "fix": "see `provision-env validate --help`",
        "exit_code": 2,
        "problems": [],
    }


def test_a_file_that_is_called_json_does_not_make_the_output_json(cli: Cli) -> None:
    assert cli("validate", "json").err.startswith("error: json: there is no such file")


def test_without_a_verb_the_help_is_shown(cli: Cli) -> None:
    ended = cli()
    assert ended.code == 2
    assert "Usage: provision-env" in ended.out + ended.err


def test_the_version_is_the_packages(cli: Cli) -> None:
    ended = cli("--version")
    assert ended.code == 0
    assert importlib.metadata.version("provision-env") in ended.out

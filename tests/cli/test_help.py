"""Help on every level, and what reading it costs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import click
import pytest

from provisioner.cli.app import VERBS, program
from tests.cli.conftest import Cli
from tests.cli.program import PROJECT, Person


def paths(command: click.Command = program, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the path of every verb and of every verb below a verb."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from paths(below, (*path, name))


ALL = list(paths())
LEAVES = [path for path in ALL if path and not any(other[:-1] == path for other in ALL if other)]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_tells_how_to_use_a_verb_in_80_columns(cli: Cli, path: tuple[str, ...]) -> None:
    ended = cli(*path, "--help")
    assert ended.code == 0
    assert ended.out.startswith(" ".join(["Usage: provision-env", *path]))
    assert ended.err == ""
    assert [line for line in ended.out.splitlines() if len(line) > 80] == []


def test_short_help_is_the_same(cli: Cli) -> None:
    assert cli("validate", "-h").out == cli("validate", "--help").out


def test_help_lists_every_verb_with_a_line_about_it(cli: Cli) -> None:
    lines = cli("--help").out.splitlines()
    for verb, (_, text) in VERBS.items():
        assert any(line.split()[:2] == [verb, text.split()[0]] for line in lines), verb


# What another program prints, and what is JSON already.
OTHERS = {("sandbox", "shell"), ("audit", "export")}


@pytest.mark.parametrize("path", [path for path in LEAVES if path not in OTHERS], ids=" ".join)
def test_every_verb_writes_for_programs_too(cli: Cli, path: tuple[str, ...]) -> None:
    assert re.search(r"--output \[text\|json[|\]]", cli(*path, "--help").out)


HEAVY = {"dbos", "rich", "github", "google", "grpc", "jinja2", "requests", "httpx", "python_terraform", "sqlalchemy"}
HEAVY |= {"celpy", "cryptography", "h11", "trustme", "nacl", "joserfc", "hcl2", "msgpack"}
HEAVY |= {"provisioner.runs.engine", "provisioner.terraform.runner", "provisioner.cloud", "provisioner.access"}
# What is light enough for a verb that reads a file or the book, and too much for who only asks what a verb does.
ONLY_WORK = HEAVY | {"pydantic", "ruamel", "sqlite3", "asyncio", "provisioner.policy", "provisioner.request.models"}

# Runs command lines one after the other in one process and tells, after each, what it has imported so far.
_TELLING = """
import contextlib, io, json, sys
from provisioner.cli.app import run
for arguments in json.loads(sys.argv[1]):
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        run(arguments)
    print(json.dumps([arguments, sorted(sys.modules)]))
"""


def imported(person: Person, lines: list[list[str]]) -> list[tuple[str, set[str]]]:
    command = [sys.executable, "-c", _TELLING, json.dumps(lines)]
    # Not measured: what measures imports a database of its own.
    env = {name: value for name, value in person.environment().items() if not name.startswith("COV")}
    ended = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=True, timeout=120)
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(found) == len(lines), ended.stderr
    return [(" ".join(arguments), set(modules)) for arguments, modules in found]


def heavy(found: list[tuple[str, set[str]]], known: AbstractSet[str] = HEAVY) -> list[tuple[str, list[str]]]:
    return [(line, sorted(modules & known)) for line, modules in found if modules & known]


def test_help_imports_nothing_that_only_work_needs(person: Person) -> None:
    found = imported(person, [[*path, "--help"] for path in ALL])
    assert heavy(found, ONLY_WORK)[:1] == []  # one process reads all: the first line names who brings it
    assert len(found[0][1]) < 200  # the help of the program itself, before any verb was read


def test_verbs_without_a_run_import_neither_the_engine_nor_the_clients(person: Person) -> None:
    light = [["validate", "examples/churn.yaml"], ["schema"], ["runs", "list"], ["sandbox", "status"]]
    light.append(["check", "terraform/modules/gcs-bucket"])
    assert heavy(imported(person, light)) == []
    rendering = imported(person, [["render", "examples/churn.yaml", "--out", str(person.home / "out")], ["version"]])
    assert {name for _, names in heavy(rendering) for name in names} == {"jinja2"}

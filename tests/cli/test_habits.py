"""Options that every verb takes, forms of output, and what is done to long or wide ones."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from dataclasses import replace

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from provisioner.cli.app import program
from provisioner.cli.examples import EXAMPLES
from provisioner.cli.tables import flat, table
from provisioner.cli.yamls import yaml_text
from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES as FILES
from tests.cli.program import Person
from tests.cli.terminal import open_terminal

REQUEST = str(FILES / "churn.yaml")
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abnoy:- #", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


def read_yaml(text: str, version: tuple[int, int]) -> object:
    reader = YAML(typ="safe", pure=True)
    reader.version = version
    return reader.load(text)


@given(DOCUMENTS)
def test_yaml_holds_what_json_holds(document: object) -> None:
    assert read_yaml(yaml_text(document), (1, 2)) == document


@pytest.mark.parametrize(
    "word", ["no", "On", "12:30", "1e3", "0x1f", "~", "null", "2026-01-01", "- a", "a: b", "", "é"]
)
def test_yaml_of_old_readers_is_the_same(word: str) -> None:
    assert read_yaml(yaml_text({"word": word}), (1, 1)) == {"word": word}


def test_yaml_and_json_of_a_verb_are_the_same_document(cli: Cli) -> None:
    assert (
        read_yaml(cli("validate", REQUEST, "-o", "yaml").out, (1, 2)) == cli("validate", REQUEST, "-o", "json").document
    )


def test_an_error_comes_in_the_form_of_the_output(cli: Cli) -> None:
    ended = cli("validate", "nothing.yaml", "-o", "yaml")
    said = read_yaml(ended.err, (1, 2))
    assert isinstance(said, dict)
    assert said["error"]["exit_code"] == ended.code == 2


def test_a_table_has_a_line_for_each_entry_and_a_column_for_each_field(cli: Cli) -> None:
    lines = cli("rules", "list", "-o", "table").out.splitlines()
    rules = cli("rules", "list", "-o", "json").document
    assert lines[0].split("  ")[0] == "ID"
    assert [line.split()[0] for line in lines[1:]] == [rule["id"] for rule in rules]


def test_fields_of_a_document_and_its_lists_are_all_there() -> None:
    lines = flat({"team": "churn", "last": {"id": 7, "done": True}, "rows": [{"a": 1}, {"a": 2, "b": ["x", "y"]}]})
    assert lines == [
        "FIELD      VALUE", "team       churn", "last.id    7", "last.done  yes", "", "rows:", "A  B", "1", "2  x, y",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize("option", ["--quiet", "-q", "--verbose", "-v", "--no-color"])
def test_habits_stand_before_or_behind_a_verb(cli: Cli, place: str, option: str) -> None:
    line = ("validate", REQUEST)
    assert cli(*((option, *line) if place == "before" else (*line, option))).code == 0


def test_quiet_and_verbose_exclude_each_other(cli: Cli) -> None:
    ended = cli("-q", "runs", "list", "-v")
    assert ended.code == 2
    assert "opposite" in ended.err


def test_no_color_is_none(person: Person) -> None:
    terminal = open_terminal(person, "validate", "examples/churn.yaml", "--no-color")
    assert terminal.end() == 0
    assert "\x1b[" not in terminal.seen


def test_a_long_list_goes_through_the_pager_and_only_on_a_terminal(person: Person) -> None:
    paged = person.given(PAGER=f"{shlex.quote(sys.executable)} -c 'print(\"the pager\")'")
    terminal = open_terminal(paged, "schema")
    assert terminal.end() == 0
    assert "the pager" in terminal.seen
    assert "the pager" not in paged.runs("schema").out


def test_nothing_is_wider_than_the_terminal(person: Person) -> None:
    terminal = open_terminal(person, "rules", "list", columns=60)
    assert terminal.end() == 0
    lines = re.sub("\x1b\\[[0-9;]*m", "", terminal.seen).replace("\r", "").splitlines()
    assert max(map(len, lines)) <= 60
    assert len(lines) > len(person.runs("rules", "list").out.splitlines())


def test_a_pipe_gets_whole_cells() -> None:
    assert table(("A", "B", "C"), [("a", "b" * 300, "c" * 300)])[1] == f"a  {'b' * 300}  {'c' * 300}"


def leaves(command: click.Command, path: str = "") -> list[str]:
    works = not isinstance(command, click.Group) or (path and command.invoke_without_command)
    names = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []
    below = [(name, command.get_command(click.Context(command), name)) for name in names]  # type: ignore[attr-defined]
    return ([path] if works else []) + [
        leaf for name, each in below if each for leaf in leaves(each, f"{path} {name}".strip())
    ]


@pytest.mark.parametrize("path", leaves(program))
def test_every_verb_shows_how_it_is_used(cli: Cli, path: str) -> None:
    help_text = cli(*path.split(), "--help").out.partition("\n\n")[2]
    assert re.search(rf"^ +\S?.*\bprovision-env {path}", help_text, re.MULTILINE)


@pytest.mark.parametrize("line", [line for path, lines in EXAMPLES.items() if path != "show" for line in lines])
def test_an_example_is_a_command_line(line: str) -> None:
    words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"').partition(" > ")[0])[1:]
    context = click.Context(program, info_name="provision-env", resilient_parsing=True)
    command: click.Command = program
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    parser = command.make_parser(click.Context(command, info_name="x"))
    _, rest, _ = parser.parse_args(list(words))  # an option that does not exist raises
    assert command.allow_extra_args or rest == []


@pytest.mark.skipif(shutil.which("head") is None, reason="head is not installed")
def test_a_reader_that_has_seen_enough_hears_no_complaint(person: Person) -> None:
    script = f"{shlex.join(person.command)} schema | head -1"
    ended = replace(person, command=("sh", "-c", script)).runs()
    assert (ended.out, ended.err) == ("{\n", "")


def test_json_stays_json_for_programs(cli: Cli) -> None:
    assert json.loads(cli("rules", "list", "-o", "json", "--verbose").out)

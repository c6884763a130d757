"""Completion, asked of the shells themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.policy import explanations
from provisioner.runs.ledger import Ledger, Run
from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES, PROJECT, Person
from tests.cli.terminal import open_terminal

# What each shell is told, so that it prints what it would offer for a line: one candidate on each line.
ASK = {
    "bash": (
        ("bash", "--norc", "--noprofile", "-c"),
        """
eval "$(provision-env completion bash)"
COMP_WORDS=({line} "{begun}"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ echo "files"; }}
_provision_env_completion provision-env "{begun}"
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    ),
    "zsh": (
        ("zsh", "-fc"),
        """
autoload -U compinit; compinit -u -D
eval "$(provision-env completion zsh)"
compadd() {{ while [[ $1 != -a ]]; do shift; done; print -l -- ${{(P)2}}; }}
_describe() {{ print -l -- ${{${{(P)3}}%%:*}}; }}
_path_files() {{ print files; }}
words=({line} "{begun}"); CURRENT=$#words
_provision_env_completion
""",
    ),
    "fish": (
        ("fish", "--no-config", "-c"),
        """
provision-env completion fish | source
complete -C '{line} {begun}' | string replace -r '\\t.*' ''
""",
    ),
}


@pytest.fixture
def desk(person: Person, tmp_path: Path) -> Person:
    """Somebody whose shells find the program, in a folder with a request of churn."""
    programs, folder = tmp_path / "bin", tmp_path / "platform"
    programs.mkdir()
    (folder / "teams").mkdir(parents=True)
    launcher = programs / "provision-env"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m provisioner "$@"\n')
    launcher.chmod(0o755)
    shutil.copy(EXAMPLES / "churn.yaml", folder / "teams" / "churn.yaml")
    (folder / "teams" / "broken.yaml").write_text("team: [\n")
    found = Person(person.home, folder, {"PATH": f"{programs}:{os.environ['PATH']}", "TERM": "dumb"})
    record(found, "forecast")
    return found


def record(person: Person, team: str) -> None:
    """Enter a run whose inputs are gone, as after somebody tidied up."""
    moment = "2026-01-01T00:00:00.000Z"
    ledger = Ledger(person.state / "runs")
    ledger.open_run(Run(f"up-{team}-1", "up", team, "sandbox", "0" * 64, "failed", moment, moment, "ann", ""))
    ledger.close()


def offered(desk: Person, shell: str, line: str, begun: str) -> list[str]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command, script = ASK[shell]
    ended = subprocess.run(
        [*command, script.format(line=line, begun=begun)],
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.mark.parametrize("shell", list(ASK))
def test_a_shell_offers_teams_and_environments(desk: Person, shell: str) -> None:
    assert offered(desk, shell, "provision-env access", "chu") == ["churn", "churn/dev", "churn/prod"]


def test_a_shell_offers_verbs(desk: Person) -> None:
    assert offered(desk, "bash", "provision-env", "ru") == ["rules", "runs"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_tab_key_completes_what_was_begun(desk: Person) -> None:
    shell = open_terminal(replace(desk, command=("bash", "--norc", "--noprofile", "-i")))
    shell.type('PS1="ready "; bind "set bell-style none"; eval "$(provision-env completion bash)"\n')
    shell.until("\nready ")
    shell.type("provision-env status chu\t")
    shell.until("status churn")
    shell.type("; exit 7\n")
    assert shell.end() == 7


class Key:
    """The program as bash calls it when somebody presses the Tab key."""

    def __init__(self, desk: Person) -> None:
        self._desk = desk

    def __call__(self, *words: str) -> list[str]:
        variables = {"COMP_WORDS": " ".join(("provision-env", *words)), "COMP_CWORD": str(len(words))}
        ended = self._desk.given(_PROVISION_ENV_COMPLETE="bash_complete", **variables).runs()
        assert (ended.code, ended.err) == (0, ""), ended
        return [line.partition(",")[2] for line in ended.out.splitlines() if line]


@pytest.fixture
def key(desk: Person) -> Key:
    """Ask from the checkout, which has no requests of its own but the one that is named."""
    return Key(desk)


def test_runs_are_offered_and_only_those_that_can_go_on_to_resume(desk: Person, key: Key) -> None:
    ledger = Ledger(desk.state / "runs")
    ledger.set_status("up-forecast-1", "done")
    ledger.close()
    record(desk, "churn")
    assert sorted(key("runs", "show", "up-")) == ["up-churn-1", "up-forecast-1"]
    assert key("runs", "resume", "up-") == ["up-churn-1"]


def test_options_of_every_level_are_offered(key: Key) -> None:
    assert key("runs", "list", "--q") == ["--quiet"]
    assert key("runs", "list", "-o", "y") == ["yaml"]


def test_a_broken_request_and_lost_inputs_keep_nothing_back(key: Key) -> None:
    assert key("status", "") == ["churn", "forecast"]


def test_in_an_empty_home_nothing_is_offered_and_nothing_is_made(tmp_path: Path) -> None:
    person = Person(tmp_path, tmp_path, {"PYTHONPATH": str(PROJECT)})
    assert Key(person)("status", "") == []
    assert not person.state.exists()


def test_rules_are_offered(key: Key) -> None:
    known = [each.id for each in explanations() if each.id.startswith("PE-WIF")]
    assert key("rules", "explain", "PE-WIF") == known


def test_the_script_comes_as_a_document_too(cli: Cli) -> None:
    document = cli("completion", "zsh", "-o", "json").document
    assert document["shell"] == "zsh"
    assert document["script"] == cli("completion", "zsh").out.rstrip("\n")


def test_a_shell_that_we_do_not_know_is_refused(cli: Cli) -> None:
    ended = cli("completion", "csh")
    assert ended.code == 2
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in ended.err

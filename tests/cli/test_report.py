"""What ``--debug`` leaves: a report that helps, for its owner's eyes, without a secret."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import click
import pytest

from provisioner.cli import app
from provisioner.cli.report import redactor
from tests.cli.conftest import Cli
from tests.cli.program import Ended, Person

VALID = ("validate", "examples/churn.yaml")
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"
CANARIES = {
    "GITHUB_TOKEN": "ghs_canaryinstallation0123456789",
    "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.canary-google-token-0123456789",
    "TF_VAR_db_password": "canary-of-a-variable",
    "PROVISION_ENV_GITHUB_APP_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\ncanaryline0123\n-----END PRIVATE KEY-----",
}


def report_of(ended: Ended) -> Path:
    (line,) = [line for line in ended.err.splitlines() if line.startswith("report: ")]
    return Path(line.removeprefix("report: "))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a verb whose error tells everything it knows."""

    @click.command()
    @click.argument("words", nargs=-1)
    def command(words: tuple[str, ...]) -> NoReturn:
        import logging  # noqa: PLC0415 - as a library would

        logging.getLogger("library").debug("asked with Authorization: Bearer canary-of-a-header-0123")
        raise KeyError(f"{CANARIES} {JWT} https://ann:canary-of-an-address@example.com")

    module = ModuleType("provisioner.cli.verbs.fail")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(app.VERBS, "fail", ("Tests", "Fail."))


@pytest.mark.usefixtures("failing")
def test_no_secret_is_in_the_report_or_on_the_terminal(
    cli: Cli, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    ended = cli("fail", "--debug", "API_TOKEN=canary-of-an-argument", "--", "--password", "canary-of-an-option")
    file = report_of(ended)
    text = file.read_text()
    assert file.parent == person.state / "runs" / "reports"
    assert "in command" in text  # the traceback is there
    assert "library: asked with" in text  # and so is what a library logged
    assert "GITHUB_TOKEN" in text  # names are no secrets
    assert "canary" not in text + ended.err
    assert "c2lnbmF0dXJl" not in text + ended.err


def test_a_report_names_versions_command_and_end_and_is_its_owners_only(cli: Cli) -> None:
    ended = cli("validate", "examples/nothing.yaml", "--debug")
    assert ended.code == 2
    file = report_of(ended)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    text = file.read_text()
    for part in ("command   provision-env validate examples/nothing.yaml --debug", "exit code 2", "python ", "click "):
        assert part in text
    assert "there is no such file" in text


def test_without_debug_there_is_no_report(cli: Cli, person: Person) -> None:
    assert "report:" not in cli("validate", "examples/nothing.yaml").err
    assert not (person.state / "runs" / "reports").exists()


def test_what_goes_to_another_program_is_no_option_of_ours(cli: Cli, person: Person) -> None:
    assert "report:" not in cli("validate", "--", "--debug").err
    assert "report:" not in cli("sandbox", "shell", "--provider", "none", "program", "--debug").err


def test_old_reports_go(cli: Cli) -> None:
    folder = report_of(cli(*VALID, "--debug")).parent
    for number in range(30):
        (folder / f"2000010{number % 10}T000000.{number}-1.txt").touch()
    newest = report_of(cli(*VALID, "--debug"))
    left = sorted(folder.iterdir())
    assert len(left) == 20
    assert newest in left


def test_a_folder_that_cannot_be_written_to_is_told_and_changes_no_exit_code(cli: Cli, person: Person) -> None:
    person.state.mkdir()
    (person.state / "runs").write_text("in the way")
    ended = cli(*VALID, "--debug")
    assert ended.code == 0
    assert "no report was written" in ended.err


@pytest.mark.parametrize(
    "text", ["plan churn-dev", "46 to add, 0 to change", "--token", "the token is wrong", "key: value", "a/b@c.example"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert redactor()(text) == text


@pytest.mark.parametrize("bulk", ["token", "A", "--key", "api_key=", "a://b:", "-----BEGIN PRIVATE KEY-----"])
def test_a_long_line_of_anything_is_read_in_one_go(bulk: str) -> None:
    code = "import sys; from provisioner.cli.report import redactor; print(redactor()(sys.stdin.read()))"
    text = f"{bulk * (100_000 // len(bulk))} password=canary"
    ended = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    assert "canary" not in ended.stdout

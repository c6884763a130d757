"""init: answers by options and by typing, and nothing written that would be refused later."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES

ANSWERS = ("--team", "churn", "--owner", "churn@example.com", "--cost-center", "cc-1", "--data-class", "internal")
DEV = ("--environment", "dev=example-churn-dev")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder that has a platform.yaml."""
    (tmp_path / "platform.yaml").write_bytes((EXAMPLES / "platform.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_answers_by_options_write_a_valid_request(cli: Cli, place: Path) -> None:
    ended = cli("init", *ANSWERS, *DEV, "--environment", "prod=example-churn-prod")
    assert ended.code == 0, ended
    assert "provision-env validate teams/churn.yaml" in ended.out
    document = cli("validate", place / "teams" / "churn.yaml", "-o", "json").document
    assert document["environments"] == ["dev", "prod"]


def test_answers_by_typing_write_the_same(cli: Cli, place: Path) -> None:
    typed = "churn\nchurn@example.com\ncc-1\n\nexample-churn-dev\n\nexample-churn-prod\n"
    ended = cli("init", "typed.yaml", answers=typed)
    assert ended.code == 0, ended
    cli("init", "given.yaml", *ANSWERS, *DEV, "--environment", "prod=example-churn-prod")
    assert (place / "typed.yaml").read_bytes() == (place / "given.yaml").read_bytes()


def test_only_what_is_missing_is_asked(cli: Cli) -> None:
    ended = cli("init", *ANSWERS[2:], *DEV, answers="churn\n")
    assert ended.code == 0, ended
    assert ended.out.count(": ") == 1


def test_an_input_that_ends_too_soon_is_no_ctrl_c(cli: Cli, place: Path) -> None:
    ended = cli("init", answers="churn\n")
    assert ended.code == 2
    assert "give the answers as options" in ended.err
    assert not (place / "teams").exists()


def test_a_file_that_exists_is_kept_unless_forced(cli: Cli, place: Path) -> None:
    assert cli("init", "mine.yaml", *ANSWERS, *DEV).code == 0
    (place / "mine.yaml").write_text("# mine\n")
    ended = cli("init", "mine.yaml", *ANSWERS, *DEV)
    assert ended.code == 2
    assert "--force" in ended.err
    assert (place / "mine.yaml").read_text() == "# mine\n"
    assert cli("init", "mine.yaml", *ANSWERS, *DEV, "--force").code == 0
    assert "team: churn" in (place / "mine.yaml").read_text()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--team", "../../churn"), "team"),
        (("--owner", "nobody"), "owner"),
        (("--environment", "prod=Example_Prod"), "prod"),
        (("--environment", "dev=example-other"), "given twice"),
        (("--environment", "dev"), "is not NAME=PROJECT"),
        (("--environment", "=example-churn"), "is not NAME=PROJECT"),
    ],
)
def test_what_validate_would_refuse_is_not_written(cli: Cli, place: Path, changed: tuple[str, str], words: str) -> None:
    ended = cli("init", *ANSWERS, *DEV, *changed)
    assert ended.code == 2, ended
    assert words in ended.err
    assert [each.name for each in place.iterdir() if each.name not in {"home", "platform.yaml"}] == []


def test_the_platforms_limits_hold_where_there_is_a_platform(cli: Cli, place: Path) -> None:
    shared = (*ANSWERS, *DEV, "--environment", "prod=example-churn-dev")
    ended = cli("init", *shared)
    assert ended.code == 2
    assert "example-churn-dev" in ended.err
    assert not (place / "teams").exists()
    (place / "platform.yaml").unlink()
    assert cli("init", *shared).code == 0  # whether a project may be shared, only a platform can say


def test_init_writes_for_programs(cli: Cli) -> None:
    document = cli("init", *ANSWERS, *DEV, "-o", "json").document
    assert document == {"file": "teams/churn.yaml", "team": "churn", "environments": ["dev"]}


def test_a_folder_that_cannot_be_made_is_told(cli: Cli, place: Path) -> None:
    (place / "file").write_text("")
    ended = cli("init", "file/below/churn.yaml", *ANSWERS, *DEV)
    assert ended.code == 1
    assert "cannot write" in ended.err

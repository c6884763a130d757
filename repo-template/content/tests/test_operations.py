import json
from pathlib import Path

import pytest

from model_product import operations

NAMES = frozenset({"dev", "prod"})
TEXT = """\
version: 1
environments:
  dev: {publish_primary: latest}
  prod: {publish_primary: 1.4.0}
"""


def write(folder: Path, text: str, name: str = "operations.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def loaded(folder: Path, text: str) -> dict[str, operations.Desired]:
    return operations.load(write(folder, text), NAMES)


def test_this_repository_s_file_is_valid() -> None:
    environments = frozenset(path.stem for path in Path("state").glob("*.yml"))
    assert set(operations.load(Path("operations.yaml"), environments)) == environments


def test_a_new_champion_is_one_line(tmp_path: Path) -> None:
    before = loaded(tmp_path, TEXT)
    after = loaded(tmp_path, TEXT.replace("1.4.0", "1.5.0"))
    assert operations.plan(before, after) == ["prod: champion 1.4.0 -> 1.5.0"]
    assert operations.changed(before, after) == ["prod"]


def test_an_unrelated_line_changes_nothing(tmp_path: Path) -> None:
    before = loaded(tmp_path, TEXT)
    after = loaded(tmp_path, "# hello\n" + TEXT.replace("  dev", "\n  # note\n  dev"))
    assert operations.plan(before, after) == []


def test_a_challenger_takes_its_share(tmp_path: Path) -> None:
    text = TEXT.replace(
        "{publish_primary: 1.4.0}", "{publish_primary: 1.4.0, challenger: {version: 1.5.0, percent: 10}}"
    )
    after = loaded(tmp_path, text)
    assert after["prod"].traffic() == "v1-4-0=90,v1-5-0=10"
    assert operations.plan(loaded(tmp_path, TEXT), after) == ["prod: challenger none -> 1.5.0 (10 %)"]


def test_a_rollback_wins_over_the_champion(tmp_path: Path) -> None:
    after = loaded(
        tmp_path, TEXT.replace("{publish_primary: 1.4.0}", "{publish_primary: 1.4.0, rollback_primary: 1.3.0}")
    )
    assert after["prod"].traffic() == "v1-3-0=100"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version: 1\n", "version: 2\n", "version: 1"),
        ("  prod:", "  production:", "exactly dev, prod"),
        ("1.4.0", "1.4", "prod.publish_primary"),
        ("publish_primary: 1.4.0", "champion: 1.4.0", "write publish_primary"),
        (
            "{publish_primary: latest}",
            "{publish_primary: latest, challenger: {version: 1.5.0, percent: 10}}",
            "needs a champion",
        ),
        ("{publish_primary: 1.4.0}", "{publish_primary: 1.4.0, challenger: {version: 1.5.0, percent: 100}}", "percent"),
        ("environments:", "environments: [", "operations.yaml"),
    ],
)
def test_a_wrong_shape_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(operations.WrongShape, match=words):
        loaded(tmp_path, TEXT.replace(old, new))


def test_an_environment_that_slipped_under_another_is_refused(tmp_path: Path) -> None:
    slipped = """\
version: 1
environments:
  dev:
    publish_primary: latest
    prod:
      publish_primary: 1.4.0
"""
    with pytest.raises(operations.WrongShape, match="exactly dev, prod"):
        loaded(tmp_path, slipped)


def test_the_command_plans_from_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for name in NAMES:
        write(state, "", f"{name}.yml")
    before, after = write(tmp_path, TEXT, "old.yaml"), write(tmp_path, TEXT.replace("1.4.0", "1.5.0"), "new.yaml")
    files = ["--state", str(state), "--before", str(before), "--after", str(after)]
    assert operations.main(["changed", *files]) == 0
    assert json.loads(capsys.readouterr().out) == ["prod"]
    assert operations.main(["plan", *files]) == 0
    assert capsys.readouterr().out == "prod: champion 1.4.0 -> 1.5.0\n"
    assert operations.main(["traffic", *files]) == 0
    assert json.loads(capsys.readouterr().out) == {"dev": "latest", "prod": "v1-5-0=100"}


def test_the_command_fails_for_a_wrong_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = write(tmp_path, "version: 1\n")
    assert operations.main(["plan", "--after", str(after)]) == 1
    assert "version: 1" in capsys.readouterr().err

"""new-platform: a folder that everything accepts as it is, in the words of whoever asked for it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from provisioner.bootstrap.itself import ENVIRONMENT, platform_request
from provisioner.bootstrap.repository import platform_kind
from provisioner.request.loading import load_platform
from provisioner.request.resolve import resolve
from tests.bootstrap.known import FACTS, MADE
from tests.cli.conftest import Cli

MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.MULTILINE)


@pytest.fixture
def made(cli: Cli, tmp_path: Path) -> Path:
    folder = tmp_path / "platform"
    ended = cli("new-platform", folder, "--defaults")
    assert ended.code == 0, ended
    return folder


def loaded(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


def test_what_it_writes_is_accepted_by_validate_and_render(cli: Cli, made: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(made)
    assert cli("validate", "teams/example.yaml", "-o", "json").document["environments"] == ["dev", "prod"]
    before = {path for path in made.rglob("*") if path.is_file()}
    rendered = cli("render", "teams/example.yaml", "-o", "json").document
    assert rendered["roots"] == ["envs/example-dev", "envs/example-links", "envs/example-prod"]
    assert (made / "terraform" / "envs" / "example-dev" / "main.tf").is_file()
    assert before <= {path for path in made.rglob("*") if path.is_file()}


def test_bootstrap_finds_everything_it_asks_for_and_the_repository_keeps_the_same_files(made: Path) -> None:
    platform = load_platform(made / "platform.yaml")
    team = resolve(platform_request(platform, "platform"), platform)
    repository = platform_kind(team, "1").render(team, FACTS, {ENVIRONMENT: MADE})
    shared = (".gitignore", "teams/README.md", ".github/CODEOWNERS")
    assert {path: (made / path).read_bytes() for path in shared} == {path: repository[path][0] for path in shared}


@pytest.mark.parametrize("file", ["platform.yaml", "teams/example.yaml"])
def test_editors_find_a_schema_that_the_file_fits(made: Path, file: str) -> None:
    named = MODELINE.findall((made / file).read_text())
    assert len(named) == 1
    schema = ((made / file).parent / named[0]).resolve()
    Draft202012Validator(json.loads(schema.read_text())).validate(loaded(made / file))
    wired = json.loads((made / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    assert [made / each for each in wired if made.joinpath(each).resolve() == schema]


def test_a_request_of_init_is_completed_as_well(cli: Cli, made: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(made)
    given = ("--team", "churn", "--owner", "churn@example.com", "--cost-center", "cc-1", "--data-class", "internal")
    assert cli("init", *given, "--environment", "dev=example-churn-dev").code == 0
    text = Path("teams/churn.yaml").read_text()
    assert MODELINE.findall(text) == ["../schemas/request.schema.json"]
    assert cli("validate", "teams/churn.yaml").code == 0


def test_answers_reach_the_files(cli: Cli, tmp_path: Path) -> None:
    given = {
        "--organisation-id": "998877665544",
        "--domain": "acme.dev",
        "--folder": "112233445566",
        "--github-owner": "9Acme-Corporation-Research",
        "--github-plan": "team",
        "--project": "acme-platform",
        "--billing-account": "AAAAAA-BBBBBB-CCCCCC",
        "--region": "us-central1",
        "--contact": "ml@acme.dev",
    }
    words = [word for pair in given.items() for word in pair]
    ended = cli("new-platform", tmp_path / "new", *words, "--approver", "ada", "--approver", "grace")
    assert ended.code == 0, ended
    platform = loaded(tmp_path / "new" / "platform.yaml")
    assert platform["organisation"] == {"id": "998877665544", "domain": "acme.dev", "folder": "112233445566"}
    assert platform["state"] == {
        "bucket": "acme-platform-terraform-state",
        "project": "acme-platform",
        "location": "US",
    }
    assert (platform["regions"], platform["approvers"]) == (["us-central1"], ["ada", "grace"])
    assert platform["default_budget"]["currency"] == "USD"
    example = loaded(tmp_path / "new" / "teams" / "example.yaml")
    assert example["environments"]["prod"] == {
        "project": "acme-corporation-example-prod",
        "reviewers": [{"user": "ada"}],
    }
    assert "* @ada @grace" in (tmp_path / "new" / ".github" / "CODEOWNERS").read_text()


def test_only_what_is_missing_is_asked_and_enter_takes_what_the_sandbox_plays(
    cli: Cli, tmp_path: Path, made: Path
) -> None:
    asked = cli("new-platform", tmp_path / "typed", "--domain", "example.com", answers="\n" * 7)
    assert asked.code == 0, asked
    assert asked.out.count("]: ") == 7
    assert (tmp_path / "typed" / "platform.yaml").read_bytes() == (made / "platform.yaml").read_bytes()


def test_a_wrong_answer_is_asked_for_again(cli: Cli, tmp_path: Path) -> None:
    given = (
        "--domain",
        "example.com",
        "--project",
        "example-ml-platform",
        "--region",
        "europe-west1",
        "--contact",
        "a@b.io",
    )
    typed = "12\n998877665544\nno/body\nacme\n\nada\n"
    ended = cli("new-platform", tmp_path / "new", *given, answers=typed)
    assert ended.code == 0, ended
    assert ended.out.count("organisation id") == ended.out.count("GitHub organisation") == 2
    assert "6-20 digits" in ended.out + ended.err
    platform = loaded(tmp_path / "new" / "platform.yaml")
    assert (platform["organisation"]["id"], platform["github"]["owner"]) == ("998877665544", "acme")
    assert platform["approvers"] == ["ada"]


def test_options_are_refused_before_anything_is_asked(cli: Cli, tmp_path: Path) -> None:
    ended = cli("new-platform", tmp_path / "new", "--region", "here", answers="\n" * 9)
    assert (ended.code, ended.out) == (2, "")
    assert "regions" in ended.err


def test_wrong_answers_are_all_named_and_nothing_is_written(cli: Cli, tmp_path: Path) -> None:
    hostile = 'x"\n  folder: "1'
    wrong = ("--organisation-id", "12", "--billing-account", "nonsense", "--domain", hostile)
    ended = cli("new-platform", tmp_path / "new", *wrong, "--defaults")
    assert ended.code == 2
    assert all(name in ended.err for name in ("organisation.id", "billing_account", "organisation.domain"))
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_in_it_is_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "platform.yaml").write_text("# mine\n")
    ended = cli("new-platform", folder)  # nothing is asked in vain
    assert ended.code == 2
    assert "it holds platform.yaml" in ended.err
    assert [path.name for path in folder.iterdir()] == ["platform.yaml"]
    assert (folder / "platform.yaml").read_text() == "# mine\n"


def test_a_fresh_clone_counts_as_empty(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    assert cli("new-platform", tmp_path / "clone", "--defaults").code == 0
    assert not list((tmp_path / "clone").glob(".new-platform-*"))


def test_a_place_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place, code in ((tmp_path / "file", 2), (tmp_path / "file" / "below", 1)):
        ended = cli("new-platform", place, "--defaults")
        assert (ended.code, ended.err.startswith("error: ")) == (code, True), ended

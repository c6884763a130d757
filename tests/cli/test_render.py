"""render and check: the same bytes each time, staleness, and rules over source."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.program import EXAMPLES

REQUEST = EXAMPLES / "churn.yaml"
IDS = ("--repository-id", "701234567", "--owner-id", "91234567")
COMMAND = 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n'


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "terraform"


def content(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def test_render_writes_a_root_for_each_environment(cli: Cli, out: Path) -> None:
    ended = cli("render", REQUEST, "--out", out, "-o", "json")
    assert ended.code == 0
    document = ended.document
    assert set(document) == {"folder", "roots", "digest", "stale"}
    assert document["roots"] == ["envs/churn-dev", "envs/churn-links", "envs/churn-prod"]
    assert all((out / root / "main.tf").is_file() for root in document["roots"])


def test_render_again_gives_the_same_bytes(cli: Cli, out: Path) -> None:
    first = cli("render", REQUEST, "--out", out)
    assert f"wrote  {out / 'envs/churn-dev'}" in first.out
    before = content(out)
    second = cli("render", REQUEST, "--out", out)
    assert f"current  {out / 'envs/churn-dev'}" in second.out
    assert content(out) == before


def test_check_tells_current_from_stale_and_writes_nothing(cli: Cli, out: Path) -> None:
    cli("render", REQUEST, "--out", out)
    assert cli("render", REQUEST, "--out", out, "--check").code == 0
    main = out / "envs" / "churn-dev" / "main.tf"
    main.write_text(main.read_text() + "# by hand\n")
    before = content(out)
    ended = cli("render", REQUEST, "--out", out, "--check")
    assert ended.code == 1
    assert "-# by hand" in ended.out
    assert "stale" in ended.err
    assert content(out) == before
    again = cli("render", REQUEST, "--out", out, "--check", "-o", "json")
    assert again.document["stale"] is True
    assert "-# by hand" in again.document["difference"]
    assert again.error["exit_code"] == 1


def test_check_of_a_folder_that_was_never_rendered_is_stale(cli: Cli, out: Path) -> None:
    assert cli("render", REQUEST, "--out", out, "--check").code == 1
    assert not out.exists()


def test_ids_reach_the_roots(cli: Cli, out: Path) -> None:
    assert cli("render", REQUEST, "--out", out, *IDS).code == 0
    values = json.loads((out / "envs" / "churn-dev" / "terraform.tfvars.json").read_text())
    assert (values["repository_id"], values["repository_owner_id"]) == ("701234567", "91234567")
    assert cli("render", REQUEST, "--out", out, "--check").code == 1  # the preview's ids are others


@pytest.mark.parametrize("ids", [IDS[:2], IDS[2:]])
def test_one_id_without_the_other_is_refused(cli: Cli, out: Path, ids: tuple[str, str]) -> None:
    ended = cli("render", REQUEST, "--out", out, *ids)
    assert ended.code == 2
    assert "both" in ended.err
    assert not out.exists()


def test_an_id_that_is_no_number_is_refused(cli: Cli, out: Path) -> None:
    ended = cli("render", REQUEST, "--out", out, "--repository-id", "churn", "--owner-id", "91234567")
    assert ended.code == 2
    assert "'churn' is no repository id" in ended.err


def test_a_folder_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = cli("render", REQUEST, "--out", tmp_path / "file" / "below")
    assert ended.code == 1
    assert "unexpected" not in ended.err
    assert str(tmp_path / "file") in ended.err


def test_a_rendered_root_passes_the_rules_and_a_tampered_one_does_not(cli: Cli, out: Path) -> None:
    cli("render", REQUEST, "--out", out)
    root = out / "envs" / "churn-dev"
    assert cli("check", root).code == 0
    (root / "extra.tf").write_text(COMMAND)
    ended = cli("check", root)
    assert ended.code == 3
    assert "envs/churn-dev/extra.tf:" in ended.out
    assert "a provisioner runs commands" in ended.out
    assert "block" in ended.err


def test_check_writes_its_verdict_for_programs(cli: Cli, out: Path) -> None:
    cli("render", REQUEST, "--out", out)
    root = out / "envs" / "churn-dev"
    (root / "extra.tf").write_text(COMMAND)
    ended = cli("check", root, "-o", "json")
    document = ended.document
    assert set(document) == {"schema_version", "passed", "plan_digest", "counts", "findings"}
    assert document["passed"] is False
    keys = {"rule", "severity", "resource", "reason", "fix", "reference", "waived_by", "blocks"}
    assert set(document["findings"][0]) == keys
    assert ended.error["kind"] == "RefusedByPolicy"


@pytest.mark.parametrize(("content_", "words"), [("", "not JSON"), ("[]", "plan"), ('{"a": 1}', "plan")])
def test_what_is_no_plan_is_told(cli: Cli, tmp_path: Path, content_: str, words: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content_)
    ended = cli("check", file)
    assert ended.code == 2, ended
    assert words in ended.err


def test_a_plan_that_is_not_there_is_told(cli: Cli, tmp_path: Path) -> None:
    ended = cli("check", tmp_path / "none.json")
    assert ended.code == 2
    assert "No such file" in ended.err

"""Every shape of request renders completely, the same way each time, and can be rendered again from its answers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from provisioner.errors import ProvisionError
from provisioner.repository.template import (
    ANSWERS_FILE,
    Files,
    Template,
    load_template,
    render_answers,
    render_template,
)
from provisioner.request.data import data_folder
from tests.template.teams import answered, asked, facts, matrix, outputs, staged

MATRIX = matrix()
LEFT_OVER = re.compile(rb"<\[|\]>|<%|%>|<#|#>|\.jinja")


def parsed(content: bytes) -> Any:
    return YAML(typ="safe", pure=True).load(content.decode())


READERS: dict[str, Callable[[bytes], Any]] = {
    ".yml": parsed,
    ".yaml": parsed,
    ".json": json.loads,
    ".toml": lambda content: tomllib.loads(content.decode()),
}


def rendered(name: str) -> Files:
    team = MATRIX[name]
    return render_template(team, facts(team), outputs(team))


@pytest.mark.parametrize("name", MATRIX)
def test_nothing_is_left_unrendered(name: str) -> None:
    left = {path for path, (content, _) in rendered(name).items() if LEFT_OVER.search(content) or ".jinja" in path}
    assert left == set()


@pytest.mark.parametrize("name", MATRIX)
def test_every_file_with_a_format_parses(name: str) -> None:
    seen = set()
    for path, (content, _) in rendered(name).items():
        reader = READERS.get(Path(path).suffix)
        if reader is not None:
            assert reader(content), path
            seen.add(Path(path).suffix)
    assert seen == set(READERS)


@pytest.mark.parametrize("name", MATRIX)
def test_the_recorded_answers_render_the_same_bytes(name: str) -> None:
    files = rendered(name)
    recorded = parsed(files[ANSWERS_FILE][0])
    template = load_template(data_folder("repo-template"))
    assert recorded["template"]["version"] == template.version
    assert render_answers(template, recorded["answers"]) == files


def test_an_environment_gets_its_own_files_and_a_repeated_run_the_same() -> None:
    files = rendered("6-environments")
    names = {spec.name for spec in MATRIX["6-environments"].environments}
    assert {Path(path).stem for path in files if path.startswith("state/")} == names
    assert set(parsed(files["operations.yaml"][0])["environments"]) == names
    assert list(files.items()) == list(rendered("6-environments").items())


def test_scripts_can_be_executed_and_nothing_else() -> None:
    executable = {path for path, (_, mode) in rendered("churn").items() if mode == 0o100755}
    assert executable == {"pipeline/deploy.sh", "pipeline/publish.sh", "pipeline/traffic.sh"}
    assert {mode for _, mode in rendered("churn").values()} == {0o100644, 0o100755}


def test_text_of_people_stays_text() -> None:
    files = rendered("awkward-text")
    description = MATRIX["awkward-text"].request.description
    assert parsed(files["catalog-info.yaml"][0])["metadata"]["description"] == description
    assert tomllib.loads(files["pyproject.toml"][0].decode())["project"]["description"] == description


def test_credentials_files_are_ignored_everywhere() -> None:
    files = rendered("churn")
    for name in (".gitignore", ".dockerignore", ".gcloudignore"):
        assert b"gha-creds-*.json" in files[name][0].splitlines()


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("fraud-detection", "* @example-ml/fraud-data-science @example-ml/fraud-leads"),
        ("awkward-text", "* @amina"),
        ("churn", "* churn-team@example.com"),
    ],
)
def test_only_people_with_write_access_own_code(name: str, owners: str) -> None:
    assert owners in rendered(name)[".github/CODEOWNERS"][0].decode().splitlines()


def test_a_missing_answer_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "file.jinja").write_text("<[ team ]> <[ nobody_answers ]>")
    with pytest.raises(ProvisionError, match="nobody_answers"):
        render_answers(Template(tmp_path, "1", frozenset(), {}), {"team": "churn", "environments": []})


def test_marks_of_others_survive(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "file.jinja").write_text("${{ vars.X }} {% raw %} {{ y }} {# z #} [[ a ]] <[ team ]>\n")
    files = render_answers(Template(tmp_path, "1", frozenset(), {}), {"team": "churn", "environments": []})
    assert files["file"][0] == b"${{ vars.X }} {% raw %} {{ y }} {# z #} [[ a ]] churn\n"


def test_a_folder_that_is_no_template_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"template\.yaml"):
        load_template(tmp_path)


def test_promotion_follows_the_branch() -> None:
    stages = {stage["name"]: stage["promoted_from"] for stage in answered(MATRIX["two-branches"])["environments"]}
    assert stages == {"dev": "", "stage": "", "prod": "stage"}


def test_promotion_follows_the_order_of_the_request() -> None:
    stages = [(stage["name"], stage["promoted_from"], stage["after"]) for stage in answered(staged(3))["environments"]]
    assert stages == [("dev", "", ""), ("test", "dev", "dev"), ("stage", "test", "test")]


def test_a_facts_file_names_every_bucket_and_registry() -> None:
    team = asked(buckets={"data": {}, "models": {}})
    files = render_template(team, facts(team), outputs(team))
    document = parsed(files["cloud-infrastructure/dev.yaml"][0])
    assert set(document["storage_buckets"]) == {"data", "models"}
    assert document["gcp_project"] == {"id": "example-churn-dev", "number": "100000000001"}

"""The generated workflows: safe by two linters, and in step with what publishing writes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from provisioner.repository import names
from provisioner.repository.template import render_template
from provisioner.request.resolve import Team
from tests.template.teams import facts, matrix, outputs

MATRIX = matrix()
VARIABLE = re.compile(r"vars\.([A-Z0-9_]+)")
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
WORKFLOWS = {"ci", "operations", "release", "verify-access"}


def workflows(team: Team) -> dict[str, Any]:
    reader = YAML(typ="safe", pure=True)
    files = render_template(team, facts(team), outputs(team))
    folder = ".github/workflows/"
    return {
        Path(path).stem: reader.load(content.decode())
        for path, (content, _) in files.items()
        if path.startswith(folder)
    }


def jobs(team: Team) -> Iterator[tuple[str, dict[str, Any]]]:
    for workflow in workflows(team).values():
        yield from workflow["jobs"].items()


def write(team: Team, folder: Path) -> Path:
    for path, (content, _) in render_template(team, facts(team), outputs(team)).items():
        if path.startswith(".github/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", MATRIX)
def test_every_workflow_starts_from_no_permission_and_pins_by_commit(name: str) -> None:
    found = workflows(MATRIX[name])
    assert set(found) == WORKFLOWS
    for workflow in found.values():
        assert workflow["permissions"] == {}
        assert "concurrency" in workflow
        assert "pull_request_target" not in workflow["on"]
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        assert [step["uses"] for step in steps if "uses" in step and not PINNED.match(step["uses"])] == []
        assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", MATRIX)
def test_the_variables_workflows_name_are_those_that_are_written(name: str) -> None:
    team = MATRIX[name]
    made = outputs(team)
    shared = {key for spec in team.environments for key in names.repository_variables(spec, made[spec.name])}
    own = {spec.name: set(names.environment_variables(spec, made[spec.name])) for spec in team.environments}
    outside: set[str] = set()
    for _, job in jobs(team):
        named = set(VARIABLE.findall(str(job)))
        if "environment" in job:
            assert named <= own[job["environment"]]
            assert {"WORKLOAD_IDENTITY_PROVIDER", "SERVICE_ACCOUNT"} <= named
        else:
            outside |= named
    assert outside == shared


def test_every_variable_that_is_written_is_used() -> None:
    team = MATRIX["fraud-detection"]
    made = outputs(team)
    deploy = {
        job["environment"]: set(VARIABLE.findall(str(job))) for key, job in jobs(team) if key.startswith("deploy-")
    }
    assert deploy == {spec.name: set(names.environment_variables(spec, made[spec.name])) for spec in team.environments}


@pytest.mark.parametrize("name", MATRIX)
def test_a_token_can_be_minted_only_where_an_identity_is_meant(name: str) -> None:
    for key, job in jobs(MATRIX[name]):
        mints = job["permissions"].get("id-token") == "write"
        assert mints == ("environment" in job or key == "verify")
        assert set(job["permissions"].values()) <= {"read", "write"}
        assert [scope for scope, level in job["permissions"].items() if level == "write"] == (
            ["id-token"] if mints else []
        )


def test_no_job_of_a_pull_request_has_an_identity() -> None:
    for job in workflows(MATRIX["fraud-detection"])["ci"]["jobs"].values():
        assert job["permissions"] == {"contents": "read"}


def test_one_image_travels_from_environment_to_environment() -> None:
    release = workflows(MATRIX["fraud-detection"])["release"]["jobs"]
    assert list(release) == ["build", "deploy-dev", "deploy-stage", "deploy-prod"]
    sources = {
        key: next(step["env"]["SOURCE"] for step in job["steps"] if step.get("id") == "publish")
        for key, job in release.items()
        if key != "build"
    }
    assert sources == {
        "deploy-dev": "oci-archive:build/image.tar",
        "deploy-stage": "${{ needs.deploy-dev.outputs.image }}",
        "deploy-prod": "${{ needs.deploy-stage.outputs.image }}",
    }
    assert release["deploy-prod"]["needs"] == ["build", "deploy-stage"]


def test_tokens_of_deployments_are_short_and_minted_after_the_build() -> None:
    for key, job in workflows(MATRIX["fraud-detection"])["release"]["jobs"].items():
        exchanges = [step for step in job["steps"] if "google-github-actions/auth" in step.get("uses", "")]
        assert bool(exchanges) == (key != "build")
        for step in exchanges:
            assert step["with"]["access_token_lifetime"] == "900s"
            assert step["with"]["create_credentials_file"] is False


def test_an_environment_releases_from_its_own_branch_only() -> None:
    release = workflows(MATRIX["two-branches"])["release"]
    assert release["on"]["push"]["branches"] == ["develop", "main"]
    assert {key: job.get("if") for key, job in release["jobs"].items()} == {
        "build": None,
        "deploy-dev": "github.ref == 'refs/heads/develop'",
        "deploy-stage": "github.ref == 'refs/heads/main'",
        "deploy-prod": "github.ref == 'refs/heads/main'",
    }


def test_the_checks_a_merge_needs_are_jobs_of_ci() -> None:
    ci = workflows(MATRIX["churn"])["ci"]["jobs"]
    assert {job["name"] for job in ci.values()} == set(names.CHECKS)


def test_only_a_public_service_is_smoke_tested() -> None:
    def smoke(name: str) -> list[str]:
        return [
            step["with"]["id_token_audience"]
            for _, job in jobs(MATRIX[name])
            for step in job["steps"]
            if step.get("id") == "smoke"
        ]

    assert smoke("fraud-detection") == []
    assert len(smoke("public")) == 2


def test_without_a_registry_nothing_is_deployed() -> None:
    assert list(workflows(MATRIX["no-registry"])["release"]["jobs"]) == ["build"]


@pytest.mark.parametrize("name", MATRIX)
def test_zizmor_finds_nothing(name: str, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("zizmor")
    command = [str(program), "--offline", "--pedantic", "--no-progress", str(write(MATRIX[name], tmp_path) / ".github")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No findings" in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", MATRIX)
def test_actionlint_finds_nothing(name: str, tmp_path: Path) -> None:
    program = shutil.which("actionlint", path=f"{Path.home()}/go/bin") or shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
    folder = write(MATRIX[name], tmp_path)
    files = sorted(str(path) for path in (folder / ".github" / "workflows").iterdir())
    ended = subprocess.run([program, "-no-color", *files], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout

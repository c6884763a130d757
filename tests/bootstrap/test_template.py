"""The platform repository's files: safe by two linters, pinned, and in step with the variables that are written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from provisioner.bootstrap.itself import ENVIRONMENT, platform_request
from provisioner.bootstrap.repository import CHECKS, platform_kind
from provisioner.repository import names as shared
from provisioner.repository.template import Files
from provisioner.request.loading import parse_platform
from provisioner.request.resolve import Team, resolve
from tests.bootstrap.known import FACTS, MADE
from tests.render.teams import platform

PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
VARIABLE = re.compile(r"vars\.([A-Z0-9_]+)")


def the_platform() -> Team:
    settings = platform(contact="platform@example.com", approvers=("maria-platform",))
    return resolve(platform_request(settings, "platform"), settings)


@pytest.fixture(scope="module")
def files() -> Files:
    team = the_platform()
    return platform_kind(team, "0.1.0").render(team, FACTS, {ENVIRONMENT: MADE})


def workflows(files: Files) -> dict[str, Any]:
    reader = YAML(typ="safe", pure=True)
    folder = ".github/workflows/"
    return {Path(path).stem: reader.load(content) for path, (content, _) in files.items() if path.startswith(folder)}


def test_every_workflow_starts_from_no_permission_and_pins_by_commit(files: Files) -> None:
    found = workflows(files)
    assert set(found) == {"request", "apply", "drift", "verify-access"}
    for workflow in found.values():
        assert workflow["permissions"] == {}
        assert "pull_request_target" not in workflow["on"]
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        assert [step["uses"] for step in steps if "uses" in step and not PINNED.match(step["uses"])] == []
        assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_the_variables_named_are_those_that_are_written(files: Files) -> None:
    team = the_platform()
    kind, spec = platform_kind(team, "0.1.0"), team.environment(ENVIRONMENT)
    outside = {*shared.repository_variables(spec, MADE), *kind.variables, *kind.defaults}
    inside = set(shared.environment_variables(spec, MADE))
    named: set[str] = set()
    for workflow in workflows(files).values():
        for job in workflow["jobs"].values():
            mine = set(VARIABLE.findall(str(job)))
            assert mine <= outside | (inside if job.get("environment") == ENVIRONMENT else set())
            named |= mine
    assert outside <= named


def test_only_the_job_behind_reviewers_applies_and_has_a_secret(files: Files) -> None:
    for workflow in workflows(files).values():
        for job in workflow["jobs"].values():
            applies = "apply.sh" in str(job)
            assert applies == (job.get("environment") == ENVIRONMENT) == ("secrets." in str(job))
    assert {
        path for path, (content, _) in files.items() if b"provision-env up" in content and path.endswith(".sh")
    } == {".github/apply.sh"}
    request = workflows(files)["request"]["jobs"]
    assert {job["name"] for job in request.values()} == set(CHECKS)
    assert "PREVIEW_SERVICE_ACCOUNT" in str(request)
    assert "PLAN_SERVICE_ACCOUNT" not in str(request)


@pytest.mark.parametrize(("workflow", "job"), [("apply", "plan"), ("apply", "apply"), ("drift", "drift")])
def test_a_token_lives_as_long_as_its_job_may(files: Files, workflow: str, job: str) -> None:
    found = workflows(files)[workflow]["jobs"][job]
    (auth,) = (step["with"] for step in found["steps"] if step.get("id") == "auth")
    assert auth["access_token_lifetime"] == f"{found['timeout-minutes'] * 60}s"


def test_platform_yaml_says_what_was_said(files: Files) -> None:
    text = files["platform.yaml"][0].decode()
    account = "provision-env-preview-plan@example-ml-platform.iam.gserviceaccount.com"
    said = the_platform().platform.model_copy(update={"preview_account": account})
    assert parse_platform(text, "platform.yaml") == said


def written(files: Files, folder: Path) -> Path:
    for path, (content, _) in files.items():
        if path.startswith(".github/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    return folder / ".github"


def test_editors_complete_what_is_in_it(files: Files) -> None:
    first = files["platform.yaml"][0].decode().splitlines()[0]
    schema = json.loads(files[first.partition("$schema=")[2]][0])
    Draft202012Validator(schema).validate(YAML(typ="safe", pure=True).load(files["platform.yaml"][0]))
    wired = json.loads(files[".vscode/settings.json"][0])["yaml.schemas"]
    assert set(wired) <= {f"./{path}" for path in files} | set(files)


def test_zizmor_finds_nothing(files: Files, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("zizmor")
    command = [str(program), "--offline", "--pedantic", "--no-progress", str(written(files, tmp_path))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No findings" in ended.stdout + ended.stderr


def test_actionlint_finds_nothing(files: Files, tmp_path: Path) -> None:
    program = shutil.which("actionlint", path=f"{Path.home()}/go/bin") or shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed")
    paths = sorted(map(str, (written(files, tmp_path) / "workflows").iterdir()))
    ended = subprocess.run([program, "-no-color", *paths], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_changed_is_told_by_the_file_or_by_platform_yaml(files: Files, tmp_path: Path) -> None:
    script = written(files, tmp_path) / "changed.sh"
    repository = tmp_path / "repository"
    (repository / "teams").mkdir(parents=True)

    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        return subprocess.run(["git", *who, *words], cwd=repository, capture_output=True, text=True, check=True).stdout

    def commit(**texts: str) -> str:
        for name, text in texts.items():
            (repository / ("platform.yaml" if name == "platform" else f"teams/{name}.yaml")).write_text(text)
        git("add", "-A")
        git("commit", "-q", "-m", "x")
        return git("rev-parse", "HEAD").strip()

    def changed(base: str) -> list[str]:
        command = ["bash", str(script), base]
        return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.split()

    git("init", "-q")
    first = commit(platform="a", churn="a", fraud="a")
    assert changed("0" * 40) == ["teams/churn.yaml", "teams/fraud.yaml"]
    second = commit(fraud="b")
    assert changed(first) == ["teams/fraud.yaml"]
    assert changed(second) == []
    commit(platform="b")
    assert changed(second) == ["teams/churn.yaml", "teams/fraud.yaml"]
    (repository / "teams" / "old").mkdir()
    third = commit(**{"old/churn": "a", "churn": "b"})
    assert changed(f"{third}^") == ["teams/churn.yaml"]
    for odd in ("a b", "-x", "é", "x\nteams"):
        ended = subprocess.run(
            ["bash", str(script), commit(**{odd: "a"}) + "^"], cwd=repository, capture_output=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (1, b"")
        (repository / "teams" / f"{odd}.yaml").unlink()

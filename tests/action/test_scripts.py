"""The scripts of the action, run by bash as a runner runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "action"
TOKEN = "ghs_canary0123456789"
SOURCE = 'terraform {\n  backend "gcs" {\n    bucket = "b"\n    prefix = "p"\n  }\n}\n'
HOSTILE = SOURCE + 'data "external" "x" {\n  program = ["id"]\n}\n'


@dataclass
class Runner:
    """A folder that stands for a runner's, and what a step left there."""

    folder: Path
    outputs: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def run(self, script: str, **variables: str) -> int:
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_ENV"):
            (self.folder / name).write_text("")
        environment = {
            "PATH": os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_REPOSITORY": "acme/models",
            "GITHUB_TOKEN": "of-the-job",
            **{n: str(self.folder / n) for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_ENV")},
            **variables,
        }
        done = subprocess.run(
            ["bash", SCRIPTS / script], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        self.said = done.stdout + done.stderr
        lines = (self.folder / "GITHUB_OUTPUT").read_text().splitlines()
        self.outputs = dict(line.split("=", 1) for line in lines)
        return done.returncode

    @property
    def summary(self) -> str:
        return (self.folder / "GITHUB_STEP_SUMMARY").read_text()

    def source(self, text: str) -> str:
        (self.folder / "root").mkdir(exist_ok=True)
        (self.folder / "root" / "main.tf").write_text(text)
        return "root"

    def program(self, text: str) -> None:
        """Put a program of the test's own in the place of provision-env."""
        (self.folder / "bin").mkdir(exist_ok=True)
        path = self.folder / "bin" / "provision-env"
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)

    def recorded(self) -> Any:
        return json.loads((self.folder / "record.json").read_text())


RECORD = """
import json, os, sys
record = {"argv": sys.argv[1:], "tokens": [os.environ.get(n) for n in ("GITHUB_TOKEN", "GH_TOKEN", "CHECK_TOKEN")]}
open("record.json", "w").write(json.dumps(record))
"""


def terraform(runner: Runner, text: str) -> None:
    """Put a program of the test's own in the place of Terraform."""
    (runner.folder / "bin").mkdir()
    program = runner.folder / "bin" / "terraform"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_findings_are_reported_and_the_verdict_is_an_output(runner: Runner) -> None:
    assert runner.run("check.sh", CHECK_PATH=runner.source(HOSTILE), CHECK_NAME="dev; echo") == 0, runner.said
    assert (runner.outputs["passed"], runner.outputs["code"], runner.outputs["findings"]) == ("false", "3", "1")
    assert "::error file=root/main.tf,line=7" in runner.said
    assert "PE-HCL-002" in runner.summary
    assert Path(runner.outputs["sarif-file"]).is_file()
    assert json.loads(Path(runner.outputs["json-file"]).read_text())["passed"] is False
    assert Path(runner.outputs["junit-file"]).read_text().startswith("<?xml")


def test_what_passes_and_what_cannot_be_checked(runner: Runner) -> None:
    assert runner.run("check.sh", CHECK_PATH=runner.source(SOURCE)) == 0, runner.said
    assert (runner.outputs["passed"], runner.outputs["code"], runner.outputs["findings"]) == ("true", "0", "0")
    assert runner.run("check.sh", CHECK_PATH="--help") == 0, runner.said
    assert (runner.outputs["passed"], runner.outputs["code"]) == ("false", "2")
    assert "sarif-file" not in runner.outputs
    assert "could not check" in runner.summary


@pytest.mark.parametrize(
    ("head", "comments"), [("acme/models", True), ("stranger/models", False), ("", False), ("acme/models-2", False)]
)
def test_only_a_pull_request_of_the_repository_itself_gets_a_comment(
    head: str,
    comments: bool,  # noqa: FBT001 - a column of the table
    runner: Runner,
) -> None:
    runner.program(RECORD)
    pull = {"CHECK_COMMENT": "true", "CHECK_TOKEN": TOKEN, "CHECK_PULL_REQUEST": "7", "CHECK_HEAD_REPOSITORY": head}
    assert runner.run("check.sh", CHECK_PATH="plan.json", **pull) == 0, runner.said
    found = runner.recorded()
    assert ("--comment=acme/models#7" in found["argv"]) is comments
    assert found["tokens"] == [TOKEN if comments else None, None, None]
    assert TOKEN not in json.dumps(found["argv"]) + runner.said
    assert ("another repository" in runner.summary) is not comments


def test_a_text_in_an_input_stays_one_argument(runner: Runner) -> None:
    runner.program(RECORD)
    text = "$(touch owned) `touch owned`; touch owned\n--platform=x"
    given = {"CHECK_PATH": text, "CHECK_NAME": text, "CHECK_ROOT": text, "CHECK_PULL_REQUEST": "1; touch owned"}
    assert runner.run("check.sh", **given, CHECK_COMMENT="true", CHECK_CHECKOV="false") == 0, runner.said
    argv = runner.recorded()["argv"]
    assert argv[-2:] == ["--", text]
    assert {f"--name={text}", f"--root={text}"} < set(argv)
    assert not [each for each in argv if each.startswith(("--comment", "--platform", "--checkov"))]
    assert not (runner.folder / "owned").exists()


def test_a_summary_ends_before_githubs_limit(runner: Runner) -> None:
    wide = "import sys; [open(a.split('=')[2], 'w').write('| é |\\n' * 300000) for a in sys.argv if 'markdown=' in a]"
    runner.program(wide)
    assert runner.run("check.sh", CHECK_PATH="plan.json") == 0, runner.said
    text = runner.summary
    assert 900_000 < len(text.encode()) < 1024 * 1024
    assert set(text.splitlines()[:-2]) == {"| é |"}
    assert "ends here" in text


@pytest.mark.parametrize("version", ["1.0 --index-url=https://x", "latest", "1", "git+https://x/y", "-e ."])
def test_a_version_is_a_number_or_a_word_that_is_known(version: str, runner: Runner) -> None:
    assert runner.run("install.sh", CHECK_VERSION=version) == 2
    assert "version is neither" in runner.said
    assert (runner.folder / "GITHUB_PATH").read_text() == ""


def test_a_program_that_is_installed_is_found_or_missed_by_name(runner: Runner) -> None:
    assert runner.run("install.sh", CHECK_VERSION="installed") == 0, runner.said
    assert runner.run("install.sh", CHECK_VERSION="installed", PATH="/usr/bin:/bin") == 2
    assert "no provision-env on the PATH" in runner.said


def test_a_plan_is_made_without_a_lock_and_without_a_word_in_the_log(runner: Runner) -> None:
    terraform(runner, 'echo "hunter2 $*"; echo "$* $TF_CLI_CONFIG_FILE" >> calls')
    assert runner.run("plan.sh", PLAN_ROOT="envs/dev", PLAN_CLI_CONFIG="provider_installation {}") == 0, runner.said
    init, plan = (runner.folder / "calls").read_text().splitlines()
    assert init.startswith("-chdir=envs/dev init")
    assert " -lock=false " in plan
    assert f"-out={runner.outputs['plan']} " in plan
    assert runner.said == ""
    config = plan.split()[-1]
    assert Path(config).read_text() == "provider_installation {}\n"
    assert (runner.folder / "GITHUB_ENV").read_text() == f"TF_CLI_CONFIG_FILE={config}\n"
    assert Path(config).stat().st_mode & 0o077 == 0


def test_what_a_plan_changes_is_kept_and_compared(runner: Runner) -> None:
    text = "```\n</details>"
    output = {"actions": ["create"], "before": None, "after": text, "after_sensitive": False}
    plan = {"format_version": "1.2", "complete": True, "output_changes": {"text": output}}
    (runner.folder / "plan.json").write_text(json.dumps(plan))
    given = {"CHECK_PATH": "plan.json", "CHECK_SHOW_CHANGES": "true"}
    assert runner.run("check.sh", **given, CHECK_NAME="envs/dev") == 0, runner.said
    _, _, shown = runner.summary.partition("```json\n")
    changes, _, rest = shown.partition("\n```\n")
    assert json.loads(changes)["roots"]["envs/dev"][0]["after"] == {"value": text}
    assert rest == "\n</details>\n"
    first, name = runner.outputs["changes-file"], runner.outputs["changes-name"]
    assert (runner.outputs["code"], runner.outputs["changes"]) == ("0", "1")
    assert name.startswith("changes-envs-dev-")
    assert runner.run("check.sh", CHECK_PATH="plan.json", CHECK_NAME="envs-dev", CHECK_EXPECT_CHANGES=first) == 0
    assert runner.outputs["changes-name"] != name
    assert (runner.outputs["passed"], runner.outputs["code"]) == ("false", "5"), runner.said
    assert "**not what was reviewed**" in runner.summary
    assert "envs-dev: was not reviewed" in runner.said


def test_a_plan_that_is_to_be_applied_holds_the_lock(runner: Runner) -> None:
    terraform(runner, 'echo "$*" >> calls')
    assert runner.run("plan.sh", PLAN_ROOT="root", PLAN_LOCK="true") == 0, runner.said
    calls = (runner.folder / "calls").read_text()
    assert "-lock=true " in calls
    assert "-lock=false" not in calls


def test_a_plan_as_if_nothing_existed_leaves_the_root_as_it_was(runner: Runner) -> None:
    terraform(runner, 'cat root/*_override.tf >> seen; [ "$2" = init ]')
    root = runner.folder / runner.source(SOURCE)
    assert runner.run("plan.sh", PLAN_ROOT="root", PLAN_EMPTY_STATE="true") == 1
    assert (runner.folder / "seen").read_text().count('backend "local"') == 2
    assert [each.name for each in root.iterdir()] == ["main.tf"]


@pytest.mark.parametrize("code", [0, 1])
def test_exactly_the_saved_plan_is_applied_and_only_errors_are_told(code: int, runner: Runner) -> None:
    terraform(runner, f'echo "$*" >> calls; echo hunter2; echo refused >&2; exit {code}')
    assert runner.run("apply.sh", PLAN_ROOT="envs/dev", PLAN="saved/plan.bin") == code
    assert (runner.folder / "calls").read_text() == "-chdir=envs/dev apply -no-color -input=false saved/plan.bin\n"
    assert runner.said == "refused\n"
    assert ("Applied as reviewed" in runner.summary) is (code == 0)

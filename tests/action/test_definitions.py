"""The action and the reusable workflow as files: linted, pinned, closed to texts that others write."""

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

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action" / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
PINS = ROOT.parent / "shared" / "design" / "action-pins.md"
ZIZMOR = Path(sys.executable).with_name("zizmor")
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v[\d.]+)$")


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def steps() -> Iterator[dict[str, Any]]:
    yield from read(ACTION)["runs"]["steps"]
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            yield from job.get("steps") or ()


@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed beside this Python")
def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [ZIZMOR, "--offline", "--no-config", "--pedantic", "--no-progress", ROOT / ".github", ROOT / "action"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint", *WORKFLOWS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_text_of_others_becomes_part_of_a_command() -> None:
    found = [step["run"] for step in steps() if "run" in step]
    assert len(found) >= 5
    assert [text for text in found if "${{" in text] == []


def test_every_action_is_pinned_by_a_known_commit() -> None:
    lines = [line.strip().removeprefix("- ") for path in (ACTION, *WORKFLOWS) for line in path.read_text().splitlines()]
    used = [line for line in lines if line.startswith("uses: ")]
    pinned = [PINNED.fullmatch(line) for line in used if not line.startswith("uses: ./")]
    assert pinned
    assert None not in pinned, used
    if not PINS.exists():
        pytest.skip("the list of pins is not on this machine")
    known = PINS.read_text(encoding="utf-8")
    for match in pinned:
        assert match is not None
        assert f"| {match['action']} | {match['version']} | `{match['commit']}`" in known, match[0]


def test_a_workflow_starts_without_permissions_and_only_the_plan_has_an_identity() -> None:
    called = read(ROOT / ".github" / "workflows" / "terraform-check.yaml")
    assert called["permissions"] == {}
    source, plan, preview = (called["jobs"][name] for name in ("source", "plan", "preview"))
    assert source["permissions"] == {"contents": "read"}
    for job in (plan, preview):
        assert job["needs"] == "source"
        assert "head.repo.full_name == github.repository" in job["if"]
        assert "pull_request_target" not in str(job["if"])
    assert "security-events" not in preview["permissions"]
    assert "!inputs.plan-pull-requests" in preview["if"]


def test_a_preview_reads_no_state_and_becomes_no_other_identity() -> None:
    preview = read(ROOT / ".github" / "workflows" / "terraform-check.yaml")["jobs"]["preview"]
    steps = {step.get("id"): step for step in preview["steps"]}
    assert steps["plan"]["env"]["PLAN_EMPTY_STATE"] == "true"
    assert steps["auth"]["with"]["service_account"] == "${{ inputs.preview-service-account }}"


def test_nothing_is_applied_that_was_not_merged_reviewed_and_planned_again() -> None:
    called = read(ROOT / ".github" / "workflows" / "terraform-apply.yaml")
    assert called["permissions"] == {}
    plan, apply = called["jobs"]["plan"], called["jobs"]["apply"]
    assert plan["permissions"] == apply["permissions"] == {"contents": "read", "id-token": "write"}
    assert "environment" not in plan
    assert apply["environment"] == "${{ inputs.environment }}"
    assert apply["needs"] == "plan"
    assert 'fromJSON(\'["push", "workflow_dispatch"]\')' in plan["if"]
    assert "github.event.repository.default_branch" in plan["if"]
    assert "PLAN_LOCK" not in str(plan)
    scripts = [str(step.get("run", step.get("uses"))).partition("/action/")[2] for step in apply["steps"]]
    assert [name for name in scripts if name] == ["install.sh", "plan.sh", "check.sh", "apply.sh"]
    *_, check, verdict, applied, removed = apply["steps"]
    assert check["env"]["CHECK_EXPECT_CHANGES"] == "${{ runner.temp }}/reviewed/changes.json"
    assert verdict["run"] == 'exit "$CHECK_CODE"'
    assert applied["env"]["PLAN"] == check["env"]["CHECK_PATH"] == "${{ steps.plan.outputs.plan }}"
    assert removed["if"] == "always()"


def test_what_the_readme_lists_is_what_the_action_takes() -> None:
    action, text = read(ACTION), (ROOT / "action" / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    assert rows == {*action["inputs"], *action["outputs"]}

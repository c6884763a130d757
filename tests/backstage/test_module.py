"""The scaffolder module without Backstage: under Node's own test runner, and with the real program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.request.loading import load_platform, load_request
from provisioner.request.parsing import parse
from tests.backstage.answers import MODULE, PROJECT, answers, needs_node

SUITES = sorted((Path(__file__).parent / "node").glob("*.test.cjs"))
EXAMPLES = sorted(path for path in (PROJECT / "examples").glob("*.yaml") if path.name != "platform.yaml")
PLATFORM = PROJECT / "examples" / "platform.yaml"
CONVERT = f"""
const {{ requestFrom }} = require({json.dumps(str(MODULE / "lib" / "request.cjs"))});
const all = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(all.map(requestFrom)));
"""
RUN = f"""
const {{ actions }} = require({json.dumps(str(MODULE / "lib" / "actions.cjs"))});
const {{ settingsFrom }} = require({json.dumps(str(MODULE / "lib" / "settings.cjs"))});
const {{ workspacePath, input, ...given }} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const logger = {{ debug() {{}}, info() {{}}, error() {{}} }};
const [up] = actions(settingsFrom(given, process.env));
const task = {{ workspacePath, input, logger, output() {{}}, checkpoint: ({{ fn }}) => fn() }};
up.handler(task).then(() => process.exit(1), (error) => process.stdout.write(JSON.stringify(error.message)));
"""

pytestmark = needs_node


def node(program: str, given: Any) -> Any:
    ended = subprocess.run(
        ["node", "-e", program], input=json.dumps(given), capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name.partition(".")[0])
def test_the_module_behaves(suite: Path) -> None:
    ended = subprocess.run(["node", "--test", str(suite)], capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stdout
    assert "\n# fail 0\n" in ended.stdout


def test_the_answers_for_an_example_make_the_example(tmp_path: Path) -> None:
    asked = [parse(path.read_text(), path.name).value for path in EXAMPLES]
    platform = load_platform(PLATFORM)
    for path, made in zip(EXAMPLES, node(CONVERT, [answers(each) for each in asked]), strict=True):
        file = tmp_path / path.name
        file.write_text(json.dumps(made, indent=2))
        again, expected = load_request(file, platform), load_request(path, platform)
        assert again == expected
        assert list(again.environments) == list(expected.environments)


def test_the_real_program_s_refusal_reaches_the_task_with_place_and_fix(tmp_path: Path) -> None:
    environments = [{"name": "dev", "project": "example-shop-dev", "region": "us-east1"}]
    request = {"team": "shop", "owner": "shop@example.com", "cost_center": "cc-1", "data_class": "internal"}
    given = {
        "command": sys.executable,
        "args": ["-m", "provisioner"],
        "platform": str(PLATFORM),
        "sandbox": True,
        "env": {"PYTHONPATH": str(PROJECT), "PROVISION_ENV_STATE": str(tmp_path / "state")},
        "workspacePath": str(tmp_path),
        "input": {"request": {**request, "environments": environments}},
    }
    message = node(RUN, given)
    assert "provision-env/shop.yaml:" in message
    assert "us-east1 is not allowed" in message
    assert "\n  write one of: europe-west1, europe-west4" in message

"""In this process checkov says what it says as a program, about plans of every shape its checks know."""

from __future__ import annotations

import ast
import copy
import importlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.policy.checkov import SKIPPED, checkov_findings, installed
from provisioner.policy.checkov.loading import HAVE_NO_CHECKS, one_at_a_time
from provisioner.policy.known_types import google_types
from tests.policy.breaking import Json, resource
from tests.policy.cases import BREAKS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not installed(), reason="the extra checkov is not installed"),
]
Said = set[tuple[str, str]]
LEAVES: tuple[Any, ...] = (
    True,
    False,
    None,
    "",
    "x",
    "true",
    "allUsers",
    "0.0.0.0/0",
    "default",
    0,
    7,
    400,
    [],
    ["*"],
    {},
    {"a": "b"},
)


def by_the_program(files: list[Path]) -> dict[str, Said]:
    """Return which check fails on which resource, by file name."""
    argv = ["--framework", "terraform_plan", "--skip-download", "--quiet", "--compact", "--output", "json"]
    given = [part for file in files for part in ("--file", str(file))]
    program = Path(sys.executable).with_name("checkov")
    environment = {"PATH": os.environ["PATH"], "HOME": str(files[0].parent), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [program, *argv, "--skip-check", ",".join(SKIPPED), *given],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=files[0].parent,
    )
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, Said] = {file.name: set() for file in files}
    for record in json.loads(done.stdout)["results"]["failed_checks"]:
        found[Path(record["file_path"]).name].add((record["check_id"], record["resource_address"]))
    return found


def assert_same(files: list[Path]) -> int:
    theirs = by_the_program(files)
    for file in files:
        ours = {(finding.rule, finding.resource) for finding in checkov_findings(file)}
        assert ours == theirs[file.name], file.name
    return sum(map(len, theirs.values()))


def planned_as_changed(document: Json) -> Json:
    """Write into planned_values what resource_changes say, as Terraform would have."""
    after = {each["address"]: each["change"]["after"] for each in document["resource_changes"]}

    def write(module: Json) -> None:
        for each in module.get("resources", []):
            each["values"] = after.get(each["address"], each["values"])
        for child in module.get("child_modules", []):
            write(child)

    write(document["planned_values"]["root_module"])
    return document


def plan_of(resources: Mapping[str, list[Json]], references: Mapping[str, list[str]]) -> Json:
    """Return a plan that creates these values by type; ``references`` say which types name which."""
    changes, planned, configured = [], [], []
    for kind, all_values in resources.items():
        for index, values in enumerate(all_values):
            name = f"r{index}"
            provider = f"registry.terraform.io/hashicorp/{kind.partition('_')[0]}"
            told_apart = {"address": f"{kind}.{name}", "name": name, "provider_name": provider}
            changes.append(resource(kind, values) | told_apart)
            planned.append(
                {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "values": values}
            )
            told = {
                key: {"references": [f"{t}.{name}.id", f"{t}.{name}"]}
                for key, t in zip("abc", references[kind], strict=False)
            }
            configured.append({"address": f"{kind}.{name}", "type": kind, "name": name, "expressions": told})
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def words_of_checks() -> dict[str, list[str]]:
    """Return, for each type of Google's, the names that the checks about it look for."""
    with one_at_a_time({"google"}) as checks:
        registry = checks.runner().block_type_registries["resource"]
        known = {kind: list(checks) for kind, checks in registry.checks.items() if kind.startswith("google_")}
        types = sorted((checks.types or frozenset()) & google_types())
    words = {
        kind: sorted({word for check in found for word in _constants(type(check).__module__)})
        for kind, found in known.items()
    }
    return {kind: words.get(kind, ["name", "role", "member", "service", "visibility"]) for kind in types}


def _constants(module: str) -> Iterator[str]:
    source = importlib.import_module(module).__file__
    assert source is not None
    for node in ast.walk(ast.parse(Path(source).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (
                part for part in node.value.split("/") if part.isidentifier() and part.islower() and part != "dynamic"
            )


def values_for(words: list[str], dice: random.Random) -> Json:
    def leaf(depth: int) -> Any:
        if depth and dice.random() < 0.4:
            return [{word: leaf(depth - 1) for word in dice.sample(words, min(len(words), 4))}]
        return copy.deepcopy(dice.choice([*LEAVES, *words[:3]]))

    return {"name": "n"} | {word: leaf(3) for word in words if dice.random() < 0.7}


def test_about_the_rendered_plan_broken_in_every_way(good: Json, tmp_path: Path) -> None:
    breaks = BREAKS[::4]
    files = []
    for number, document in enumerate([good, *(planned_as_changed(each.apply(good)) for each in breaks)]):
        file = tmp_path / f"plan{number}.json"
        file.write_text(json.dumps(document))
        files.append(file)
    assert assert_same(files) > 0


@pytest.mark.parametrize("seed", range(2))
def test_about_every_type_that_its_checks_speak_of(seed: int, tmp_path: Path) -> None:
    dice, words = random.Random(seed), words_of_checks()  # noqa: S311 - a test's dice
    assert len(words) > 80
    kinds = list(words)
    resources = {kind: [values_for(named, dice) for _ in range(3)] for kind, named in words.items()}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan_of(resources, {kind: dice.sample(kinds, 3) for kind in kinds})))
    assert assert_same([file]) > 100


def test_about_other_clouds_beside_google(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    kinds: dict[str, list[Json]] = {
        "aws_s3_bucket": [{"bucket": "b", "acl": "public-read"}],
        "azurerm_storage_account": [{"name": "a", "min_tls_version": "TLS1_0"}],
        "google_storage_bucket": [{"name": "b", "force_destroy": True}],
        "random_id": [{"byte_length": 4}],
    }
    file.write_text(json.dumps(plan_of(kinds, {kind: [] for kind in kinds})))
    assert assert_same([file]) > 10
    assert {finding.resource.partition(".")[0] for finding in checkov_findings(file)} == set(kinds) - {"random_id"}


def test_what_is_said_to_have_no_checks_has_none() -> None:
    with one_at_a_time({"aws"}) as checks:
        runner = checks.runner()
        runner.graph_registry.load_checks()
        judged = {kind for registry in runner.block_type_registries.values() for kind in registry.checks}
    in_graphs = {kind.removeprefix("data.") for check in runner.graph_registry.checks for kind in check.resource_types}
    providers = {kind.partition("_")[0] for kind in judged | in_graphs}
    assert {"aws", "google", "kubernetes"} <= providers
    assert not providers & HAVE_NO_CHECKS
    theirs = [check for check in runner.graph_registry.checks if not check.id.startswith("CKV2_GCP")]
    assert len(theirs) > 50
    assert not [check.id for check in theirs if any(kind.startswith("google") for kind in check.resource_types)]

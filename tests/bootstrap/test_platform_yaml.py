"""What the repository holds of platform.yaml can be loaded there, the organisation's own rules with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.bootstrap.itself import platform_request
from provisioner.bootstrap.repository import platform_kind
from provisioner.policy import PolicyContext, check
from provisioner.repository.template import Files
from provisioner.request.loading import load_platform
from provisioner.request.models import Platform
from provisioner.request.resolve import resolve
from provisioner.terraform.plan import Plan
from tests.bootstrap.known import FACTS
from tests.policy.breaking import resource

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform.yaml"
RULE = """
from provisioner.policy.model import Rule, Severity


def _owned(plan, context):
    for each in plan.of("google_storage_bucket"):
        yield each.address, "acme wants another name"


RULES = (Rule("ACME-GCS-001", Severity.HIGH, "Buckets have acme's names", "rename it", 8, _owned),)
"""


def written(files: Files, folder: Path) -> Platform:
    """Lay the files out as a clone of the repository has them, and load its settings."""
    for path, (content, _) in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return load_platform(folder / "platform.yaml")


def repository(settings: Platform) -> Files:
    team = resolve(platform_request(settings, "platform"), settings)
    return platform_kind(team, "0.1.0").render(team, FACTS, {})


@pytest.mark.parametrize(("said", "kept"), [("policy/rules", "policy/rules"), ("../shared", "rules")])
def test_an_organisation_s_rule_goes_along_and_fires(tmp_path: Path, said: str, kept: str) -> None:
    desk, clone = tmp_path / "desk", tmp_path / "clone"
    desk.mkdir()
    (desk / said).mkdir(parents=True)
    (desk / said / "names.py").write_text(RULE)
    policy = f"policy:\n  rules_folder: {said}\n"
    (desk / "platform.yaml").write_text(f"{EXAMPLE.read_text()}contact: platform@example.com\n{policy}")

    loaded = written(repository(load_platform(desk / "platform.yaml")), clone)

    assert loaded.policy.rules_folder == kept
    assert (clone / kept / "names.py").read_text() == RULE
    change = resource("google_storage_bucket", {"name": "x"})
    plan = Plan.from_json({"format_version": "1.2", "complete": True, "resource_changes": [change]})
    assert "ACME-GCS-001" in {each.rule for each in check(plan, PolicyContext(loaded)).findings}


def test_without_rules_nothing_is_said_of_them(tmp_path: Path) -> None:
    settings = load_platform(EXAMPLE).model_copy(update={"contact": "platform@example.com"})

    files = repository(settings)

    said = written(files, tmp_path)
    assert said.model_copy(update={"preview_account": settings.preview_account}) == settings
    assert not any(path.startswith("rules/") for path in files)

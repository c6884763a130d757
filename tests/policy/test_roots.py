"""Every root that is rendered passes: first plan, unprotect, destroy, the links between environments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.policy import PolicyContext, Verdict, check
from provisioner.request.resolve import Team
from provisioner.terraform.plan import Plan
from tests.policy.roots import MemoryCloud, fraud_detection, memory_cloud, rendered_root

pytestmark = pytest.mark.e2e
Json = dict[str, Any]
TEAM = fraud_detection()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryCloud]:
    with memory_cloud(tmp_path_factory.mktemp("roots"), TEAM) as ready:
        yield ready


def judged(document: Json, environment: str, *, confirmed: bool = False, team: Team = TEAM) -> Verdict:
    spec = team.environment(environment) if environment else None
    context = PolicyContext(team.platform, team, spec, stateful_deletes_confirmed=confirmed)
    return check(Plan.from_json(document), context)


@pytest.mark.parametrize("environment", ["stage", "prod"])
def test_the_first_plan_of_an_environment_passes(environment: str, cloud: MemoryCloud, tmp_path: Path) -> None:
    root = rendered_root(tmp_path, cloud, TEAM, f"fraud-detection-{environment}")

    assert judged(root.plan(), environment).findings == ()


def test_the_links_pass(cloud: MemoryCloud, tmp_path: Path) -> None:
    root = rendered_root(tmp_path, cloud, TEAM, "fraud-detection-links")

    assert judged(root.plan(), "").findings == ()


def test_a_life_is_judged_at_each_turn(cloud: MemoryCloud, tmp_path: Path) -> None:
    root = rendered_root(tmp_path, cloud, TEAM, "fraud-detection-dev")
    root.plan()
    root.apply()
    unchanged = root.plan()
    destroyed = root.plan("-destroy")
    unprotected = rendered_root(tmp_path, cloud, TEAM, "fraud-detection-dev", protection=False, delete_data=True).plan()

    assert judged(unchanged, "dev").findings == ()
    assert {finding.rule for finding in judged(unprotected, "dev").blocking} == {"PE-RUN-004", "PE-GCS-006"}
    assert judged(unprotected, "dev", confirmed=True).passed
    assert {finding.rule for finding in judged(destroyed, "dev").blocking} == {"PE-DEL-001"}
    assert judged(destroyed, "dev", confirmed=True).passed

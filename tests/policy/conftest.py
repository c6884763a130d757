"""One real plan for all tests: rendered, planned by Terraform against a cloud in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from provisioner.policy import PolicyContext, Verdict, check
from provisioner.request.resolve import Team
from provisioner.terraform.plan import Plan
from tests.policy.roots import fraud_detection, memory_cloud, rendered_root

Json = dict[str, Any]
TODAY = date(2026, 11, 21)


@pytest.fixture(scope="session")
def team() -> Team:
    return fraud_detection()


@pytest.fixture(scope="session")
def good(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("policy")
    with memory_cloud(folder / "world", team) as cloud:
        return rendered_root(folder / "roots", cloud, team, "fraud-detection-dev").plan()


@pytest.fixture(scope="session")
def context(team: Team) -> PolicyContext:
    return PolicyContext(team.platform, team, team.environment("dev"), today=TODAY)


@pytest.fixture(scope="session")
def judge(context: PolicyContext) -> Callable[[Json], Verdict]:
    return lambda document: check(Plan.from_json(document, digest="d1"), context)

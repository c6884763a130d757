from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, SeedTeam, seed

PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject("acme-churn-dev"), SeedProject("acme-churn-prod", "420000000042")),
    state_bucket="acme-tfstate",
    state_project="acme-platform",
    state_location="EU",
    github_owner="acme",
    users=("ada", "grace"),
    teams=(SeedTeam("data-science", ("ada", "grace")),),
)


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[Handle]:
    """A server of this test's own."""
    started = ensure(tmp_path / "state", idle_seconds=120)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """A seeded server that the tests of one file share."""
    started = ensure(tmp_path_factory.mktemp("sandbox") / "state", idle_seconds=300)
    seed(started, PLAN)
    yield started
    started.stop()

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.cloudidentity.clients import HOST, LOCATION, PROJECT, Shell
from tests.sandbox.cloudidentity.estate import Estate

PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject(PROJECT),),
    state_bucket="acme-tfstate",
    state_project=PROJECT,
    state_location="EU",
    github_owner="acme",
    users=("ada",),
)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("clients")
    handle = ensure(folder / "state", idle_seconds=300)
    seed(handle, PLAN)
    made = Shell(handle, folder)
    made.federate()
    yield made
    handle.stop()


@pytest.fixture
def images(shell: Shell) -> Iterator[str]:
    """An empty Docker repository."""
    url = f"https://artifactregistry.googleapis.com/v1/projects/{PROJECT}/locations/{LOCATION}/repositories"
    shell.call("POST", f"{url}?repositoryId=images", {"format": "DOCKER"})
    yield f"{HOST}/{PROJECT}/images"
    shell.call("DELETE", f"{url}/images")

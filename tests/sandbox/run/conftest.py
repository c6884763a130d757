from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.google.identity.accounts import create_default_compute_account
from tests.sandbox.identity.cloud import PROJECT, START, Cloud
from tests.sandbox.run.region import IAM, RUNTIME, Region
from tests.sandbox.services.registry import create_repository


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    made.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": RUNTIME.partition("@")[0]})
    with made.world.store.transaction() as tx:
        create_default_compute_account(tx, tx.get(PROJECTS, PROJECT) or {}, START)
    yield made
    made.world.companions.close()


@pytest.fixture
def region(cloud: Cloud) -> Region:
    create_repository(cloud)
    return Region(cloud)

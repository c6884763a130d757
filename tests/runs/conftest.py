"""A job at work in a world that behaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.request.models import Platform, Request
from provisioner.request.resolve import resolve
from provisioner.runs.interruption import Interruption
from provisioner.runs.job import Job
from provisioner.runs.leases import Leases
from provisioner.terraform.identity import identify
from tests.runs import carry_out, fakes

ROOT = "churn-dev"


@pytest.fixture
def world(tmp_path: Path) -> fakes.World:
    return fakes.new_world(tmp_path / "world.json")


@pytest.fixture
def job(tmp_path: Path, world: fakes.World) -> Iterator[Job]:
    team = resolve(Request.model_validate(carry_out.REQUEST), Platform.model_validate(carry_out.PLATFORM))
    tools = fakes.tools(world, tmp_path)
    myself = identify(os.getpid())
    assert myself is not None
    leases = Leases(tools.ledger, "r1", myself)
    (tmp_path / "work" / "envs" / ROOT).mkdir(parents=True)
    with leases.hold([ROOT]):
        yield Job(tools, "r1", "up", team, leases, Interruption())

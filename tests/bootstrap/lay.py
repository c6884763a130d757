"""Lay the ground in a fake world in a process of its own, which may die at a given call.

usage: python -m tests.bootstrap.lay FOLDER DIE
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from provisioner.bootstrap.itself import TEAM, platform_request
from provisioner.bootstrap.job import PlatformJob
from provisioner.bootstrap.workflow import bootstrap
from provisioner.errors import ProvisionError
from provisioner.request.loading import load_platform
from provisioner.request.platform_parts import StateSettings
from provisioner.request.problems import Problem
from provisioner.runs.approval import ApprovalRequest
from provisioner.runs.execution import Asked, Execution, Verb, open_or_continue
from provisioner.runs.inputs import Inputs, freeze
from tests.runs import fakes

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform.yaml"


@dataclass(frozen=True)
class FakeGround:
    """A project in which the bucket is made once."""

    world: fakes.World

    def problems(self, project: str, scope: str, billing_account: str) -> tuple[Problem, ...]:
        with self.world.call("preflight") as world:
            lacking = world.get("lacking")
        return (Problem(scope, f"you lack {lacking}", "ask for it"),) if lacking else ()

    def ensure_bucket(self, state: StateSettings, labels: Mapping[str, str]) -> bool:
        with self.world.call("bucket") as world:
            made = not world.get("buckets")
            world["buckets"] = [state.bucket]
            return made


@dataclass(frozen=True)
class Approver:
    """Agrees, and keeps what was said of access."""

    world: fakes.World

    def __call__(self, request: ApprovalRequest) -> str:
        with self.world.call("approve") as world:
            world["told"] = list(request.access)
        return "ann"


def main(folder: Path, die: str) -> int:
    world = fakes.World(folder / "world.json", die)
    tools = replace(fakes.tools(world, folder), approver=Approver(world))
    platform = load_platform(EXAMPLE).model_copy(update={"contact": "platform@example.com"})
    inputs = Inputs(platform_request(platform, "platform"), platform, {"terraform": "1.11.4"})
    asked = Asked("bootstrap", TEAM, freeze(tools.artifacts, inputs), "sandbox", "ann")
    run = open_or_continue(tools.ledger, asked)
    verbs = {"bootstrap": Verb(bootstrap, partial(PlatformJob, ground=FakeGround(world)))}
    execution = Execution(lambda team, interruption: tools, tools.ledger, folder / "dbos.sqlite3", 2, verbs)
    try:
        execution.carry_out(run, inputs)
    except ProvisionError as error:
        print(error, *error.problems)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))

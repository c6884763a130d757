"""Carry out a run on a fake world in a process of its own, which may die at a given call.

usage: python -m tests.runs.carry_out FOLDER VERB DIE
"""

from __future__ import annotations

import sys
from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.request.models import Platform, Request
from provisioner.runs.execution import Asked, Execution, open_or_continue
from provisioner.runs.inputs import Inputs, freeze
from tests.runs import fakes

REQUEST = {
    "team": "churn",
    "owner": "churn@example.com",
    "cost_center": "cc-1",
    "data_class": "internal",
    "environments": {"dev": {"project": "example-churn-dev"}, "prod": {"project": "example-churn-prod"}},
}
PLATFORM = {
    "organisation": {"id": "123456789012", "domain": "example.com"},
    "github": {"owner": "example-ml"},
    "state": {"bucket": "example-state", "project": "example-platform"},
    "billing_account": "01AB23-CD45EF-678901",
    "regions": ["europe-west1"],
}


def main(folder: Path, verb: str, die: str) -> int:
    world = fakes.World(folder / "world.json", die)
    tools = fakes.tools(world, folder)
    inputs = Inputs(Request.model_validate(REQUEST), Platform.model_validate(PLATFORM), {"terraform": "1.11.4"})
    asked = Asked(verb, "churn", freeze(tools.artifacts, inputs), "sandbox", "ann")
    run = open_or_continue(tools.ledger, asked)
    execution = Execution(lambda team, interruption: tools, tools.ledger, folder / "dbos.sqlite3", workers=2)
    try:
        result = execution.carry_out(run, inputs)
    except ProvisionError as error:
        print(run.id, error, *error.problems)
        return error.exit_code
    print(run.id, sum(sum(counts.values()) for counts in result["changes"].values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))

"""What earlier runs on this machine recorded of a team."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from provisioner.errors import InvalidInput
from provisioner.request.names import PLATFORM_TEAM
from provisioner.settings import Settings
from provisioner.wiring.folders import open_artifacts, open_ledger

if TYPE_CHECKING:
    from provisioner.runs.inputs import Inputs
    from provisioner.runs.ledger import Run


def last_run(settings: Settings, team: str, verb: str | None = None) -> Run:
    """Return the newest run of a team, of one verb when given; InvalidInput names the teams there are."""
    from provisioner.runs.leases import as_they_are  # noqa: PLC0415 - help does not pay for the book

    ledger = open_ledger(settings)
    runs = ledger.runs()
    for run in runs:
        if run.team == team and verb in {None, run.verb}:
            return as_they_are(ledger, [run])[0]
    known = sorted({run.team for run in runs})
    near = difflib.get_close_matches(team, known, n=1)
    fix = f"did you mean '{near[0]}'?" if near else f"known teams: {', '.join(known)}" if known else "run `up` first"
    raise InvalidInput("no run on this machine knows this team", fix=fix, where=team)


def last_inputs(settings: Settings, team: str) -> Inputs:
    """Return what a team was last asked to be."""
    from provisioner.runs.inputs import thaw  # noqa: PLC0415 - help does not pay for it

    verb = "bootstrap" if team == PLATFORM_TEAM else "up"
    return thaw(open_artifacts(settings), last_run(settings, team, verb).inputs)

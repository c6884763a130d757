"""What ``up``, ``destroy`` and ``runs resume`` share: enter a place, open or find the run, execute it, tell the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner import settings
from provisioner.cli.asking import TerminalApprover
from provisioner.cli.display import display
from provisioner.cli.ending import told
from provisioner.cli.habits import note
from provisioner.cli.output import emit
from provisioner.errors import InvalidInput
from provisioner.request.models import Platform, Request
from provisioner.request.resolve import Team, require_ours, resolve
from provisioner.runs.execution import VERBS, Asked, Execution, open_or_continue
from provisioner.runs.inputs import Inputs, freeze, thaw
from provisioner.runs.interruption import Interruption
from provisioner.runs.ledger import Run
from provisioner.runs.reviewed import Reviewed, ReviewedApprover
from provisioner.runs.tools import Tools
from provisioner.wiring.ahead import import_clients
from provisioner.wiring.bootstrapping import NAME, platform_seed, platform_tools, verbs
from provisioner.wiring.folders import (
    find_terraform,
    open_artifacts,
    open_ledger,
    require_git,
    runs_folder,
    versions,
    workers,
)
from provisioner.wiring.place import Place, enter, place_of, tools_for
from provisioner.wiring.providers import Provider, choose
from provisioner.wiring.vigil import Vigil


@dataclass(frozen=True, slots=True)
class Work:
    """What was asked for on the command line.

    ``sandbox`` is None where nothing was said; ``expected`` holds changes that were reviewed elsewhere.
    """

    verb: str
    request: Request
    platform: Platform
    sandbox: bool | None = None
    seed: bool = True
    delete_data: bool = False
    expected: Path | None = None


def work(asked: Work, *, yes: bool, output: str) -> int:
    """Start a run, or go on with the unfinished one that was asked for the same; returns the exit code."""
    require_ours(resolve(asked.request, asked.platform))
    current = settings.read()
    require_git(current)
    ledger, artifacts = open_ledger(current), open_artifacts(current)
    place = place_of(current, ledger, asked.request.team, asked.sandbox)
    made_with = versions(current) | _provider(place).versions()
    inputs = Inputs(asked.request, asked.platform, made_with, asked.delete_data)
    wanted = Asked(asked.verb, asked.request.team, freeze(artifacts, inputs), place, current.user)
    reviewed = Reviewed.read(asked.expected) if asked.expected else None
    run = open_or_continue(ledger, wanted)
    return _carried_out(run, inputs, seed=asked.seed, yes=yes, output=output, reviewed=reviewed)


def go_on(run: Run, *, yes: bool, output: str) -> int:
    """Go on with a run that stopped; returns the exit code."""
    current = settings.read()
    require_git(current)
    inputs = thaw(open_artifacts(current), run.inputs)
    return _carried_out(run, inputs, seed=False, yes=yes, output=output)


def _carried_out(  # noqa: PLR0913 - what was said on the command line
    run: Run, inputs: Inputs, *, seed: bool, yes: bool, output: str, reviewed: Reviewed | None = None
) -> int:
    current = settings.read()
    board = display(no_color=current.no_color, ci=current.ci)
    provider = _provider(run.place)
    _require_same(inputs.versions, provider, run.id)
    using = f"{find_terraform(current)}{f', {provider}' if provider != Provider() else ''}"
    board.begun(run.id, f"{run.id}  with {using}")
    with board.shown():
        import_clients()
        laying = run.verb == NAME
        place: Place = enter(
            current, run.place, inputs.team(), board, seed=seed, seeding=platform_seed if laying else None
        )
        ledger, vigil = open_ledger(place.settings), Vigil(place)

        def tools(team: Team, interruption: Interruption) -> Tools:
            vigil.guard(interruption)
            here = TerminalApprover(board, current.user, yes, interruption.check)
            approver = ReviewedApprover(reviewed, current.user) if reviewed else here
            usual = tools_for(place, ledger, team, interruption, approver, board)
            return platform_tools(usual, place, team) if laying else usual

        execution = Execution(
            tools=tools,
            ledger=ledger,
            database=runs_folder(current) / "dbos.sqlite3",
            workers=workers(),
            verbs=verbs(place.settings) if laying else VERBS,
        )
        with vigil.kept():
            result = execution.carry_out(run, inputs)
    emit(result, output, lambda: told(run.verb, result, inputs.team()))
    return 0


def _provider(place: str) -> Provider:
    """Decide which provider Terraform gets; on the real clouds there is nothing to decide."""
    return choose(settings.read(), note) if place == "sandbox" else Provider()


def _require_same(made_with: Mapping[str, str], provider: Provider, run_id: str) -> None:
    before, now = (each.get("provider", "the stand-in provider") for each in (made_with, provider.versions()))
    if before != now:
        raise InvalidInput(
            f"this run was planned with {before}, and Terraform would get {now}",
            fix="go on with the same --provider, or start a new run",
            where=run_id,
        )

"""``runs``: what was done, what is under way, what can go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import provider_options
from provisioner.cli.output import bad, emit, good, moment, output_option, table
from provisioner.cli.reporting import progress_option
from provisioner.errors import InvalidInput
from provisioner.wiring.folders import open_ledger, read_steps

if TYPE_CHECKING:
    from provisioner.runs.ledger import Ledger, Run


@click.group()
def command() -> None:
    """List, show and resume runs."""


@command.command("list")
@click.option("--team", metavar="TEAM", shell_complete=candidates.teams, help="Only runs of this team.")
@click.option("--limit", default=20, show_default=True, help="The newest N.")
@output_option
def list_(team: str | None, limit: int, output: str) -> None:
    """List runs, newest first. One whose process is gone is `stopped`: the same command, or `resume`, goes on."""
    ledger = open_ledger(settings.read())
    found = _documents(ledger, ledger.runs(team)[:limit])
    rows = [
        (
            run["id"],
            run["verb"],
            run["team"],
            _colored(run["status"]),
            moment(run["started"]),
            run["message"].partition("\n")[0],
        )
        for run in found
    ]
    headings = ("RUN", "VERB", "TEAM", "STATUS", "STARTED", "")
    emit(found, output, lambda: table(headings, rows) if rows else ["no runs yet"])


@command.command()
@click.argument("run_id", metavar="RUN", shell_complete=candidates.runs)
@output_option
def show(run_id: str, output: str) -> None:
    """Show one run: its steps, and what the audit trail says of it."""
    ledger = open_ledger(settings.read())
    run = _find(ledger, run_id)
    steps = read_steps(settings.read(), run.id)
    audit = [record for record in ledger.audit_records() if record.get("run") == run.id]
    (facts_of_run,) = _documents(ledger, [run])
    document = {**facts_of_run, "steps": steps, "audit": audit}

    def text() -> list[str]:
        facts = [f"{name:10} {value}" for name, value in facts_of_run.items() if value]
        done = table(("STEP", "STATUS"), [(each["step"], each["status"]) for each in steps]) if steps else []
        return [*facts, "", *done]

    emit(document, output, text)


@command.command()
@click.argument("run_id", metavar="RUN", shell_complete=candidates.unfinished_runs)
@click.option("--yes", is_flag=True, help="Approve what is still to be approved.")
@provider_options
@progress_option
@output_option
@click.pass_context
def resume(ctx: click.Context, run_id: str, output: str, *, yes: bool) -> None:
    """Go on with a run where it stopped."""
    from provisioner.cli.working import go_on  # noqa: PLC0415 - listing runs does not pay for the engine

    run = _find(open_ledger(settings.read()), run_id)
    if run.status == "done":
        raise InvalidInput("this run is done", fix=f"start a new one with `provision-env {run.verb}`", where=run.id)
    ctx.exit(go_on(run, yes=yes, output=output))


def _find(ledger: Ledger, run_id: str) -> Run:
    run = ledger.run(run_id)
    if run is None:
        raise InvalidInput("there is no such run", fix="see `provision-env runs list`", where=run_id)
    return run


def _documents(ledger: Ledger, runs: list[Run]) -> list[dict[str, str]]:
    """Return runs as JSON shows them."""
    from provisioner.runs.leases import as_they_are  # noqa: PLC0415 - help does not pay for the book

    return [run.document() for run in as_they_are(ledger, runs)]


def _colored(status: str) -> str:
    if status == "running":
        return status
    return good(status) if status == "done" else bad(status)

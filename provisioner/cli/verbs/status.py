"""``status``: what exists for a team."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, faint, good, output_option
from provisioner.cli.recorded import last_inputs, last_run
from provisioner.cli.tables import records

if TYPE_CHECKING:
    from provisioner.runs.ledger import Run


@click.command()
@click.argument("team", metavar="TEAM", shell_complete=candidates.teams)
@sandbox_option
@output_option
def command(team: str, sandbox: bool | None, output: str) -> None:  # noqa: FBT001 - three states, by name from click
    """Show what exists for TEAM: environments as their state has them, the repository, the last run."""
    from provisioner.wiring.observing import observe  # noqa: PLC0415 - help does not pay for it

    current = settings.read()
    run = last_run(current, team)
    document = {**observe(current, last_inputs(current, team).team(), sandbox), "last_run": run.document()}
    emit(document, output, lambda: _text(document, run))


def _text(document: dict[str, Any], run: Run) -> Iterator[str]:
    yield f"{document['team']}  in the {run.place}, last run {run.id}: {run.status}"
    yield ""
    rows = [
        (
            each["environment"],
            each["project"],
            _resources(each),
            ", ".join(each["services"]) or "-",
            ", ".join(each["buckets"]) or "-",
        )
        for each in document["environments"]
    ]
    yield from records(("ENVIRONMENT", "PROJECT", "RESOURCES", "SERVICES", "BUCKETS"), rows)
    yield ""
    repository = document["repository"]
    yield f"Repository  {repository['html_url']}" if repository else f"Repository  {faint('none')}"


def _resources(environment: dict[str, Any]) -> str:
    count = environment["resources"]
    return good(str(count)) if count else bad("none")

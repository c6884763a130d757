"""``access``: who reaches which identity."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioner import settings
from provisioner.cli.output import bad, emit, good, output_option, table
from provisioner.cli.recorded import last_run
from provisioner.errors import InvalidInput, ProvisionError
from provisioner.runs.ledger import Run
from provisioner.wiring.folders import open_artifacts, open_ledger


@click.command()
@click.argument("team", metavar="TEAM[/ENVIRONMENT]")
@click.option("--all", "everything", is_flag=True, help="Show the refusals too.")
@click.option(
    "--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Write one page with a picture."
)
@output_option
def command(team: str, html_file: Path | None, output: str, *, everything: bool) -> None:
    """Show which jobs of the repository reach which identity, as the last run of TEAM established it.

    Each row says what started the job, which account it reaches, and whether that was computed from the trust
    conditions or really tried: token minted, exchanged, account impersonated, API called.
    """
    name, _, environment = team.partition("/")
    run, matrix = _recorded(name)
    _require_known(environment, {row["identity"].partition("/")[0] for row in matrix["rows"]}, team)
    rows = [row for row in matrix["rows"] if not environment or row["identity"].startswith(f"{environment}/")]
    if html_file is not None:
        held = [
            each
            for each in matrix.get("holdings", ())
            if not environment or each["identity"].startswith(f"{environment}/")
        ]
        from provisioner.access.page import page  # noqa: PLC0415 - only the page needs it

        _write(html_file, page(name, {**matrix, "rows": rows, "holdings": held}, run=run.id, made=run.updated))
    shown = [row for row in rows if everything or row["expected"] or not row["right"]]
    emit({**matrix, "rows": rows}, output, lambda: _text(shown, matrix["summary"]))


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot be written: {error.strerror}", fix="name another file", where=str(file)) from error


def _recorded(team: str) -> tuple[Run, dict[str, Any]]:
    current = settings.read()
    last_run(current, team)
    artifacts = open_artifacts(current)
    for run in open_ledger(current).runs(team):
        matrix = artifacts.get(run.id, "access")
        if matrix is not None:
            return run, matrix
    raise ProvisionError("no run of this team came as far as its access matrix", fix="run `up` again", where=team)


def _require_known(environment: str, known: set[str], team: str) -> None:
    if environment and environment not in known:
        near = difflib.get_close_matches(environment, known, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"
        raise InvalidInput(f"there is no environment '{environment}'", fix=fix, where=team)


def _text(rows: list[dict[str, Any]], summary: str) -> Iterator[str]:
    yield summary
    yield ""
    cells = [(row["identity"], row["context"], _outcome(row), row["stage"], row["how"]) for row in rows]
    yield from table(("IDENTITY", "JOB", "REACHED", "STAGE", "ESTABLISHED"), cells)


def _outcome(row: dict[str, Any]) -> str:
    reached = row["executed"] if row["executed"] is not None else row["computed"]
    word = {True: "yes", False: "no", None: "unknown"}[reached]
    return (good if row["right"] else bad)(word if row["right"] else f"{word} (WRONG)")

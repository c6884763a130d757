"""``validate``: check a request and show what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioner.cli.inputs import platform_option, read_team, request_argument
from provisioner.cli.output import emit, faint, good, output_option, table
from provisioner.request.names import derived_names
from provisioner.request.resolve import Team


@click.command()
@request_argument
@platform_option
@output_option
def command(request_file: Path, platform_file: Path | None, output: str) -> None:
    """Check REQUEST and show every name that follows from it.

    Nothing is contacted. All problems are listed at once, each with file, line and what to write instead.
    """
    team = read_team(request_file, platform_file)
    emit(_document(team, request_file), output, lambda: _text(team, request_file))


def _document(team: Team, path: Path) -> dict[str, Any]:
    names = [
        {"environment": each.environment, "what": each.what, "name": each.name, "shortened": each.shortened}
        for each in derived_names(team)
    ]
    environments = [spec.name for spec in team.environments]
    return {"valid": True, "file": str(path), "team": team.slug, "environments": environments, "names": names}


def _text(team: Team, path: Path) -> Iterator[str]:
    stages = " -> ".join(spec.name for spec in team.environments)
    yield f"{good('valid')}  {path}: team {team.slug}, {stages}"
    yield ""
    rows = [
        (each.environment, each.what, each.name + (faint("  (shortened)") if each.shortened else ""))
        for each in derived_names(team)
    ]
    yield from table(("ENVIRONMENT", "WHAT", "NAME"), rows)

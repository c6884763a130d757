"""``validate``: check a request and show what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner.cli.inputs import platform_option, read_team, request_argument
from provisioner.cli.output import emit, faint, good, output_option, table

if TYPE_CHECKING:
    from provisioner.request.names import DerivedName
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
    names = _names(team)
    emit(_document(team, request_file, names), output, lambda: _text(team, request_file, names))


def _names(team: Team) -> Sequence[DerivedName]:
    from provisioner.request.names import derived_names  # noqa: PLC0415 - help does not pay for it

    return tuple(derived_names(team))


def _document(team: Team, path: Path, derived: Sequence[DerivedName]) -> dict[str, Any]:
    names = [
        {"environment": each.environment, "what": each.what, "name": each.name, "shortened": each.shortened}
        for each in derived
    ]
    environments = [spec.name for spec in team.environments]
    return {"valid": True, "file": str(path), "team": team.slug, "environments": environments, "names": names}


def _text(team: Team, path: Path, derived: Sequence[DerivedName]) -> Iterator[str]:
    stages = " -> ".join(spec.name for spec in team.environments)
    yield f"{good('valid')}  {path}: team {team.slug}, {stages}"
    yield ""
    rows = [
        (each.environment, each.what, each.name + (faint("  (shortened)") if each.shortened else ""))
        for each in derived
    ]
    yield from table(("ENVIRONMENT", "WHAT", "NAME"), rows)

"""``repo``: only the repository, for a team whose infrastructure exists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli.inputs import platform_option, read_team, request_argument, sandbox_option
from provisioner.cli.output import bad, emit, good, output_option
from provisioner.errors import InvalidInput, ProvisionError

if TYPE_CHECKING:
    from provisioner.request.resolve import Team


@click.group()
def command() -> None:
    """Set up or verify only the repository of a team."""


def outputs_option(function: Any) -> Any:  # noqa: ANN401 - a decorator
    """Take the file with what Terraform made."""
    return click.option(
        "--outputs",
        "outputs_file",
        required=True,
        type=click.Path(path_type=Path),
        help='JSON: {"dev": <output `environment` of dev\'s root>, …}, or what `up --output json` printed.',
    )(function)


@command.command()
@request_argument
@platform_option
@sandbox_option
@outputs_option
@output_option
def bootstrap(
    *, request_file: Path, platform_file: Path | None, sandbox: bool | None, outputs_file: Path, output: str
) -> None:
    """Make the repository of REQUEST and fill it: environments, variables, first commit, rulesets."""
    from provisioner.cli.display import display  # noqa: PLC0415 - help does not pay for it
    from provisioner.wiring.repositories import set_up  # noqa: PLC0415 - help does not pay for it

    team, current = read_team(request_file, platform_file), settings.read()
    board = display(no_color=current.no_color, ci=current.ci)
    with board.shown():
        done = set_up(current, team, _outputs(outputs_file, team), board, sandbox)
    emit(done, output, lambda: [f"{good('ready')}  {done['html_url']}  {done['summary']}"])


@command.command()
@request_argument
@platform_option
@sandbox_option
@outputs_option
@output_option
def verify(
    *, request_file: Path, platform_file: Path | None, sandbox: bool | None, outputs_file: Path, output: str
) -> None:
    """Compare the repository of REQUEST with what was set up; exit code 1 when something differs."""
    from provisioner.cli.display import display  # noqa: PLC0415 - help does not pay for it
    from provisioner.wiring.repositories import differences  # noqa: PLC0415 - help does not pay for it

    team, current = read_team(request_file, platform_file), settings.read()
    board = display(no_color=current.no_color, ci=current.ci)
    found = differences(current, team, _outputs(outputs_file, team), board, sandbox)
    lines = [f"{bad('differs')}  {each['where']}: expected {each['expected']}, found {each['found']}" for each in found]
    emit(found, output, lambda: lines or [f"{good('as it was set up')}  {team.repository_full_name}"])
    if found:
        raise ProvisionError(
            f"{len(found)} settings differ", fix="run `provision-env repo bootstrap`, which mends them"
        )


def _outputs(path: Path, team: Team) -> dict[str, Any]:
    """Read outputs by environment; the result of `up` holds them by root."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the outputs cannot be read: {error}", fix="give a JSON file", where=str(path)) from error
    if isinstance(document, dict) and isinstance(document.get("outputs"), dict):
        document = {spec.name: document["outputs"].get(spec.names.root) for spec in team.environments}
    missing = [spec.name for spec in team.environments if not isinstance(document.get(spec.name), dict)]
    if missing:
        raise InvalidInput(f"there are no outputs for {', '.join(missing)}", fix="add them", where=str(path))
    return {name: each if "environment" in each else {"environment": each} for name, each in document.items()}

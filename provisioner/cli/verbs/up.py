"""``up``: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from provisioner import settings
from provisioner.cli.inputs import platform_option, read_inputs, request_argument, sandbox_option
from provisioner.cli.output import output_option
from provisioner.cli.reporting import progress_option
from provisioner.errors import InvalidInput
from provisioner.wiring.ahead import start_sandbox
from provisioner.wiring.folders import sandbox_folder


@click.command()
@request_argument
@platform_option
@sandbox_option
@click.option("--yes", is_flag=True, help="Approve the changes without being asked.")
@click.option(
    "--expect-changes",
    "expected",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Approve exactly the changes that `plan --out-changes` wrote and people reviewed; stop at any other.",
)
@click.option(
    "--seed/--no-seed-projects", "seed", default=True, help="Make the request's projects in a sandbox that lacks them."
)
@progress_option
@output_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    ctx: click.Context,
    *,
    request_file: Path,
    platform_file: Path | None,
    sandbox: bool | None,
    yes: bool,
    expected: Path | None,
    seed: bool,
    output: str,
) -> None:
    """Make the environments and the repository of REQUEST what it says.

    What changes is planned, held against the rules and shown before anything is applied. A run that was stopped, by
    whatever, goes on where it was when the same command is given again. Where nothing changes, nothing is done.

    \b
    Examples:
      provision-env up teams/churn.yaml --sandbox
      provision-env up teams/churn.yaml --yes --output json
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    request, platform = read_inputs(request_file, platform_file)
    if sandbox:
        start_sandbox(sandbox_folder(settings.read()))
    from provisioner.cli.working import Work, work  # noqa: PLC0415 - help does not pay for the engine

    if yes and expected:
        raise InvalidInput("--yes agrees to everything", fix="give --expect-changes alone", where="--expect-changes")
    asked = Work("up", request, platform, sandbox=sandbox, seed=seed, expected=expected)
    ctx.exit(work(asked, yes=yes, output=output))

"""``destroy``: take a team's environments down."""

from __future__ import annotations

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import output_option
from provisioner.cli.recorded import last_inputs
from provisioner.cli.reporting import progress_option
from provisioner.errors import InvalidInput


@click.command()
@click.argument("team", metavar="TEAM", shell_complete=candidates.teams)
@sandbox_option
@click.option("--delete-data", is_flag=True, help="Let buckets and registries go with what is in them.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@progress_option
@output_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    ctx: click.Context, *, team: str, sandbox: bool | None, delete_data: bool, yes: bool, output: str
) -> None:
    """Destroy the environments of TEAM and archive its repository.

    Two plans for each environment are made, checked and approved: one takes the protection away, one destroys. Buckets
    and registries that hold something stay in the cloud unless --delete-data is given. `up` makes everything again.
    """
    from provisioner.request.names import PLATFORM_TEAM  # noqa: PLC0415 - help does not pay for it

    if team == PLATFORM_TEAM:
        raise InvalidInput(
            "the platform's ground holds the state of every team: nothing destroys it",
            fix="destroy the teams; what is left is for people to take down by hand",
            where=team,
        )
    from provisioner.cli.working import Work, work  # noqa: PLC0415 - help does not pay for the engine

    inputs = last_inputs(settings.read(), team)
    asked = Work("destroy", inputs.request, inputs.platform, sandbox=sandbox, seed=False, delete_data=delete_data)
    ctx.exit(work(asked, yes=yes, output=output))

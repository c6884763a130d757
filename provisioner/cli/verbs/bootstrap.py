"""``bootstrap``: the platform's own ground."""

from __future__ import annotations

from pathlib import Path

import click

from provisioner import settings
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import output_option
from provisioner.wiring.ahead import start_sandbox
from provisioner.wiring.folders import sandbox_folder


@click.command()
@click.argument("platform_file", metavar="PLATFORM", type=click.Path(path_type=Path))
@sandbox_option
@click.option("--repository", default="platform", show_default=True, metavar="NAME", help="The platform's repository.")
@click.option("--yes", is_flag=True, help="Approve the changes without being asked.")
@output_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    ctx: click.Context, *, platform_file: Path, sandbox: bool | None, repository: str, yes: bool, output: str
) -> None:
    """Lay the ground that PLATFORM (platform.yaml) describes: once, and again whenever it changes.

    Makes the state bucket, the toolkit's own plan, preview and apply identities with the trust of one repository, and
    that repository: from then on a team's request is a pull request there. A second run changes nothing.

    \b
    Examples:
      provision-env bootstrap platform.yaml --sandbox
      provision-env bootstrap platform.yaml --repository ml-platform
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.request.loading import load_platform  # noqa: PLC0415 - help reads no file

    platform = load_platform(platform_file)
    if sandbox:
        start_sandbox(sandbox_folder(settings.read()))
    from provisioner.bootstrap.itself import platform_request  # noqa: PLC0415 - help does not pay for it
    from provisioner.cli.working import Work, work  # noqa: PLC0415 - help does not pay for the engine

    request = platform_request(platform, repository)
    ctx.exit(work(Work("bootstrap", request, platform, sandbox=sandbox), yes=yes, output=output))

"""``bootstrap``: the platform's own ground."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioner import settings
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, output_option
from provisioner.cli.reporting import progress_option
from provisioner.errors import RefusedByPolicy
from provisioner.wiring.ahead import start_sandbox
from provisioner.wiring.folders import sandbox_folder


@click.command()
@click.argument("platform_file", metavar="PLATFORM", type=click.Path(path_type=Path))
@sandbox_option
@click.option("--repository", default="platform", show_default=True, metavar="NAME", help="The platform's repository.")
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would change, and who reaches what then.")
@click.option("--yes", is_flag=True, help="Approve the changes without being asked.")
@progress_option
@output_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    ctx: click.Context,
    *,
    platform_file: Path,
    sandbox: bool | None,
    repository: str,
    only_plan: bool,
    yes: bool,
    output: str,
) -> None:
    """Lay the ground that PLATFORM (platform.yaml) describes: once, and again whenever it changes.

    Makes the state bucket, the toolkit's own plan, preview and apply identities with the trust of one repository, and
    that repository: from then on a team's request is a pull request there. A second run changes nothing.
    With --plan nothing is made; exit code 3 when a rule refuses the plan.

    \b
    Examples:
      provision-env bootstrap platform.yaml --sandbox
      provision-env bootstrap platform.yaml --plan
      provision-env bootstrap platform.yaml --repository ml-platform
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.request.loading import load_platform  # noqa: PLC0415 - help reads no file

    platform = load_platform(platform_file)
    if sandbox:
        start_sandbox(sandbox_folder(settings.read()))
    from provisioner.bootstrap.itself import platform_request  # noqa: PLC0415 - help does not pay for it

    if only_plan:
        _show(platform_request(platform, repository), platform, sandbox, output)
        return
    from provisioner.cli.working import Work, work  # noqa: PLC0415 - help does not pay for the engine

    request = platform_request(platform, repository)
    ctx.exit(work(Work("bootstrap", request, platform, sandbox=sandbox), yes=yes, output=output))


def _show(request: Any, platform: Any, sandbox: bool | None, output: str) -> None:  # noqa: ANN401, FBT001 - models that help does not read; three states
    from provisioner.cli.display import display  # noqa: PLC0415 - help does not pay for it
    from provisioner.request.resolve import resolve  # noqa: PLC0415 - likewise
    from provisioner.wiring.ground import preview  # noqa: PLC0415 - likewise

    current = settings.read()
    board = display(no_color=current.no_color, ci=current.ci)
    with board.shown():
        document = preview(current, resolve(request, platform), board, sandbox)
    emit(document, output, lambda: _text(document))
    if not document["verdict"]["passed"]:
        raise RefusedByPolicy(f"the rules refuse {document['root']}", fix="mend platform.yaml, or ask for a waiver")


def _text(document: dict[str, Any]) -> Iterator[str]:
    from provisioner.access.changes import marked  # noqa: PLC0415 - help does not pay for it

    yield f"{document['root']}: {'no changes' if document['empty'] else document['summary']}"
    yield from (f"  {'/'.join(change['actions'])} {change['address']}" for change in document["changes"])
    for finding in document["verdict"]["findings"]:
        mark = bad("refused") if finding["blocks"] else "noted"
        yield f"  {mark} {finding['rule']} {finding['resource']}: {finding['reason']}"
    yield ""
    yield "access: who reaches or may do what"
    yield from (f"  {line}" for line in marked(document["access"]))

"""``render``: write the Terraform roots of a request."""

from __future__ import annotations

from pathlib import Path

import click

from provisioner.cli.inputs import platform_option, read_team, request_argument
from provisioner.cli.output import emit, good, output_option
from provisioner.errors import InvalidInput, ProvisionError


@click.command()
@request_argument
@platform_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="terraform",
    show_default=True,
    help="Where to write.",
)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; fail and show the difference when files are stale."
)
@click.option("--repository-id", metavar="DIGITS", help="Numeric id of the GitHub repository [default: a preview id]")
@click.option("--owner-id", metavar="DIGITS", help="Numeric id of the GitHub owner [default: a preview id]")
@output_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    request_file: Path,
    platform_file: Path | None,
    out: Path,
    repository_id: str | None,
    owner_id: str | None,
    output: str,
    only_check: bool,
) -> None:
    """Write one Terraform root per environment of REQUEST below OUT/envs, with the modules beside them.

    The same request gives the same bytes. Without ids the roots carry a preview id, which the rules refuse at apply.
    """
    from provisioner.render import RepositoryIds, render  # noqa: PLC0415 - help does not pay for the templates

    team = read_team(request_file, platform_file)
    if bool(repository_id) != bool(owner_id):
        raise InvalidInput("one id is given without the other", fix="give both --repository-id and --owner-id")
    ids = RepositoryIds(repository_id, owner_id) if repository_id and owner_id else RepositoryIds.of_preview()
    tree = render(team, ids)
    difference = tree.diff(out)
    if not only_check:
        tree.write(out)
    document = {"folder": str(out), "roots": list(tree.folders()), "digest": tree.digest(), "stale": bool(difference)}
    stale = only_check and bool(difference)
    word = good("wrote" if difference else "current")
    told = [difference.rstrip()] if stale else [f"{word}  {out / each}" for each in tree.folders()]
    emit({**document, "difference": difference} if only_check else document, output, lambda: told)
    if stale:
        again = f"run `provision-env render {request_file} --out {out}` with the same ids"
        raise ProvisionError("the rendered files are stale", fix=again, where=str(out))

"""``schema``: print the JSON Schema of an input, or the form that Backstage makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from provisioner.cli.output import emit, output_option

if TYPE_CHECKING:
    from provisioner.request.models import Platform


@click.command()
@click.argument("kind", type=click.Choice(["request", "platform", "backstage"]), default="request")
@click.option(
    "-p",
    "--platform",
    "platform_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="For backstage: offer this platform's regions, locations and roles.",
)
@click.option(
    "--into",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="For backstage: write all that an adopter needs into this new folder.",
)
@output_option
def command(
    *,
    kind: Literal["request", "platform", "backstage"],
    platform_file: Path | None,
    folder: Path | None,
    output: str,
) -> None:
    """Print the JSON Schema of a request (default) or of platform.yaml; it is JSON for people too.

    With `backstage`, print the software template whose form asks for a request.

    \b
    Editors complete and check a file whose first line is
      # yaml-language-server: $schema=../schemas/request.schema.json
    \b
    Examples:
      provision-env schema platform
      provision-env schema backstage --platform platform.yaml > template.yaml
      provision-env schema backstage --platform platform.yaml --into backstage
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.request.schema import json_schema, schema_text  # noqa: PLC0415 - help does not pay for it

    if kind == "backstage":
        _form(platform_file, folder, output)
        return
    if platform_file or folder:
        raise click.UsageError("--platform and --into are for `provision-env schema backstage`.")
    emit(json_schema(kind), output, lambda: [schema_text(kind).rstrip()])


def _form(platform_file: Path | None, folder: Path | None, output: str) -> None:
    from provisioner.cli.backstage import template_text, write_folder  # noqa: PLC0415 - help does not pay for it
    from provisioner.request.form import backstage_template  # noqa: PLC0415 - likewise
    from provisioner.request.loading import load_platform  # noqa: PLC0415 - likewise

    platform: Platform | None = load_platform(platform_file) if platform_file else None
    if folder is None:
        emit(backstage_template(platform), output, lambda: [template_text(platform).rstrip()])
        return
    files = write_folder(folder, platform)
    emit({"folder": str(folder), "files": files}, output, lambda: [f"wrote {folder}/{file}" for file in files])

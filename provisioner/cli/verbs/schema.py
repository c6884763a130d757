"""``schema``: print the JSON Schema of an input."""

from __future__ import annotations

from typing import Literal

import click

from provisioner.cli.output import emit, output_option


@click.command()
@click.argument("kind", type=click.Choice(["request", "platform"]), default="request")
@output_option
def command(kind: Literal["request", "platform"], output: str) -> None:
    """Print the JSON Schema of a request (default) or of platform.yaml; it is JSON for people too.

    \b
    Editors complete and check a file whose first line is
      # yaml-language-server: $schema=../schemas/request.schema.json
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.request.schema import json_schema, schema_text  # noqa: PLC0415 - help does not pay for it

    emit(json_schema(kind), output, lambda: [schema_text(kind).rstrip()])

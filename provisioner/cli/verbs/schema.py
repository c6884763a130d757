"""``schema``: print the JSON Schema of an input."""

from __future__ import annotations

import json
from typing import Literal

import click

from provisioner.request.schema import json_schema


@click.command()
@click.argument("kind", type=click.Choice(["request", "platform"]), default="request")
def command(kind: Literal["request", "platform"]) -> None:
    """Print the JSON Schema of a request (default) or of platform.yaml.

    \b
    Editors complete and check a file whose first line is
      # yaml-language-server: $schema=../schemas/request.schema.json
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    click.echo(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))

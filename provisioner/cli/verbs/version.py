"""``version``: what takes part, and which version of it."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import click

from provisioner import settings
from provisioner.cli.output import emit, output_option
from provisioner.errors import ProvisionError
from provisioner.repository import template_version
from provisioner.wiring.folders import find_terraform


@click.command()
@output_option
def command(output: str) -> None:
    """Show the versions of provision-env, Terraform, the modules and the repository template."""
    from provisioner.render import modules_version  # noqa: PLC0415 - help does not pay for the templates

    document = {
        "provision-env": importlib.metadata.version("provision-env"),
        "terraform": _terraform(),
        "modules": modules_version(),
        "template": template_version(),
    }
    emit(document, output, lambda: [f"{name:14} {value}" for name, value in document.items()])


def _terraform() -> Any:  # noqa: ANN401 - a text, or None where there is no Terraform
    try:
        found = find_terraform(settings.read())
    except ProvisionError:
        return None
    return f"{found.kind} {found.version}"

"""``version``: what takes part, and which version of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from provisioner import settings
from provisioner.cli.output import emit, faint, output_option


@click.command()
@output_option
def command(output: str) -> None:
    """Show the versions of everything that takes part, and what this was built from.

    As JSON it also holds the digests of what ships: modules, templates and schemas. Two installations with equal
    digests render equal files.
    """
    from provisioner.wiring.packaging import installation  # noqa: PLC0415 - help does not pay for the templates

    document = installation(settings.read())
    emit(document, output, lambda: _text(document))


def _text(document: dict[str, Any]) -> Iterator[str]:
    at_hand = document["provider"]["at_hand"]
    made = document["built_from"]
    rows = {
        "provision-env": document["provision-env"],
        "built from" if made["kind"] == "build" else "checkout of": _origin(made),
        "python": document["python"],
        "terraform": document["terraform"] or "none found",
        "provider": document["provider"]["asked_for"] + (f" ({at_hand} at hand)" if at_hand else ""),
        "checkov": document["checkov"] or "not installed",
        "modules": f"{document['modules']}  {faint(document['digests']['modules'][:12])}",
        "template": f"{document['template']}  {faint(document['digests']['repo-template'][:12])}",
    }
    yield from (f"{name:14} {value}" for name, value in rows.items())


def _origin(made: dict[str, Any]) -> str:
    if made["commit"] is None:
        return "an unknown commit"
    return f"{made['commit'][:12]} of {made['committed'][:10]}{', files changed since' if made['dirty'] else ''}"

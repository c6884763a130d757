"""``sandbox coverage``: what the embedded Google Cloud and GitHub play, and what they refuse."""

from __future__ import annotations

import click

from provisioner.cli.output import FORMS, emit, table


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Choice([*FORMS, "markdown"]),
    default="text",
    show_default=True,
    help="Numbers for people, everything for programs, or the page of the documentation.",
)
def command(output: str) -> None:
    """Show which methods of which APIs the sandbox plays.

    What it does not play it refuses with 501 and the method's own name.
    """
    from provisioner.sandbox.coverage import document, markdown  # noqa: PLC0415 - it reads every API of the sandbox

    facts = document()
    if output == "markdown":
        click.echo(markdown(facts))
        return
    rows = [(name, str(len(each["answered"])), str(len(each["refused"]))) for name, each in facts["google"].items()]
    github = ("github (REST)", str(sum(map(len, facts["github"].values()))), "all others")
    emit(facts, output, lambda: table(("API", "PLAYED", "REFUSED"), [*rows, github]))

"""The reference of the command line in docs/cli.md: what ``--help`` says on every level, under the words of people.

usage: python -m tests.cli.reference    writes it anew
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from provisioner.cli.app import program
from provisioner.cli.habits import EVERYWHERE
from tests.cli.program import PROJECT

PAGE = PROJECT / "docs" / "cli.md"
BEGIN = "<!-- What follows is what --help says; write it anew with: python -m tests.cli.reference -->\n"


def helps() -> Iterator[tuple[str, str]]:
    """Return the path and the help of every level."""
    yield from _helps(
        program, click.Context(program, info_name="provision-env", terminal_width=80, **program.context_settings)
    )


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    lines = command.get_help(context).replace(EVERYWHERE, "").rstrip().splitlines()
    yield context.command_path.removeprefix("provision-env").strip(), "\n".join(lines)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _helps(below, click.Context(below, parent=context, info_name=name, terminal_width=80))


def page() -> str:
    """Return the page as it should be: what people wrote stays, the reference is new."""
    written = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
    parts = [
        f"\n{'##' if path.count(' ') == 0 else '###'} {path or 'provision-env'}\n\n```text\n{text}\n```\n"
        for path, text in helps()
    ]
    return written + BEGIN + "".join(parts)


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    PAGE.write_text(page(), encoding="utf-8")

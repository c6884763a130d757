"""What a person wants of every verb alike: how much is said, in which colours, and whether a report is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from provisioner.cli.examples import EXAMPLES

EVERYWHERE = "Everywhere: -q, -v, --no-color, --debug, see provision-env --help"
_OPTIONS = (
    (("-q", "--quiet"), "Print the result and errors, no progress and no notes."),
    (("-v", "--verbose"), "Tell each step when it begins, too."),
    (("--no-color",), "No colour; the variable NO_COLOR does the same."),
    (("--debug",), "Show tracebacks, and write a report without secrets."),
)


@dataclass(slots=True)
class Habits:
    """What the options said so far; every level of the command line shares one."""

    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    debug: bool = False


class _Unlisted(click.Option):
    """An option that completion offers and the help of a verb names in one line, with its companions."""

    def get_help_record(self, ctx: click.Context) -> None:
        """Return nothing."""


def habits() -> Habits:
    """Return the habits of the command that is running."""
    context = click.get_current_context(silent=True)
    return (context.find_object(Habits) if context else None) or Habits()


def note(text: str) -> None:
    """Say something by the way on standard error; not to who wants quiet."""
    if not habits().quiet:
        click.echo(text, err=True)


def options(kind: type[click.Option] = click.Option) -> list[click.Parameter]:
    """Return the options that every level takes."""
    return [
        kind(list(names), is_flag=True, default=False, expose_value=False, callback=_keep, help=text)
        for names, text in _OPTIONS
    ]


def equip(command: click.Command, path: str) -> click.Command:
    """Let a verb and all verbs below it take the options of every level, and show examples; once each."""
    if not any(isinstance(each, _Unlisted) for each in command.params):
        command.params.extend(options(_Unlisted))
        command.epilog = "\n\n".join([*_examples(command, path), EVERYWHERE])
        # click cuts what it takes from the help for the list of a group; a first sentence is whole.
        command.short_help = command.short_help or _first_sentence(command.help or "")
    below = command.commands.items() if isinstance(command, click.Group) else ()
    for name, each in below:
        equip(each, f"{path} {name}")
    return command


def _examples(command: click.Command, path: str) -> Iterator[str]:
    lines = EXAMPLES.get(path, ())
    if lines and "provision-env " not in (command.help or ""):
        yield "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def _first_sentence(text: str) -> str:
    first = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[^.][.])\s+(?=[A-Z])", first)[0]


def _keep(ctx: click.Context, option: click.Parameter, value: Any) -> None:  # noqa: ANN401 - click's signature
    kept = ctx.find_object(Habits)
    if not value or kept is None or option.name is None:
        return
    setattr(kept, option.name, True)
    if kept.quiet and kept.verbose:
        raise click.UsageError("--quiet and --verbose ask for opposite things: leave one out.", ctx)
    if kept.no_color:
        ctx.color = False

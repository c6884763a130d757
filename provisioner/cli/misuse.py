"""Command lines that make no sense: how they should look, what is wrong, and what was probably meant."""

from __future__ import annotations

import difflib
import re

import click

from provisioner.cli.output import print_error
from provisioner.errors import InvalidInput

_NOT_ONE_OF = re.compile(r"'([^']*)' is not one of ")


def show_misuse(error: click.ClickException, *, color: bool | None) -> None:
    """Show the usage, and the error as every other; who names no verb at all gets the help and no reproach."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(context.get_usage(), err=True)
        click.echo("", err=True)
    fix = f"see {context.command_path} --help" if context else ""
    print_error(InvalidInput(reason_of(error), fix=fix), color=color)


def reason_of(error: click.ClickException) -> str:
    """Return what is wrong, with the one name that was probably meant."""
    likely = _likely(error)
    said = error.message if isinstance(error, (click.NoSuchOption, click.NoSuchCommand)) else error.format_message()
    return f"{said} Did you mean '{likely}'?" if likely and "Did you mean" not in said else said


def _likely(error: click.ClickException) -> str | None:
    if isinstance(error, click.NoSuchOption):
        return _nearest(error.option_name, error.possibilities or [])
    if isinstance(error, click.NoSuchCommand):
        return _nearest(error.command_name, error.possibilities or [])
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
    typed = _NOT_ONE_OF.search(error.format_message())
    return _nearest(typed[1], list(map(str, kind.choices))) if typed and isinstance(kind, click.Choice) else None


def _nearest(typed: str, known: list[str]) -> str | None:
    """Return the name that is nearest; letters in another order count as near, as people type them."""
    near = difflib.get_close_matches(typed, known, n=3)
    return min(near, key=lambda name: sorted(name) != sorted(typed), default=None)

"""How results reach people and programs: text or JSON, colour only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from provisioner.errors import InvalidInput, ProvisionError

Function = TypeVar("Function", bound=Callable[..., Any])


def output_option(function: Function) -> Function:
    """Add ``--output text|json`` to a verb."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people or for programs.",
    )
    return option(function)


def emit(document: Any, output: str, text: Callable[[], Iterable[str]]) -> None:  # noqa: ANN401 - JSON has no narrower type
    """Print the document as JSON, or the lines that ``text`` makes."""
    if output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for line in text():
        click.echo(line)


def write_file(file: Path, content: str, *, private: bool = False) -> None:
    """Write a file that the user named; a new ``private`` one is for its owner only. Raises InvalidInput."""
    try:
        if private:
            file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot be written: {error.strerror}", fix="name another file", where=str(file)) from error


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align rows under headings; the last column is never padded."""
    cells = [list(headings), *[list(row) for row in rows]]
    widths = [max(len(click.unstyle(row[column])) for row in cells) for column in range(len(headings))]
    lines = ["  ".join(map(_padded, row, widths)).rstrip() for row in cells]
    return [click.style(lines[0], bold=True), *lines[1:]]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - len(click.unstyle(cell)))  # colour takes no room


def good(text: str) -> str:
    """Mark something that is well."""
    return click.style(text, fg="green")


def bad(text: str) -> str:
    """Mark something that is not."""
    return click.style(text, fg="red")


def faint(text: str) -> str:
    """Set something back."""
    return click.style(text, dim=True)


def print_error(error: ProvisionError, *, as_json: bool, color: bool | None = None) -> None:
    """Say on standard error what was wrong, where, and what to do; every problem when there are several.

    ``color`` is False to leave it out; None leaves it out where standard error is no terminal.
    """
    if as_json:
        document = {
            **_parts(error),
            "exit_code": error.exit_code,
            "problems": [_parts(each) for each in error.problems],
        }
        click.echo(json.dumps({"error": document}, indent=2, ensure_ascii=False), err=True)
        return
    for each in error.problems or (error,):
        click.echo("\n".join(_lines(each)), err=True, color=color)
    if error.problems:
        last = f"{bad('error')}: {error.reason}" + (f"\n  {error.fix}" if error.fix else "")
        click.echo(last, err=True, color=color)
    sys.stderr.flush()


def _lines(error: ProvisionError) -> list[str]:
    place = f"{error.where}: " if error.where else ""
    return [f"{bad('error')}: {place}{error.reason}", *([f"  {error.fix}"] if error.fix else [])]


def _parts(error: ProvisionError) -> dict[str, str]:
    return {"kind": type(error).__name__, "reason": error.reason, "where": error.where, "fix": error.fix}

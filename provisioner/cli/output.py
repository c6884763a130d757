"""How results reach people and programs: text, JSON, YAML or a plain table; colour only on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from provisioner import settings
from provisioner.cli.tables import flat, table
from provisioner.errors import InvalidInput, ProvisionError

__all__ = [
    "FORMS", "bad", "emit", "faint", "folded", "good", "moment", "output_option", "print_error", "table", "warn",
    "wrapped",
    "write_file", "written",
]  # fmt: skip

Function = TypeVar("Function", bound=Callable[..., Any])


FORMS = ("text", "json", "yaml", "table")


def output_option(function: Function) -> Function:
    """Add ``--output text|json|yaml|table`` to a verb."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(FORMS),
        default="text",
        show_default=True,
        help="For people, or the same facts for programs.",
    )
    return option(function)


def emit(
    document: Any,  # noqa: ANN401 - JSON has no narrower type
    output: str,
    text: Callable[[], Iterable[str]],
) -> None:
    """Print the document in a form for programs, or the lines that ``text`` makes.

    Lines that do not fit on the terminal go through the program in PAGER, if there is one.
    """
    if output == "text":
        _shown(list(text()))
    elif output == "table":
        _shown(flat(json.loads(json.dumps(document))))
    else:
        click.echo(written(document, output))


def written(document: Any, form: str) -> str:  # noqa: ANN401 - as above
    """Return a document as JSON or YAML; both hold the same."""
    if form == "yaml":
        from provisioner.cli.yamls import yaml_text  # noqa: PLC0415 - only who wants YAML pays for it

        return yaml_text(document)
    return json.dumps(document, indent=2, ensure_ascii=False)


def _shown(lines: list[str]) -> None:
    number = sum(1 + line.count("\n") for line in lines)
    if settings.read().pager and sys.stdout.isatty() and number >= shutil.get_terminal_size().lines:
        click.echo_via_pager("\n".join(lines) + "\n")
        return
    for line in lines:
        click.echo(line)


def folded(start: str, text: str) -> list[str]:
    """Break a text between words at the width of the terminal, below itself behind ``start``; elsewhere do not."""
    margin = len(click.unstyle(start))
    if not sys.stdout.isatty():
        return [f"{start}{text}"]
    width = max(shutil.get_terminal_size().columns - margin, 20)
    plain = click.unstyle(text)
    lines = textwrap.wrap(plain, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{start if not number else ' ' * margin}{text.replace(plain, line)}" for number, line in enumerate(lines)]


def write_file(file: Path, content: str, *, private: bool = False) -> None:
    """Write a file that the user named; a new ``private`` one is for its owner only. Raises InvalidInput."""
    try:
        if private:
            file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot be written: {error.strerror}", fix="name another file", where=str(file)) from error


def moment(text: str) -> str:
    """Return an ISO 8601 time as people read it: to the second, in UTC as it is."""
    return text.partition(".")[0].removesuffix("Z").replace("T", " ")


def good(text: str) -> str:
    """Mark something that is well."""
    return click.style(text, fg="green")


def bad(text: str) -> str:
    """Mark something that is not."""
    return click.style(text, fg="red")


def warn(text: str) -> str:
    """Mark something to look at."""
    return click.style(text, fg="yellow")


def faint(text: str) -> str:
    """Set something back."""
    return click.style(text, dim=True)


def print_error(error: ProvisionError, *, output: str = "text", color: bool | None = None) -> None:
    """Say on standard error what was wrong, where, and what to do; every problem when there are several.

    ``color`` is False to leave it out; None leaves it out where standard error is no terminal.
    """
    if output in {"json", "yaml"}:
        document = {
            **_parts(error),
            "exit_code": error.exit_code,
            "problems": [_parts(each) for each in error.problems],
        }
        click.echo(written({"error": document}, output), err=True)
        return
    for each in error.problems or (error,):
        click.echo("\n".join(_lines(each)), err=True, color=color)
    last = ProvisionError(error.reason, fix=error.fix)
    # A single problem is its own summary.
    if error.problems and (last.reason, last.fix) not in {(each.reason, each.fix) for each in error.problems}:
        click.echo("\n".join(_lines(last)), err=True, color=color)
    sys.stderr.flush()


def _lines(error: ProvisionError) -> list[str]:
    place = f"{error.where}: " if error.where else ""
    said = wrapped(f"error: {place}{error.reason}")
    said[0] = bad("error") + said[0].removeprefix("error")
    return [*said, *(wrapped(f"  {error.fix}") if error.fix else [])]


def wrapped(text: str, hanging: str = "  ") -> list[str]:
    """Break a text of standard error between words at the terminal's width; in a file a line stays one line."""
    if not sys.stderr.isatty():
        return [text]
    width = max(shutil.get_terminal_size().columns, 20)
    return [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(
            line, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        or [""]
    ]


def _parts(error: ProvisionError) -> dict[str, str]:
    return {"kind": type(error).__name__, "reason": error.reason, "where": error.where, "fix": error.fix}

"""The option that chooses how progress is written; apart from the display, so that help does not pay for drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

_CHOSEN = f"{__name__}.progress"


def progress_option(function: Function) -> Function:
    """Add ``--progress auto|json``; kept in the command's context, not passed on."""
    option = click.option(
        "--progress",
        type=click.Choice(["auto", "json"]),
        default="auto",
        show_default=True,
        expose_value=False,
        callback=_keep,
        help="Progress on standard error: for who looks, or in JSON lines for a program.",
    )
    return option(function)


def json_lines_wanted() -> bool:
    """Tell whether the command that runs was asked for JSON lines."""
    context = click.get_current_context(silent=True)
    return context is not None and context.meta.get(_CHOSEN) == "json"


def _keep(ctx: click.Context, _option: click.Parameter, value: str) -> None:
    ctx.meta[_CHOSEN] = value

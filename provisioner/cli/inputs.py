"""Options and files that several verbs share: the request, its platform.yaml, the sandbox switch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from provisioner.errors import InvalidInput
from provisioner.request.loading import load_platform, load_request
from provisioner.request.models import Platform, Request
from provisioner.request.resolve import Team, resolve

Function = TypeVar("Function", bound=Callable[..., Any])

_PLATFORM = "platform.yaml"


def request_argument(function: Function) -> Function:
    """Take the path of a request file."""
    return click.argument("request_file", metavar="REQUEST", type=click.Path(path_type=Path))(function)


def platform_option(function: Function) -> Function:
    """Take the path of platform.yaml; looked for beside and above the request when not given."""
    option = click.option(
        "-p",
        "--platform",
        "platform_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The platform team's settings [default: platform.yaml beside or above the request]",
    )
    return option(function)


def sandbox_option(function: Function) -> Function:
    """Choose the embedded clouds, the real ones, or (not given) what the team used last."""
    option = click.option(
        "--sandbox/--no-sandbox",
        default=None,
        help="Work on the embedded Google Cloud and GitHub, or on the real ones [default: what the team used last]",
    )
    return option(function)


def read_inputs(request_file: Path, platform_file: Path | None) -> tuple[Request, Platform]:
    """Return a checked request and its platform settings."""
    platform = load_platform(platform_file or find_platform(request_file))
    return load_request(request_file, platform), platform


def read_team(request_file: Path, platform_file: Path | None) -> Team:
    """Return everything that follows from a request file."""
    return resolve(*read_inputs(request_file, platform_file))


def find_platform(request_file: Path) -> Path:
    """Return the nearest platform.yaml in the request's folder or one above it."""
    if not request_file.exists():
        raise InvalidInput("there is no such file", fix="give the path of a request file", where=str(request_file))
    found = nearest_platform(request_file.resolve().parent)
    if found is not None:
        return found
    raise InvalidInput(
        f"no {_PLATFORM} beside {request_file} or in a folder above it",
        fix="write one (see examples/platform.yaml), or name it with --platform",
        where=str(request_file),
    )


def nearest_platform(folder: Path) -> Path | None:
    """Return the platform.yaml in a folder (absolute; it need not exist yet) or the nearest one above it."""
    candidates = (each / _PLATFORM for each in (folder, *folder.parents))
    return next((each for each in candidates if each.is_file()), None)

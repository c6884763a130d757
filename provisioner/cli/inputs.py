"""Options and files that several verbs share: the request, its platform.yaml, the sandbox switch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from provisioner import settings
from provisioner.errors import InvalidInput

if TYPE_CHECKING:
    from provisioner.request.models import Platform, Request
    from provisioner.request.resolve import Team

Function = TypeVar("Function", bound=Callable[..., Any])

_PLATFORM = "platform.yaml"
_PROVIDER = f"{__name__}.provider"


def request_argument(function: Function) -> Function:
    """Take the path of a request file."""
    return click.argument("request_file", metavar="REQUEST", type=click.Path(path_type=Path))(function)


def platform_option(function: Function) -> Function:
    """Take the path of platform.yaml; looked for beside and above the request when not given."""
    return _platform("The platform team's settings [default: platform.yaml beside or above the request]")(function)


def given_platform_option(function: Function) -> Function:
    """Take the path of platform.yaml and look for none: what is checked may be a stranger's, and its rules are code."""
    return _platform("The platform team's settings, with its waivers and rules [default: none]")(function)


def _platform(text: str) -> Callable[[Function], Function]:
    names = ("-p", "--platform", "platform_file")
    return click.option(*names, metavar="FILE", type=click.Path(path_type=Path), help=text)


def sandbox_option(function: Function) -> Function:
    """Choose the embedded clouds, the real ones, or (not given) what the team used last."""
    option = click.option(
        "--sandbox/--no-sandbox",
        default=None,
        help="Work on the embedded Google Cloud and GitHub, or on the real ones [default: what the team used last]",
    )
    return option(provider_options(function))


def provider_options(function: Function) -> Function:
    """Choose which hashicorp/google Terraform gets in a sandbox; kept for the whole process, not passed on."""
    mirror = click.option(
        "--provider-mirror",
        metavar="DIR",
        type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
        expose_value=False,
        callback=_choose_mirror,
        help="Take the real hashicorp/google for the sandbox out of this folder (a filesystem_mirror).",
    )
    kind = click.option(
        "--provider",
        type=click.Choice(["standin", "registry", "auto"]),
        expose_value=False,
        is_eager=True,
        callback=_choose_provider,
        help="Which hashicorp/google runs against the sandbox: the stand-in, the real one, or the real one where it is "
        "at hand [default: standin, or registry with a mirror]",
    )
    return kind(mirror(function))


def _choose_provider(ctx: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[_PROVIDER] = value
        settings.choose_provider(value, settings.read().provider_mirror)


def _choose_mirror(ctx: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is None:
        return
    said = ctx.meta.get(_PROVIDER)
    if said == "standin":
        raise click.UsageError("--provider-mirror is for the real provider: leave out --provider standin.")
    settings.choose_provider(said or "registry", value)


def read_inputs(request_file: Path, platform_file: Path | None) -> tuple[Request, Platform]:
    """Return a checked request and its platform settings."""
    from provisioner.request.loading import load_platform, load_request  # noqa: PLC0415 - help reads no file

    platform = load_platform(platform_file or find_platform(request_file))
    return load_request(request_file, platform), platform


def read_team(request_file: Path, platform_file: Path | None) -> Team:
    """Return everything that follows from a request file."""
    from provisioner.request.resolve import resolve  # noqa: PLC0415 - likewise

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
        fix="begin with `provision-env new-platform DIR`, or name one with --platform",
        where=str(request_file),
    )


def nearest_platform(folder: Path) -> Path | None:
    """Return the platform.yaml in a folder (absolute; it need not exist yet) or the nearest one above it."""
    candidates = (each / _PLATFORM for each in (folder, *folder.parents))
    return next((each for each in candidates if each.is_file()), None)

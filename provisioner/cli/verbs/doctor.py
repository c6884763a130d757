"""``doctor``: find out why something does not work."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, faint, good, output_option
from provisioner.cli.recorded import last_inputs
from provisioner.errors import InvalidInput, ProvisionError

if TYPE_CHECKING:
    from provisioner.request.resolve import EnvironmentSpec, Team


@click.group()
def command() -> None:
    """Find out why something does not work."""


@command.command()
@click.argument("environment", metavar="TEAM/ENVIRONMENT")
@click.option(
    "--token",
    "source",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    required=True,
    help="The job's OIDC token, or its claims as JSON; - reads standard input.",
)
@sandbox_option
@output_option
def wif(environment: str, source: Path, sandbox: bool | None, output: str) -> None:  # noqa: FBT001 - three states
    """Explain a token exchange that fails: which claim, mapping, condition or binding refuses it.

    The token goes nowhere and is not shown; exit code 1 when it becomes no account.

    \b
    Example, in a workflow:
      curl -sH "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$AUDIENCE" |
        provision-env doctor wif churn/dev --token -
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.wiring.diagnosing import diagnose_token  # noqa: PLC0415 - help does not pay for it

    current = settings.read()
    team, spec = _environment(environment)
    found = diagnose_token(current, team, spec, _content(source), sandbox)
    emit(found, output, lambda: _text(found))
    if not found["accounts"]:
        refused = [each for each in found["steps"] if each["outcome"] == "refused"]
        fix = refused[0]["fix"] if refused else "compare the account's bindings with the token"
        raise ProvisionError("this token becomes no account", fix=fix, where=environment)


def _environment(name: str) -> tuple[Team, EnvironmentSpec]:
    slug, _, wanted = name.partition("/")
    team = last_inputs(settings.read(), slug).team()
    for spec in team.environments:
        if spec.name == wanted:
            return team, spec
    known = [spec.name for spec in team.environments]
    near = difflib.get_close_matches(wanted, known, n=1)
    fix = f"did you mean '{slug}/{near[0]}'?" if near else f"there are {', '.join(f'{slug}/{each}' for each in known)}"
    raise InvalidInput(f"there is no environment '{wanted}'", fix=fix, where=name)


def _content(source: Path) -> str:
    try:
        with click.open_file(str(source), encoding="utf-8") as stream:
            content: str = stream.read(1 << 20)
            return content
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("the token cannot be read", fix="name a file with it, or -", where=str(source)) from error


def _text(found: dict[str, Any]) -> Iterator[str]:
    yield f"exchange at {found['provider']}"
    yield ""
    signs = {"ok": good("✓"), "refused": bad("✗"), "unknown": faint("?")}
    width = max(len(each["step"]) for each in found["steps"])
    for each in found["steps"]:
        yield f"{signs[each['outcome']]} {each['step']:{width}}  {each['found']}"
        if each["fix"]:
            yield f"  {'':{width}}  {each['fix']}"
    yield ""
    yield f"becomes {', '.join(found['accounts'])}" if found["accounts"] else "becomes no account"

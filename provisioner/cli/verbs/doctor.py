"""``doctor``: find out why something does not work."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, faint, folded, good, output_option, warn
from provisioner.cli.recorded import last_inputs
from provisioner.errors import InvalidInput, ProvisionError

if TYPE_CHECKING:
    from provisioner.request.resolve import EnvironmentSpec, Team
    from provisioner.wiring.readiness import Finding


_BAD = 4


@click.group(invoke_without_command=True)
@click.option("--patience", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="Seconds to wait.")
@sandbox_option
@output_option
@click.pass_context
def command(ctx: click.Context, patience: float, sandbox: bool | None, output: str) -> None:  # noqa: FBT001 - three states
    """Check what a run needs, all at once, and say how to mend what is missing.

    Programs, credentials, provider, files, disk, locks and clock; nothing is changed. Exit code 4 when something
    would stop a run. With a verb: find out why one thing does not work.

    \b
    Examples:
      provision-env doctor
      provision-env doctor --sandbox          only what the sandbox needs
      provision-env doctor wif churn/dev --token token.jwt
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    if ctx.invoked_subcommand is not None:
        return
    from provisioner.wiring.readiness import Situation, examine  # noqa: PLC0415 - help does not pay for it

    current = settings.read()
    embedded = current.sandbox is not None if sandbox is None else sandbox
    found = examine(Situation(current, Path.cwd(), embedded, patience))
    ready = all(each.state != "bad" for each in found)
    document = {"ready": ready, "checks": [each.document() for each in found]}
    emit(document, output, lambda: _examined(found, ready=ready))
    ctx.exit(0 if ready else _BAD)


_SIGNS = {"ok": good("✓"), "warning": warn("!"), "bad": bad("✗"), "skipped": faint("-")}


def _examined(found: Sequence[Finding], *, ready: bool) -> Iterator[str]:
    width = max(len(each.check) for each in found)
    for each in found:
        yield from folded(f"{_SIGNS[each.state]} {each.check:{width}}  ", each.found)
        if each.fix:
            yield from folded(f"  {'':{width}}  ", faint(each.fix))
    yield ""
    yield good("ready") if ready else bad("something would stop a run")


@command.command()
@click.argument("environment", metavar="TEAM/ENVIRONMENT", shell_complete=candidates.environments)
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

"""``sandbox``: the embedded Google Cloud and GitHub."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli.habits import note
from provisioner.cli.inputs import provider_options
from provisioner.cli.output import emit, faint, good, output_option, table
from provisioner.cli.sandboxes import folder, joined, running, started
from provisioner.cli.verbs import sandbox_actions, sandbox_containers, sandbox_coverage
from provisioner.cli.verbs.sandbox_ui import add_to
from provisioner.errors import InvalidInput

if TYPE_CHECKING:
    from provisioner.sandbox.handle import Handle

_KILLED = 128


@click.group()
def command() -> None:
    """Start, stop and use the embedded Google Cloud and GitHub.

    \b
    One server works per state folder. It listens on this machine only and ends
    by itself when idle.
      eval "$(provision-env sandbox env)"   then terraform, git, gcloud reach it
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is


def _client_environment() -> dict[str, str]:
    from provisioner.wiring.providers import Provider, choose  # noqa: PLC0415 - help does not pay for it

    provider = choose(settings.read(), note)
    if provider != Provider():
        note(f"Terraform gets {provider}")
    return started().environment(provider.mirror)


@command.command()
@click.option(
    "--idle-minutes", type=click.FloatRange(min=0.1), default=15, show_default=True, help="End when unused that long."
)
@output_option
def start(idle_minutes: float, output: str) -> None:
    """Start the sandbox, or join the one that runs."""
    handle = started(idle_seconds=idle_minutes * 60)
    emit(_where(handle), output, lambda: [f"{good('running')}  process {handle.pid}, proxy {handle.proxy_url}"])


@command.command()
@output_option
def stop(output: str) -> None:
    """Stop the sandbox; what is in it stays on disk."""
    handle = joined()
    if handle is not None:
        handle.stop()
    emit({"stopped": handle is not None}, output, lambda: ["stopped" if handle else "no sandbox was running"])


@command.command()
@output_option
def status(output: str) -> None:
    """Show whether the sandbox runs, where, and what it holds."""
    handle = joined()
    if handle is None:
        emit({"running": False, "state": str(folder())}, output, lambda: [f"not running; its state is in {folder()}"])
        return
    document = {"running": True, **_where(handle), **handle.status()}
    width = max(map(len, document))
    emit(document, output, lambda: [f"{name:{width}}  {_short(value)}" for name, value in document.items()])


@command.command()
@click.confirmation_option(prompt="Forget everything in the sandbox?")
@output_option
def reset(output: str) -> None:
    """Forget everything in the sandbox: clouds, repositories, tokens."""
    started().reset()
    emit({"reset": True, "state": str(folder())}, output, lambda: ["the sandbox is empty"])


@command.command()
@provider_options
@click.option("--unset", is_flag=True, help="Print what leads the shell out again.")
@output_option
def env(output: str, *, unset: bool) -> None:
    """Print the variables that lead clients of this shell into the sandbox."""
    variables = _client_environment()
    if unset:
        emit(sorted(variables), output, lambda: [f"unset {name}" for name in sorted(variables)])
        return
    emit(
        variables, output, lambda: [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    )


# Whatever stands behind the program's name is the program's own, options too.
@command.command(context_settings={"allow_interspersed_args": False})
@provider_options
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def shell(ctx: click.Context, program: tuple[str, ...]) -> None:
    """Run PROGRAM (default: your shell) with its clients led into the sandbox."""
    wanted = list(program) or [settings.read().shell]
    environment = settings.child_environment(_client_environment())
    try:
        code = subprocess.run(wanted, env=environment, check=False).returncode  # noqa: S603 - what the user asked to run
    except OSError as error:
        raise InvalidInput(f"cannot run it: {error.strerror}", fix="name a program", where=wanted[0]) from error
    ctx.exit(code if code >= 0 else _KILLED - code)  # as shells tell of a program that a signal ended


@command.command()
@click.option("--host", help="Only requests to this host.")
@click.option("--status", "status_", metavar="CODE", help="Only answers with this status.")
@click.option("--limit", default=50, show_default=True, help="The newest N.")
@output_option
def requests(host: str | None, status_: str | None, limit: int, output: str) -> None:
    """Show what clients asked the sandbox, oldest first."""
    filters = {name: value for name, value in (("host", host), ("status", status_), ("limit", str(limit))) if value}
    found = running().requests(**filters)
    emit(found, output, lambda: _log(found))


def _log(found: Iterable[dict[str, Any]]) -> list[str]:
    rows = [
        (str(each.get("status", "")), each.get("method", ""), f"{each.get('host', '')}{each.get('path', '')}")
        for each in found
    ]
    return table(("STATUS", "METHOD", "URL"), rows)


def _where(handle: Handle) -> dict[str, Any]:
    return {"state": str(handle.state), "pid": handle.pid, "proxy": handle.proxy_url, "ca": str(handle.ca_file)}


def _short(value: object) -> str:
    if isinstance(value, dict):
        return faint(f"{len(value)} entries")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


command.add_command(sandbox_coverage.command, "coverage")
command.add_command(sandbox_actions.actions, "actions")
command.add_command(sandbox_actions.import_repo, "import-repo")
command.add_command(sandbox_actions.token, "token")
command.add_command(sandbox_actions.allow, "allow")
command.add_command(sandbox_containers.containers, "containers")
command.add_command(sandbox_containers.fail_image, "fail-image")
add_to(command, running, started)

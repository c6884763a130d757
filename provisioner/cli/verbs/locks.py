"""``locks``: who keeps others from working on an environment, and a way out when the holder is gone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, faint, good, output_option, table
from provisioner.errors import NeedsApproval

if TYPE_CHECKING:
    from provisioner.wiring.locking import Lock


@click.group()
def command() -> None:
    """List and break the locks of environments.

    A run holds a lease on each root it works on, and Terraform a lock on the
    state. A killed run may leave both; the next `up` takes over what is known
    to be left, `break` is for the rest.
    """


@command.command("list")
@click.argument("team", required=False, metavar="[TEAM]", shell_complete=candidates.teams)
@sandbox_option
@output_option
def list_(team: str | None, sandbox: bool | None, output: str) -> None:  # noqa: FBT001 - three states
    """List what is locked, by whom and since when.

    \b
    Examples:
      provision-env locks list
      provision-env locks list churn -o json
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.wiring.locking import all_locks  # noqa: PLC0415 - help does not pay for it

    found = all_locks(settings.read(), team, sandbox)
    emit([each.document() for each in found], output, lambda: _text(found))


@command.command("break")
@click.argument("root", metavar="ROOT", shell_complete=candidates.roots)
@click.option("--confirm", metavar="ROOT", help="The root once more, instead of typing it; for scripts.")
@sandbox_option
@output_option
def break_(root: str, confirm: str | None, sandbox: bool | None, output: str) -> None:  # noqa: FBT001 - three states
    """Take away the locks on ROOT, such as churn-dev, after its name was typed once more.

    Refused with exit code 4 while the holder works. Of a lock that was taken on another machine nobody here knows
    whether its holder works: ask there first. Two writers at once can destroy a state.

    \b
    Examples:
      provision-env locks break churn-dev
      provision-env locks break churn-dev --confirm churn-dev
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.wiring.locking import break_lock  # noqa: PLC0415 - help does not pay for it

    gone = break_lock(settings.read(), root, sandbox, lambda locks: _agree(root, confirm, locks))
    documents = [each.document() for each in gone]
    emit({"root": root, "broken": documents}, output, lambda: _broken(root, gone))


def _agree(root: str, confirm: str | None, locks: Sequence[Lock]) -> None:
    if confirm is None and not sys.stdin.isatty():
        raise NeedsApproval("nobody is here to agree", fix=f"add --confirm {root}", where=root)
    if confirm is None:
        for line in _text(locks):
            click.echo(line, err=True)
        confirm = click.prompt(f"Type {root} to break this", default="", show_default=False, err=True)
    if confirm.strip() != root:
        raise NeedsApproval("not confirmed; nothing was changed", fix=f"type {root} to agree", where=root)


def _text(locks: Sequence[Lock]) -> Iterator[str]:
    if not locks:
        yield "nothing is locked"
        return
    rows = [
        (each.root, each.kind, good("works") if each.alive else bad(_state(each)), each.since, each.holder)
        for each in locks
    ]
    yield from table(("ROOT", "LOCK", "HOLDER", "SINCE", "WHO"), rows)
    if not all(each.alive for each in locks):
        yield faint("free one that is left behind: provision-env locks break ROOT")


def _state(lock: Lock) -> str:
    """Say what is known of a holder that is not seen to work."""
    return "gone" if lock.kind == "lease" else "not seen"


def _broken(root: str, gone: Sequence[Lock]) -> list[str]:
    if not gone:
        return [f"{root} was given back meanwhile"]
    return [f"{good('broken')}  {each.kind} lock on {root} of {each.holder}" for each in gone]

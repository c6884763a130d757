"""``sandbox actions`` and ``sandbox import-repo``: whether and with what the sandbox executes workflows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner.cli.output import emit, output_option
from provisioner.cli.sandboxes import started

if TYPE_CHECKING:
    from provisioner.sandbox.handle import Handle

_WORDS = {"on": "act", "off": "off"}
_STEP = 30  # seconds of one question


@click.command()
@click.argument("state", type=click.Choice(["on", "off", "status", "wait"]), default="status")
@output_option
def actions(state: str, output: str) -> None:
    """Switch the execution of workflows on or off (off at first), or wait.

    \b
    Switched on, a push, a pull request or a dispatch in the sandbox's GitHub
    starts the jobs of its workflows as processes of this machine and of your
    user: without a container, so only for code that you would run yourself.
    Each job has a fresh home, no credentials of yours, and reaches the sandbox
    alone. It needs act: go install github.com/nektos/act@v0.2.89
    `wait` returns when every run is over or held for a reviewer or the clock.
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    handle = started()
    if state == "wait":
        found = _rested(handle)
        emit(found, output, lambda: [f"at rest; {found['held']} held for a reviewer, a group or the clock"])
        return
    known = handle.control("PATCH", "settings", {"actions": _WORDS[state]}) if state in _WORDS else None
    known = known or handle.control("GET", "settings")
    switched_on = known["actions"] == "act"
    act = shutil.which("act") or _usual_act()
    document = {"actions": "on" if switched_on else "off", "act": act}
    emit(document, output, lambda: _told(switched_on, act))


def _rested(handle: Handle) -> dict[str, Any]:
    while True:
        found = handle.control("POST", "github/rest", {"seconds": _STEP})
        if not found["underWay"]:
            return found


def _usual_act() -> str | None:
    usual = Path("~/go/bin/act").expanduser()
    return str(usual) if usual.is_file() else None


def _told(switched_on: bool, act: str | None) -> list[str]:  # noqa: FBT001 - the two facts of the answer
    if not switched_on:
        return ["off: runs of workflows are recorded and not executed"]
    if act is None:
        return ["on, but act is not installed: go install github.com/nektos/act@v0.2.89"]
    return [f"on: jobs are executed on this machine by {act}"]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("repository", metavar="OWNER/NAME")
@output_option
def import_repo(folder: Path, repository: str, output: str) -> None:
    """Bring the clone in FOLDER into the sandbox's GitHub as OWNER/NAME.

    For what workflows and modules refer to and the sandbox cannot fetch: an
    action without a stand-in, a repository of Terraform modules.
    """
    from provisioner.sandbox.importing import import_repository  # noqa: PLC0415 - other verbs do without it

    said = import_repository(started(), folder, repository)
    emit({"repository": repository, "done": said}, output, lambda: said or ["nothing was missing"])


@click.command()
@click.argument("login")
@output_option
def token(login: str, output: str) -> None:
    """Print a GitHub token of the user LOGIN, to act as that person.

    \b
    To review a pull request or let a deployment go on as a reviewer would:
      GITHUB_TOKEN=$(provision-env sandbox token maria-platform)
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    handle = started()
    found = handle.control("POST", "github/user-token", {"login": login})
    emit({"login": login, **found}, output, lambda: [found["token"]])


@click.command()
@click.argument("hosts", nargs=-1, metavar="HOST...")
@output_option
def allow(hosts: tuple[str, ...], output: str) -> None:
    """Let requests to HOST... through to the real world, until it stops.

    Without a host: show which are let through. A job that installs packages
    needs the package index: pypi.org files.pythonhosted.org
    """
    handle = started()
    found: list[str] = handle.control("POST", "hosts", {"allow": list(hosts)})["allowed"]
    emit({"allowed": found}, output, lambda: found or ["none: only Google Cloud and GitHub are answered"])

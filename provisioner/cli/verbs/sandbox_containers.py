"""``sandbox containers`` and ``sandbox fail-image``: what Cloud Run in the sandbox starts, and what it lets fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from provisioner.cli.output import emit, output_option
from provisioner.cli.sandboxes import started

if TYPE_CHECKING:
    from provisioner.sandbox.handle import Handle

_WORDS = {"on": "process", "off": "off"}
_STATES = {"CONDITION_SUCCEEDED": "ready", "CONDITION_FAILED": "failed", "CONDITION_RECONCILING": "starting"}


@click.command()
@click.argument("state", type=click.Choice(["on", "off", "status"]), default="status")
@output_option
def containers(state: str, output: str) -> None:
    """Switch the starting of deployed images on or off (off at first), and list revisions.

    \b
    Switched on, an image that is deployed to the sandbox's Cloud Run is
    unpacked and its program started as a process of this machine and of your
    user: without a container, so only for images that you would run yourself.
    Its start-up probe decides whether the release is good, and its answers are
    those of its run.app address. Switched off, a placeholder answers.
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    handle = _sandbox()
    if state in _WORDS:
        handle.control("PATCH", "settings", {"run_containers": _WORDS[state]})
    switched_on = handle.control("GET", "settings")["run_containers"] == "process"
    revisions = handle.control("GET", "run")["revisions"]
    document = {"containers": "on" if switched_on else "off", "revisions": revisions}
    emit(document, output, lambda: _told(document))


@click.command()
@click.argument("image")
@click.option("--message", help="What Cloud Run says about it.")
@click.option("--take-back", is_flag=True, help="Let it come up again.")
@output_option
def fail_image(image: str, message: str | None, take_back: bool, output: str) -> None:  # noqa: FBT001 - click's flag
    """Let every later release of IMAGE (the exact reference) fail, without starting it."""
    order = {"image": image, "fails": not take_back} | ({"message": message} if message else {})
    done = _sandbox().control("PUT", "run/failure", order)
    emit(done, output, lambda: [f"releases of {image} {'fail' if done['fails'] else 'come up'} from now on"])


def _sandbox() -> Handle:
    return started()


def _told(document: dict[str, Any]) -> list[str]:
    if document["containers"] == "on":
        lines = ["on: images are started as processes of this machine"]
    else:
        lines = ["off: nothing is started, a placeholder answers"]
    for found in document["revisions"]:
        short = "/".join(found["name"].split("/")[1::2])
        how = f"process {found['pid']}" if "pid" in found else found.get("why") or "no process at the moment"
        lines.append(f"  {short}: {_STATES.get(found['state'], found['state'])} ({how})")
    return lines

"""``sandbox ui``, ``clock``, ``faults``, ``set``, ``snapshot``, ``restore``: look into a sandbox and handle it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from provisioner.cli.output import emit, output_option, table
from provisioner.errors import InvalidInput
from provisioner.sandbox.control.kinds import KINDS, WHENS

if TYPE_CHECKING:
    from provisioner.sandbox.handle import Handle

Json = dict[str, Any]
_SETTINGS = {"true": True, "false": False}


def add_to(group: click.Group, running: Callable[[], Handle], started: Callable[[], Handle]) -> None:
    """Add the verbs to ``sandbox``; ``running`` refuses where no sandbox runs, ``started`` starts one."""
    for verb in (_ui(started), _clock(running), _faults(running), _set(running), *_copies(running)):
        group.add_command(verb)


def _ui(started: Callable[[], Handle]) -> click.Command:
    @click.command()
    @click.option("--open/--no-open", "open_", default=None, help="Open a browser (default: at a terminal).")
    @output_option
    def ui(*, open_: bool | None, output: str) -> None:
        """Show projects, access, repositories, requests, clock and faults in a browser.

        The address works once, in one browser, within five minutes.
        """
        import webbrowser  # noqa: PLC0415 - help does not pay for it

        address = started().look()
        wanted = sys.stdout.isatty() if open_ is None else open_
        opened = wanted and webbrowser.open(address)
        emit({"url": address, "opened": opened}, output, lambda: [address])

    return ui


def _clock(running: Callable[[], Handle]) -> click.Command:
    @click.group()
    def clock() -> None:
        """Show or advance the sandbox's clock."""

    @clock.command()
    @output_option
    def show(output: str) -> None:
        """Show what time it is in the sandbox."""
        answer = running().control("GET", "clock")
        emit(answer, output, lambda: [answer["now"]])

    @clock.command()
    @click.argument("seconds", type=click.FloatRange(min=0))
    @output_option
    def advance(seconds: float, output: str) -> None:
        """Move the clock forward by SECONDS, for good."""
        answer = running().control("POST", "clock", {"advanceSeconds": seconds})
        emit(answer, output, lambda: [answer["now"]])

    return clock


def _faults(running: Callable[[], Handle]) -> click.Command:
    @click.group()
    def faults() -> None:
        """Let calls in the sandbox go wrong on purpose."""

    @faults.command("list")
    @output_option
    def list_(output: str) -> None:
        """Show the faults in force and how many calls each has seen."""
        _show_faults(running().control("GET", "faults"), output)

    @faults.command()
    @click.argument("method")
    @click.option("--kind", type=click.Choice(KINDS), default="status", show_default=True, help="What goes wrong.")
    @click.option("--index", default=1, show_default=True, type=click.IntRange(0), help="Which call; 0: every one.")
    @click.option("--status", default=503, show_default=True, type=click.IntRange(400, 599), help="For --kind status.")
    @click.option("--seconds", default=0.0, type=click.FloatRange(0, 120), help="For --kind delay.")
    @click.option("--when", type=click.Choice(WHENS), default="before", show_default=True, help="Its effect, or not.")
    @output_option
    def add(output: str, **fault: object) -> None:
        """Add a fault on METHOD, a name as in the request log or a pattern (storage.objects.*)."""
        _show_faults(running().control("POST", "faults", fault), output)

    @faults.command()
    @output_option
    def clear(output: str) -> None:
        """Let everything go well again; a call that is delayed goes on."""
        running().control("DELETE", "faults")
        _show_faults({"faults": []}, output)

    return faults


def _show_faults(answer: Json, output: str) -> None:
    def lines() -> Iterable[str]:
        rows = [
            (str(each["number"]), each["method"], str(each["index"]), each["kind"], each["when"], str(each["calls"]))
            for each in answer["faults"]
        ]
        return table(("NUMBER", "METHOD", "CALL", "KIND", "WHEN", "SEEN"), rows) if rows else ["no faults"]

    emit(answer, output, lines)


def _set(running: Callable[[], Handle]) -> click.Command:
    @click.command("set")
    @click.argument("name", required=False)
    @click.argument("value", required=False)
    @output_option
    def set_(name: str | None, value: str | None, output: str) -> None:
        """Change the switch NAME to VALUE; without both, show all switches."""
        if (name is None) != (value is None):
            raise InvalidInput("a switch needs a name and a value", fix="see `provision-env sandbox set`")
        change = {} if name is None or value is None else {name: _typed(value)}
        answer = running().control("PATCH", "settings", change)
        emit(answer, output, lambda: table(("SWITCH", "VALUE"), [(key, json.dumps(answer[key])) for key in answer]))

    return set_


def _typed(value: str) -> str | int | bool:
    if value in _SETTINGS:
        return _SETTINGS[value]
    return int(value) if value.lstrip("-").isdecimal() else value


def _copies(running: Callable[[], Handle]) -> tuple[click.Command, click.Command]:
    @click.command()
    @click.argument("name", required=False)
    @output_option
    def snapshot(name: str | None, output: str) -> None:
        """Keep everything as it is now under NAME; without one, show what is kept."""
        handle = running()
        answer = handle.control("POST", "snapshot", {"name": name}) if name else handle.control("GET", "snapshots")
        emit(answer, output, lambda: answer["snapshots"] or ["no snapshots"])

    @click.command()
    @click.argument("name")
    @output_option
    def restore(name: str, output: str) -> None:
        """Put everything back as it was under NAME."""
        answer = running().control("POST", "restore", {"name": name})
        emit({"restored": name} | answer, output, lambda: [f"restored {name}"])

    return snapshot, restore

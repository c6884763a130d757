"""Approval on the terminal."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from provisioner.cli.display import Display
from provisioner.cli.output import bad, faint, good, wrapped
from provisioner.errors import NeedsApproval
from provisioner.runs.approval import ApprovalRequest
from provisioner.runs.progress import Report, counted

_SHOWN_SENTENCES = 12
_SHOWN_LINES = 15
_PATIENCE = 0.1
_KEPT = "\u00a0"
_ALL_BELOW = "module.environment."  # what every root of ours holds begins with it
_COLORS = {"+": good, "-": bad}


@dataclass(frozen=True, slots=True)
class TerminalApprover:
    """Shows what changes and asks; with ``yes`` it only agrees.

    ``user`` is who is answering. ``check`` raises when the user pressed Ctrl-C: that signal reaches the main thread,
    while the question waits in another one.
    """

    display: Display
    user: str
    yes: bool
    check: Callable[[], None]

    def __call__(self, request: ApprovalRequest) -> str:
        """Return who approved; raises NeedsApproval when the answer is no or there is nobody to ask."""
        if self.yes:
            for line in _told(request):
                self.display(Report("access", "", "note", line))
            return f"{self.user} (--yes)"
        if not sys.stdin.isatty():
            raise NeedsApproval(
                f"{counted(len(request.changes), 'root', 'change')} and nobody is here to approve it",
                fix=f"look at {_planning(request)}, then run it again with --yes",
            )
        with self.display.paused():
            for line in summary(request):
                click.echo(line, err=True)
            return self._answer(request)

    def _answer(self, request: ApprovalRequest) -> str:
        if request.verb == "destroy":
            agreed = self._line(f"Type {request.team} to destroy this: ") == request.team
        else:
            agreed = self._line("Apply these changes? [y/N]: ").lower() in {"y", "yes"}
        if not agreed:
            raise NeedsApproval("not approved; nothing was changed", fix="run the same command again when it is right")
        return self.user

    def _line(self, question: str) -> str:
        """Ask, and wait for a line or for Ctrl-C; the end of the input is no answer."""
        click.echo(question, nl=False, err=True)
        while not select.select([sys.stdin], [], [], _PATIENCE)[0]:
            self.check()
        return sys.stdin.readline().strip()


def _shown(line: str) -> list[str]:
    """Return a change within the width of the terminal, in the colour of its sign."""
    color = _COLORS.get(line[0], faint)
    kept = line.replace(" ", _KEPT, 1)  # a sign stands by what follows it, however long that is
    return [color(part.replace(_KEPT, " ")) for part in wrapped(f"    {kept}", hanging=" " * 8)]


def _planning(request: ApprovalRequest) -> str:
    return "`provision-env bootstrap --plan`" if request.verb == "bootstrap" else "`provision-env plan`"


def _told(request: ApprovalRequest) -> Sequence[str]:
    """Return what is said of access where nobody is asked: every sentence of a change, a count of a first set-up."""
    sentences = request.access
    if len(sentences) <= _SHOWN_SENTENCES:
        return sentences
    gained = sum(each.startswith("+") for each in sentences)
    kinds = [f"{number} {word}" for number, word in ((gained, "gained"), (len(sentences) - gained, "lost")) if number]
    return [f"{' and '.join(kinds)}; {_planning(request)} says each before, `provision-env access` after"]


def summary(request: ApprovalRequest) -> list[str]:
    """Return what changes, root by root; long lists are cut, but never what it does to access."""
    lines = ["", "The changes are not those that were approved:" if request.again else "What changes:"]
    for change in request.changes:
        lines.append(f"  {change.root}: {change.add} to add, {change.change} to change, {change.destroy} to destroy")
        shown = change.lines[:_SHOWN_LINES]
        lines += [part for line in shown for part in _shown(line.replace(_ALL_BELOW, "", 1))]
        if len(change.lines) > len(shown):
            lines.append(faint(f"    … and {len(change.lines) - len(shown)} more"))
    if request.access:
        lines += [
            "Who reaches or may do what:",
            *(part for line in request.access for part in _shown(line.replace("this change ", "", 1))),
        ]
    return lines

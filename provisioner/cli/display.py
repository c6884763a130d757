"""How a run looks while it works: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from provisioner.cli.habits import habits, note
from provisioner.cli.reporting import json_lines_wanted
from provisioner.runs.progress import Report

_ROOT = 22  # with it a line that tells of a plan takes 80 columns; longer names move what follows
_MARGIN = 14  # where the names of roots begin
_MARKS = {"started": ("…", "cyan"), "done": ("✓", "green"), "failed": ("✗", "red"), "note": ("·", "yellow")}


class Display:
    """Takes reports from all threads; keeps how long each step took.

    ``quiet`` shows only what failed, ``verbose`` each beginning too. ``live`` draws what is under way below the
    finished lines; without it each finished step is one plain line.
    Everything goes to standard error, so that a result on standard output can be piped.
    """

    def __init__(self, *, live: bool, color: bool, quiet: bool = False, verbose: bool = False) -> None:
        """Nothing is drawn before the first report."""
        self._console = Console(stderr=True, no_color=not color, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True) if live else None
        self._quiet, self._verbose = quiet, verbose
        self._guard = threading.Lock()
        self._since: dict[tuple[str, str], float] = {}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw while the run works."""
        if self._live is None:
            yield
            return
        with self._live:
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Free the terminal for a question."""
        if self._live is None:
            yield
            return
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def begun(self, run: str, line: str) -> None:  # noqa: ARG002 - who reads the line needs no field
        """Say which run this is; ``line`` names it."""
        note(line)

    def __call__(self, report: Report) -> None:
        """Show one report."""
        if self._quiet and report.status != "failed":
            return
        with self._guard:
            key = (report.step, report.root)
            if report.status == "started":
                self._since[key] = time.monotonic()
                if self._verbose:
                    self._line(report, None)
            else:
                self._line(report, self._since.pop(key, None) if report.status != "note" else None)
            self._redraw()

    def _line(self, report: Report, since: float | None) -> None:
        mark, color = _MARKS[report.status]
        took = f"{time.monotonic() - since:5.1f}s" if since is not None else "      "
        line = Text.assemble(
            (mark, color), f" {report.step:<11}", (f"{report.root:<{_ROOT}}", "bold"), (took, "dim"), "  "
        )
        width = self._console.width
        if self._live is None or line.cell_len + len(report.detail) <= width:
            line.append(report.detail)
            self._console.print(line)
            return
        self._console.print(line)
        for part in textwrap.wrap(report.detail, max(width - _MARGIN, _MARGIN)):
            self._console.print(Text(" " * _MARGIN + part))

    def _redraw(self) -> None:
        if self._live is None:
            return
        moment = time.monotonic()
        rows = [
            Text.assemble(
                ("…", "cyan"), f" {step:<11}", (f"{root:<{_ROOT}}", "bold"), (f"{moment - since:5.1f}s", "dim")
            )
            for (step, root), since in self._since.items()
        ]
        self._live.update(Group(*rows))


class JsonLines(Display):
    """Writes each report as one line of JSON on standard error, the starts too, for a program that follows a run."""

    def __init__(self) -> None:
        """Draw nothing: a reader parses every line by itself."""
        super().__init__(live=False, color=False)

    def begun(self, run: str, line: str) -> None:
        """Name the run first."""
        _write({"run": run, "detail": line})

    def __call__(self, report: Report) -> None:
        """Write one report; ``seconds`` is how long a step took that has ended."""
        key, moment = (report.step, report.root), time.monotonic()
        with self._guard:
            since = None
            if report.status == "started":
                self._since[key] = moment
            elif report.status != "note":
                since = self._since.pop(key, None)
            took = {} if since is None else {"seconds": round(moment - since, 3)}
            _write({**asdict(report), **took})


def _write(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False), err=True)


def display(*, no_color: bool, ci: bool) -> Display:
    """Return the display that fits where standard error goes, or the one that was asked for."""
    if json_lines_wanted():
        return JsonLines()
    terminal = sys.stderr.isatty()
    wanted = habits()
    return Display(
        live=terminal and not ci and not wanted.quiet,
        color=terminal and not (no_color or wanted.no_color),
        quiet=wanted.quiet,
        verbose=wanted.verbose,
    )

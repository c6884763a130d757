"""What a run tells while it works; the command line draws it, logs write it as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from provisioner.errors import ProvisionError

Status = Literal["started", "done", "failed", "note"]


@dataclass(frozen=True, slots=True)
class Report:
    """One line of progress: a step, the root it works on (empty for the whole run), and how it stands."""

    step: str
    root: str
    status: Status
    detail: str = ""


def counted(number: int, noun: str, verb: str = "") -> str:
    """Return ``1 root`` or ``2 roots``; a regular ``verb`` follows in its form, as in ``1 root changes``."""
    things = f"{number} {noun}" if number == 1 else f"{number} {noun}s"
    return f"{things} {verb}{'s' if number == 1 else ''}" if verb else things


class Progress(Protocol):
    """Takes reports, from several threads at once."""

    def __call__(self, report: Report) -> None:
        """Show or write one report."""


class Telling:
    """A step's way to say its outcome in a few words."""

    detail = ""


@contextmanager
def telling(progress: Progress, step: str, root: str = "") -> Iterator[Telling]:
    """Report the start and the end of a step, whichever way it ends."""
    telling_it = Telling()
    progress(Report(step, root, "started"))
    try:
        yield telling_it
    except ProvisionError as error:
        progress(Report(step, root, "failed", error.reason))
        raise
    progress(Report(step, root, "done", telling_it.detail))

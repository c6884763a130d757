"""Workflow commands that GitHub shows as annotations beside the lines of a pull request.

Facts: GitHub's page "Workflow commands": properties escape ``%``, CR, LF, ``:`` and ``,``, the message the first
three; ten errors, ten warnings and ten notices are shown per step, so that the worst come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.model import Finding, Severity, Verdict
from provisioner.policy.report import counts, ordered
from provisioner.policy.source.places import Places

_SHOWN_PER_STEP = 10


def workflow_commands(verdict: Verdict, places: Places) -> str:
    """Return the commands, one a line; the last line says how the check ended."""
    return "\n".join((*_lines(verdict, places), ""))


def _lines(verdict: Verdict, places: Places) -> Iterator[str]:
    for finding in ordered(verdict):
        place = places.of(finding.resource)
        where = f"file={_property(place.file)},line={place.line},title={_property(finding.rule)}"
        yield f"::{_command(finding)} {where}::{_message(f'{finding.resource}: {finding.reason}. {finding.fix}')}"
    found = ", ".join(f"{number} {name}" for name, number in counts(verdict).items() if number) or "no finding"
    hidden = max(0, len(verdict.blocking) - _SHOWN_PER_STEP)
    more = f"; GitHub shows {_SHOWN_PER_STEP} a step, {hidden} more are in the log" if hidden else ""
    kind = "notice" if verdict.passed else "error"
    yield f"::{kind} title=provision-env check::{'passed' if verdict.passed else 'refused'}: {_message(found + more)}"


def _command(finding: Finding) -> str:
    if not finding.blocks:
        return "notice"
    return "warning" if finding.severity is Severity.MEDIUM else "error"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")

"""A Markdown comment for a pull request, in as many parts as GitHub's limit asks for.

Each part begins with a marker that nobody sees: by it the comment is found again and updated in place. Of values only
the redacted change set is used, and of that only addresses and names of attributes: nothing sensitive can be in it.
Fact: a comment of GitHub's has at most 65 536 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from provisioner.policy.model import Finding, Verdict
from provisioner.policy.report import counts, ordered
from provisioner.terraform.changes import Change, ChangeSet

LARGEST_COMMENT = 65_536
_ROOM = 60_000
"""Characters of rows per part; the rest is for the marker, the heading and the ends of tables."""
_LONGEST_CELL = 2_000
_SIGNS: dict[tuple[str, ...], str] = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "**delete**",
    ("forget",): "forget",
    ("delete", "create"): "**replace**",
    ("create", "delete"): "**replace**",
    ("no-op",): "move or import",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()+!|~])")
# GitHub looks for mentions and references in the rendered text, where a backslash is gone already.
_CALLS = re.compile(r"([@#])(?=\w)")

_Row = tuple[str, str]
"""The header of the table that a row belongs to, and the row."""

_FINDINGS = "| rule | severity | resource | what is wrong | how to mend it |\n|---|---|---|---|---|"
_ACCESS = "| | access |\n|---|---|"
_CHANGES = "| change | resource | attributes |\n|---|---|---|"


def marker(key: str, part: int) -> str:
    """Return the invisible first line of a part; ``key`` tells the checks of one pull request apart."""
    name = re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9._/-]", "-", key))  # two hyphens would end the HTML comment
    return f"<!-- provision-env check {name} {part} -->"


def comment(
    verdict: Verdict, changes: ChangeSet | None, key: str, access: Sequence[str] = (), note: str = ""
) -> tuple[str, ...]:
    """Return the parts, each within the limit and readable by itself; there is at least one.

    ``changes`` is None where source was checked and no plan is known. ``access`` are sentences about who reaches or
    may do what afterwards, ``+`` or ``-`` before each; they hold no sensitive value. ``note`` is a sentence that
    stands below the heading of each part.
    """
    parts = list(_split((*_rows(verdict, changes), *((_ACCESS, _access_row(each)) for each in access))))
    heading = f"### {'✅' if verdict.passed else '🛑'} {_cell(key)}: {_outcome(verdict)}"
    said = f"\n\n{_cell(note)}" if note else ""
    if changes is not None and not changes.entries:
        parts[-1].append(("", "Nothing changes."))
    return tuple(_part(key, (heading, said), number, len(parts), rows) for number, rows in enumerate(parts, 1))


def _split(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    part: list[_Row] = []
    size = 0
    for row in rows:
        if part and size + len(row[1]) > _ROOM:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row[1]) + 1
    yield part


def _part(key: str, lead: tuple[str, str], number: int, total: int, rows: Sequence[_Row]) -> str:
    heading, said = lead
    title = heading if total == 1 else f"{heading} ({number} of {total})"
    return "\n".join((marker(key, number), f"{title}{said}", *_tables(rows), ""))


def _tables(rows: Iterable[_Row]) -> Iterator[str]:
    for header, members in groupby(rows, key=itemgetter(0)):
        yield from ("", *filter(None, (header,)))
        yield from (text for _, text in members)


def _outcome(verdict: Verdict) -> str:
    found = ", ".join(f"{number} {name}" for name, number in counts(verdict).items() if number)
    return f"{'passed' if verdict.passed else 'refused'}{f' ({found})' if found else ''}"


def _rows(verdict: Verdict, changes: ChangeSet | None) -> Iterator[_Row]:
    for finding in ordered(verdict):
        yield _FINDINGS, _finding_row(finding)
    for entry in changes.entries if changes else ():
        yield _CHANGES, _change_row(entry)


def _finding_row(finding: Finding) -> str:
    state = f"waived by {finding.waived_by}" if finding.waived_by else finding.severity.value
    cells = (finding.rule, state, finding.resource, finding.reason, finding.fix)
    return f"| {' | '.join(map(_cell, cells))} |"


def _change_row(entry: Change) -> str:
    attributes = ", ".join(sorted({*entry.before, *entry.after})) if entry.actions == ("update",) else ""
    sign = _SIGNS.get(entry.actions, " and ".join(entry.actions))
    return f"| {sign} | {_cell(entry.address)} | {_cell(attributes)} |"


def _access_row(sentence: str) -> str:
    sign, _, rest = sentence.partition(" ")
    return f"| {'gained' if sign == '+' else 'lost'} | {_cell(rest)} |"


def _cell(text: str) -> str:
    """Return text that neither ends a cell, calls a person, nor becomes HTML or a link."""
    short = text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
    return _CALLS.sub("\\1\u200b", _SPECIAL.sub(r"\\\1", " ".join(short.split())))

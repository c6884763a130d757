"""Rows under headings: aligned, cut to the width of a terminal, and made of any document."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

_GAP = "  "
_NARROWEST = 12


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align rows under headings; the last column is never padded.

    On a terminal the widest columns but the first are made narrower until a row fits: the last one is folded, the
    others are cut. In a pipe or a file nothing is.
    """
    cells = [list(headings), *[list(row) for row in rows]]
    widths = [max(len(click.unstyle(row[column])) for row in cells) for column in range(len(headings))]
    widths = _fitting(widths, _room())
    head, *others = [line for row in cells for line in _row(row, widths)]
    return [click.style(head, bold=True), *others]


def records(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table where one fits the terminal, else each row as lines of its own below its first cell.

    For few rows of long names, which people copy.
    """
    lengths = [max(len(click.unstyle(row[column])) for row in (headings, *rows)) for column in range(len(headings))]
    room = _room()
    if room is None or sum(lengths) + len(_GAP) * (len(lengths) - 1) <= room:
        return table(headings, rows)
    width = max(map(len, headings))
    return [line for row in rows for line in _record(headings, row, width)]


def _record(headings: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    yield click.style(row[0], bold=True)
    yield from (f"  {heading.lower():{width}}  {cell}" for heading, cell in zip(headings[1:], row[1:], strict=True))


def flat(document: Any) -> list[str]:  # noqa: ANN401 - JSON has no narrower type
    """Return a document as tables, for ``--output table``: a list's entries as rows, a document's fields as rows.

    Lists of entries inside a document follow as tables of their own, below their name. Nothing is coloured or cut.
    """
    if isinstance(document, list):
        return _entries(document)
    if not isinstance(document, dict):
        return [_word(document)]
    lists = {name: value for name, value in _leaves(document) if _is_list_of_entries(value)}
    facts = [(name, _word(value)) for name, value in _leaves(document) if name not in lists]
    lines = _plain(("FIELD", "VALUE"), facts) if facts else []
    for name, value in lists.items():
        lines += ["", f"{name}:", *_entries(value)]
    return lines


def _entries(entries: Sequence[Any]) -> list[str]:
    if not all(isinstance(each, dict) for each in entries):
        return [_word(each) for each in entries]
    rows = [dict(_leaves(each)) for each in entries]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return _plain([name.upper() for name in names], [[_word(row.get(name)) for name in names] for row in rows])


def _plain(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [headings, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _leaves(document: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _is_list_of_entries(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _word(value: object) -> str:
    """Return a value on one line; empty for nothing, so that a column can be counted."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"{len(value)} entries" if _is_list_of_entries(value) else ", ".join(map(_word, value))
    return "" if value is None or value == {} else " ".join(str(value).split())


def _room() -> int | None:
    """Return the columns of the terminal; None where output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _fitting(widths: list[int], room: int | None) -> list[int]:
    """Take from the widest column but the first, letter by letter, while there is too much and something to take."""
    fitted = list(widths)
    while room and sum(fitted) + len(_GAP) * (len(fitted) - 1) > room and len(fitted) > 1:
        widest = max(range(1, len(fitted)), key=fitted.__getitem__)
        if fitted[widest] <= _NARROWEST:
            break
        fitted[widest] -= 1
    return fitted


def _row(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    *before, last = row
    start = "".join(_cell(cell, width) + _GAP for cell, width in zip(before, widths, strict=False))
    folded = textwrap.wrap(click.unstyle(last), max(widths[-1], 1), break_on_hyphens=False) or [""]
    if len(folded) == 1:
        yield f"{start}{last}".rstrip()
        return
    margin = " " * len(click.unstyle(start))
    for number, line in enumerate(folded):
        yield (start if number == 0 else margin) + last.replace(click.unstyle(last), line)


def _cell(cell: str, width: int) -> str:
    plain = click.unstyle(cell)  # colour takes no room
    if len(plain) <= width:
        return cell + " " * (width - len(plain))
    return cell.replace(plain, f"{plain[: width - 1]}…")

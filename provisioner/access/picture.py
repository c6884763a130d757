"""Who reaches what in one environment, as shapes of an SVG: jobs on the left, accounts in the middle, roles right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LINE = 26
_GAP = 34
_TOP = 14
_PLACES = {"job": (0, 290), "account": (350, 110), "role": (520, 500)}
"""Where a column begins, and how wide it is."""
WIDTH = sum(_PLACES["role"])


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the environment: who reaches it (text, whether it was tried) and the roles it holds."""

    persona: str
    reached_by: tuple[tuple[str, bool], ...]
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled rectangle, in user units; ``kind`` is its style: job, account or role."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    text: str

    @property
    def center(self) -> int:
        """Return the height of its middle."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """A curve from the right side of one box to the left side of another; ``tried`` ones are drawn solid."""

    path: str
    tried: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The shapes and the height of the whole."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    height: int
    width: int = WIDTH


def draw(accounts: Sequence[Account]) -> Picture:
    """Lay the accounts out below each other, each with its jobs and roles beside it."""
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    top = _TOP
    for account in accounts:
        rows = max(len(account.reached_by), len(account.holds), 2)
        height = rows * _LINE
        middle = top + height // 2
        (own,) = _column("account", [account.persona], middle)
        jobs = _column("job", [text for text, _ in account.reached_by], middle)
        roles = _column("role", account.holds, middle)
        tried = (arrived for _, arrived in account.reached_by)
        arrows += [_arrow(job, own, tried=each) for job, each in zip(jobs, tried, strict=True)]
        arrows += [_arrow(own, role, tried=True) for role in roles]
        boxes += [*jobs, own, *roles]
        top += height + _GAP
    return Picture(tuple(boxes), tuple(arrows), top - _GAP + _TOP)


def _column(kind: str, texts: Sequence[str], middle: int) -> list[Box]:
    """Stack the boxes of one column around a height."""
    (x, width), line = _PLACES[kind], 2 * _LINE if kind == "account" else _LINE
    start = middle - len(texts) * line // 2
    return [Box(kind, x, start + number * line, width, line - 4, text) for number, text in enumerate(texts)]


def _arrow(source: Box, target: Box, *, tried: bool) -> Arrow:
    x1, x2 = source.x + source.width, target.x
    half = (x2 - x1) // 2
    return Arrow(
        f"M{x1} {source.center} C{x1 + half} {source.center} {x2 - half} {target.center} {x2} {target.center}", tried
    )

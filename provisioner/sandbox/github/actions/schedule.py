"""``on.schedule``: the five fields of a cron line, in UTC.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), ("", *_MONTHS), _DAYS)  # a name's place is its number
_FIELDS = 5
_FURTHEST = 366 * 8  # days: a 29 February is at most eight years away


@dataclass(frozen=True, slots=True)
class Cron:
    """When a workflow is due: sets of minutes, hours, days, months and weekdays (0 is Sunday)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """Return the last due minute in (after, until], None where there is none."""
        day = until.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_FURTHEST):
            if day + timedelta(days=1) <= after:
                return None
            if self._on(day):
                due = [m for m in self._minutes(day) if after < m <= until]
                if due:
                    return due[-1]
            day -= timedelta(days=1)
        return None

    def next(self, after: datetime) -> datetime | None:
        """Return the first due minute after an instant, None for a day that never comes."""
        day = after.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_FURTHEST):
            due = [m for m in self._minutes(day) if m > after] if self._on(day) else []
            if due:
                return due[0]
            day += timedelta(days=1)
        return None

    def _minutes(self, day: datetime) -> list[datetime]:
        return [day.replace(hour=hour, minute=minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]

    def _on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        # As in cron: where both are given, either will do.
        return in_month and in_week if self.any_day or self.any_weekday else in_month or in_week


def parse(line: str) -> Cron:
    """Read a cron line. Raises ValueError."""
    fields = line.split()
    if len(fields) != _FIELDS:
        raise ValueError(f"'{line}' is not a cron line of five fields")
    minutes, hours, days, months, weekdays = (
        _field(text, *_RANGES[index], _NAMES[index]) for index, text in enumerate(fields)
    )
    return Cron(minutes, hours, days, months, weekdays, fields[2].startswith("*"), fields[4].startswith("*"))


def _field(text: str, lowest: int, highest: int, names: tuple[str, ...]) -> frozenset[int]:
    found = set[int]()
    for piece in text.lower().split(","):
        span, slash, step = piece.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = lowest, highest
        else:
            start = _number(first, names)
            end = _number(last, names) if dash else highest if slash else start
        stride = int(step) if slash else 1
        if not lowest <= start <= end <= highest or stride < 1:
            raise ValueError(f"'{piece}' is not in {lowest}-{highest}")
        found.update(range(start, end + 1, stride))
    return frozenset(found)


def _number(text: str, names: tuple[str, ...]) -> int:
    return names.index(text) if text in names else int(text)
